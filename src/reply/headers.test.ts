import assert from 'node:assert/strict'
import { ServerResponse, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { explain, toAscii } from './headers.ts'

describe('toAscii', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.string({ maxLength: 600 }),
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 600 }),
  )

  test('is always printable ASCII of at most 300 characters', () => {
    fc.assert(fc.property(anything, (text) => assert.match(toAscii(text), /^[\x20-\x7e]{0,300}$/)))
  })

  test('is always a header that Node takes', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const response = new ServerResponse(new IncomingMessage(new Socket()))
        response.setHeader('x-llr-reason', toAscii(text))
      }),
    )
  })

  test('leaves what is plain as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 300 }), (text) =>
        assert.equal(toAscii(text), text),
      ),
    )
  })

  test('can be read back when it is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        fc.pre(!text.includes('%') && text.isWellFormed())
        assert.equal(decodeURIComponent(toAscii(text)), text)
      }),
    )
  })

  for (const [text, expected] of [
    ['Datenschutz: nie über die Grenze', 'Datenschutz: nie %C3%BCber die Grenze'],
    ['👋', '%F0%9F%91%8B'],
    ['a\r\nSet-Cookie: b', 'a%0D%0ASet-Cookie: b'],
    ['tab\there', 'tab%09here'],
    ['\ud800', '%EF%BF%BD'],
    ['\x7f', '%7F'],
  ] as const) {
    test(JSON.stringify(text), () => assert.equal(toAscii(text), expected))
  }

  test('does not cut an escape in two', () => {
    for (let i = 285; i < 300; i++)
      assert.match(toAscii(`${'x'.repeat(i)}üüüüü`), /^x+(?:%[0-9A-F]{2})*\.\.\.$/)
  })
})

describe('explain', () => {
  test('says none for all that was not reached', () => {
    const headers = explain({
      requestId: 'req_1',
      classification: null,
      decision: null,
      target: null,
      failed: [],
    })
    assert.deepEqual(headers, {
      'x-llr-request-id': 'req_1',
      'x-request-id': 'req_1',
      'x-llr-backend': 'none',
      'x-llr-model': 'none',
      'x-llr-route': 'none',
      'x-llr-reason': 'none',
      'x-llr-task': 'none',
      'x-llr-complexity': 'none',
      'x-llr-sensitivity': 'none',
      'x-llr-attempts': '0',
    })
  })
})
