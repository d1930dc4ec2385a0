import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FORMAT, foldingAt, STABLE } from './folding.ts'

const CODE_UNITS = 0x1_00_00
const ELLIPSIS = 0x20_26

describe('foldingAt', () => {
  it('calls stable only what a normalised copy keeps, behind any letter', () => {
    for (let unit = 0x80; unit < CODE_UNITS; unit += 1) {
      const text = String.fromCharCode(unit)
      if (unit === ELLIPSIS || foldingAt(text, unit, 0) !== STABLE) continue
      for (const before of ['', 'a', '가', 'か']) {
        assert.equal((before + text).normalize('NFKC'), before + text, unit.toString(16))
      }
    }
  })

  it('knows format characters, beyond the first plane too', () => {
    for (const text of ['\u200b', '\u00ad', '\ufeff', '\u{e0041}']) {
      assert.equal(foldingAt(text, text.charCodeAt(0), 0), FORMAT)
    }
    assert.equal(foldingAt('\u{1f600}', 0xd8_3d, 0), STABLE)
  })
})
