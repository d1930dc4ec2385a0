import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { everyByte, slicesOf } from '../../test/fixtures/wire/slicing.ts'
import { RouterError } from '../errors.ts'
import { MAX_FRAME_BYTES } from './pending-bytes.ts'
import type { SseFrame } from './sse.ts'
import { SseFramer } from './sse.ts'

function readAll(chunks: readonly Buffer[]): SseFrame[] {
  const framer = new SseFramer()
  return [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.end()]
}

const read = (text: string): SseFrame[] => readAll([Buffer.from(text)])
const facts = (frames: readonly SseFrame[]) =>
  frames.map(({ raw, event, data }) => [raw.toString(), event, data])

describe('SSE framing', () => {
  test('LF, CRLF and CR end lines alike', () => {
    for (const eol of ['\n', '\r\n', '\r']) {
      const text = ['event: a', 'data: 1', '', 'data: 2', '', ''].join(eol)
      assert.deepEqual(
        read(text).map(({ event, data }) => [event, data]),
        [
          ['a', '1'],
          ['', '2'],
        ],
      )
    }
  })

  test('data lines are joined, one leading space goes, comments and unknown fields are nothing', () => {
    assert.equal(read('data:a\ndata:  b\ndata\n: c\nid: 7\n\n')[0]?.data, 'a\n b\n')
    assert.equal(read(': keep-alive\n\n')[0]?.data, null)
  })

  test('a byte order mark is ignored at the start and only there', () => {
    assert.deepEqual(
      read('\uFEFFdata: 1\n\n\uFEFFdata: 2\n\n').map(({ data }) => data),
      ['1', null],
    )
  })

  test('raw bytes put together are the stream', () => {
    const text = '\n\ndata: ä\n\n\n: x\r\n\r\ndata: b\r\rdata: c\n\n'
    assert.equal(Buffer.concat(read(text).map(({ raw }) => raw)).toString(), text)
  })

  test('an event without its blank line comes at the end, and gets one', () => {
    assert.deepEqual(facts(read('data: [DONE]\n')), [['data: [DONE]\n\n\n', '', '[DONE]']])
    assert.deepEqual(read(''), [])
  })

  test('one byte at a time gives the same frames', () => {
    const bytes = Buffer.from('\uFEFFdata: Grüße 🦙\r\n\r\nevent: x\rdata: y\r\rdata: z\n\n')
    assert.deepEqual(facts(readAll(everyByte(bytes))), facts(readAll([bytes])))
  })

  test('any slicing of any lines gives the same frames', () => {
    const piece = fc.constantFrom(
      'data: 1',
      'data:ü🦙',
      'event: e',
      ': c',
      '',
      '',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\n\r\n',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }).chain((pieces) => {
          const bytes = Buffer.from(pieces.join(''))
          return fc.tuple(fc.constant(bytes), slicesOf(bytes))
        }),
        ([bytes, slices]) => assert.deepEqual(facts(readAll(slices)), facts(readAll([bytes]))),
      ),
      { numRuns: 2000 },
    )
  })

  test('frames handed out are not written over by later chunks', () => {
    const framer = new SseFramer()
    framer.push(Buffer.from('data: fi'))
    const [first] = framer.push(Buffer.from('rst\n\ndata: sec'))
    framer.push(Buffer.from('ond\n\ndata: third that is longer than all before\n\n'))
    assert.equal(first?.raw.toString(), 'data: first\n\n')
  })

  test('a frame over 8 MiB is an upstream error, whole or in pieces; one below is none', () => {
    const isUpstreamError = (error: unknown) =>
      error instanceof RouterError && error.code === 'upstream_error'
    const long = Buffer.from(`data: ${'x'.repeat(MAX_FRAME_BYTES)}\n\n`)
    assert.throws(() => readAll([long]), isUpstreamError)
    const pieces = Array.from({ length: 130 }, () => Buffer.alloc(65_536, 120))
    assert.throws(() => readAll(pieces), isUpstreamError)
    assert.equal(read(`data: ${'x'.repeat(MAX_FRAME_BYTES - 8)}\n\n`)[0]?.data?.length, MAX_FRAME_BYTES - 8)
  })

  test('a long frame in tiny pieces takes linear time', () => {
    const framer = new SseFramer()
    const byte = Buffer.from('x')
    const started = performance.now()
    for (let index = 0; index < 500_000; index++) framer.push(byte)
    assert.ok(performance.now() - started < 5000)
  })
})
