import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import * as streams from '../../../test/fixtures/wire/streams.ts'
import type { Frame } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import { ChatStreamDecoder } from './stream-in.ts'

function decodeAll(chunks: readonly Buffer[]): Frame[] {
  const decoder = new ChatStreamDecoder()
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]
}

const events = (text: string): ChatEvent[] => decodeAll([Buffer.from(text)]).flatMap((frame) => frame.events)
const withoutIds = (list: readonly ChatEvent[]) =>
  list.map((event) => ('id' in event ? { ...event, id: 'id' } : event))

describe('a stream of chunks', () => {
  test('text as llama.cpp sends it; the usage chunk is a frame of its own', () => {
    const frames = decodeAll([Buffer.from(streams.LLAMA_TEXT)])
    const usage = { inputTokens: 28, outputTokens: 7, cachedInputTokens: 12, reasoningTokens: undefined }
    assert.deepEqual(
      frames.map((frame) => frame.events),
      [
        [{ type: 'start', id: 'chatcmpl-fixture', model: 'tiny.gguf', createdAtSeconds: 1_790_000_000 }],
        [{ type: 'text', choice: 0, text: ' Grüße' }],
        [{ type: 'text', choice: 0, text: ' from 🦙' }],
        [{ type: 'finish', choice: 0, reason: 'stop' }],
        [{ type: 'usage', usage }],
        [{ type: 'end' }],
      ],
    )
    assert.equal(Buffer.concat(frames.map((frame) => frame.raw)).toString(), streams.LLAMA_TEXT)
  })

  test('thinking under both names', () => {
    assert.deepEqual(
      events(streams.LLAMA_THINKING).filter(({ type }) => type === 'reasoning'),
      [
        { type: 'reasoning', choice: 0, text: 'let me' },
        { type: 'reasoning', choice: 0, text: ' see' },
      ],
    )
    assert.deepEqual(events(streams.OLLAMA_V1_TOOL).slice(1), [
      { type: 'reasoning', choice: 0, text: 'hm' },
      { type: 'tool-start', choice: 0, index: 0, id: 'call_x1', name: 'sum' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{"a":1}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'end' },
    ])
  })

  test('parallel calls, interleaved, one name late', () => {
    assert.deepEqual(events(streams.OPENAI_PARALLEL_TOOLS).slice(1, -2), [
      { type: 'tool-start', choice: 0, index: 0, id: 'call_a', name: 'one' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{"x":1}' },
      { type: 'tool-start', choice: 0, index: 1, id: 'call_b', name: 'two' },
      { type: 'tool-arguments', choice: 0, index: 1, text: '{"y"' },
      { type: 'tool-arguments', choice: 0, index: 1, text: ':2}' },
    ])
  })

  test('calls without an index', () => {
    const starts = events(streams.GEMINI_TOOLS).filter((event) => event.type === 'tool-start')
    assert.deepEqual(
      starts.map(({ index, id }) => [index, id]),
      [
        [0, 'g1'],
        [1, 'g2'],
      ],
    )
  })

  test('two choices keep apart', () => {
    assert.deepEqual(events(streams.TWO_CHOICES).slice(1, -1), [
      { type: 'text', choice: 0, text: 'a' },
      { type: 'text', choice: 1, text: 'b' },
      { type: 'finish', choice: 1, reason: 'stop' },
      { type: 'finish', choice: 0, reason: 'length' },
    ])
  })

  test('a failure inside the stream, as an object, a text, and none at all', () => {
    assert.deepEqual(events('data: {"error":{"message":"secret","code":"boom"}}\n\n'), [
      { type: 'error', code: 'boom', contextOverflow: false },
    ])
    assert.deepEqual(events('data: {"error":"exceeds the available context size"}\n\n'), [
      { type: 'error', code: null, contextOverflow: true },
    ])
    assert.deepEqual(events('data: {"error":null,"choices":[]}\n\n'), [])
  })

  test('legacy function calls and a missing id', () => {
    const chunk = { choices: [{ delta: { function_call: { name: 'f', arguments: '{}' } } }] }
    const [, start, pieces] = events(`data: ${JSON.stringify(chunk)}\n\n`)
    assert.ok(start?.type === 'tool-start' && /^call_[0-9A-Za-z]{24}$/.test(start.id))
    assert.deepEqual(pieces, { type: 'tool-arguments', choice: 0, index: 0, text: '{}' })
  })

  test('comments are frames without events; what is no JSON object is an upstream error', () => {
    assert.deepEqual(events(': ping\n\ndata:\n\n'), [])
    for (const data of ['oops', '[1]', '"x"', 'null']) {
      assert.throws(() => events(`data: ${data}\n\n`), { code: 'upstream_error' })
    }
  })

  test('a stream that is cut inside a frame loses that frame only', () => {
    const cut = streams.LLAMA_TEXT.slice(0, streams.LLAMA_TEXT.indexOf('Gr') + 1)
    assert.deepEqual(
      events(cut).map(({ type }) => type),
      ['start'],
    )
    assert.deepEqual(events('data: [DONE]'), [{ type: 'end' }])
  })

  test('any slicing gives the same events', () => {
    for (const text of Object.values(streams).filter((text) => text.startsWith('data:'))) {
      const bytes = Buffer.from(text)
      const whole = withoutIds(events(text))
      fc.assert(
        fc.property(slicesOf(bytes), (slices) => {
          assert.deepEqual(withoutIds(decodeAll(slices).flatMap((frame) => frame.events)), whole)
        }),
        { numRuns: 50 },
      )
    }
  })
})
