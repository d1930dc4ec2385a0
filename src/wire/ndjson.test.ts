import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { everyByte, slicesOf } from '../../test/fixtures/wire/slicing.ts'
import { NdjsonFramer } from './ndjson.ts'
import { MAX_FRAME_BYTES } from './pending-bytes.ts'

function readAll(chunks: readonly Buffer[]): string[][] {
  const framer = new NdjsonFramer()
  const lines = [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.end()]
  return lines.map(({ raw, text }) => [raw.toString(), text])
}

describe('NDJSON framing', () => {
  test('lines, blank lines, CRLF and a last line without its end', () => {
    assert.deepEqual(readAll([Buffer.from('{"a":1}\r\n\n{"b":"ü"}')]), [
      ['{"a":1}\r\n', '{"a":1}'],
      ['\n', ''],
      ['{"b":"ü"}\n', '{"b":"ü"}'],
    ])
  })

  test('any slicing gives the same lines', () => {
    const text = fc.array(fc.constantFrom('{"a":"ü🦙"}', '{}', '\n', '\r\n', ' '), { maxLength: 30 })
    fc.assert(
      fc.property(
        text.chain((pieces) => {
          const bytes = Buffer.from(pieces.join(''))
          return fc.tuple(fc.constant(bytes), slicesOf(bytes))
        }),
        ([bytes, slices]) => {
          assert.deepEqual(readAll(slices), readAll([bytes]))
          assert.deepEqual(readAll(everyByte(bytes)), readAll([bytes]))
        },
      ),
    )
  })

  test('a line over 8 MiB is an upstream error', () => {
    assert.throws(() => readAll([Buffer.alloc(MAX_FRAME_BYTES + 1, 120)]), { code: 'upstream_error' })
    assert.throws(() => readAll([Buffer.from(`${'x'.repeat(MAX_FRAME_BYTES)}\n`)]), {
      code: 'upstream_error',
    })
  })
})
