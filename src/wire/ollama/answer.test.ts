import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import { OLLAMA_TEXT, OLLAMA_TOOLS } from '../../../test/fixtures/wire/streams.ts'
import type { ChatEvent } from '../exchange.ts'
import { decodeOllamaReply } from './reply-in.ts'
import { OllamaStreamDecoder } from './stream-in.ts'

function events(chunks: readonly Buffer[]): ChatEvent[] {
  const decoder = new OllamaStreamDecoder()
  const frames = [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]
  return frames
    .flatMap((frame) => frame.events)
    .map((event) => ('id' in event ? { ...event, id: event.id.slice(0, 5) } : event))
}
const read = (text: string) => events([Buffer.from(text)])

describe('a stream of native Ollama lines', () => {
  test('thinking and text', () => {
    assert.deepEqual(read(OLLAMA_TEXT), [
      { type: 'start', id: 'chatc', model: 'tiny', createdAtSeconds: 1_789_998_400 },
      { type: 'reasoning', choice: 0, text: 'let me see' },
      { type: 'text', choice: 0, text: 'Grüße 🦙', logprobs: undefined },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'usage', usage: { inputTokens: 28, outputTokens: 7 } },
      { type: 'end' },
    ])
  })

  test('tool calls come whole, before and in the last line; a count left out is 0', () => {
    assert.deepEqual(read(OLLAMA_TOOLS).slice(1), [
      { type: 'tool-start', choice: 0, index: 0, id: 'call_', name: 'sum' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{"a":1}' },
      { type: 'tool-start', choice: 0, index: 1, id: 'call_', name: 'now' },
      { type: 'tool-arguments', choice: 0, index: 1, text: '{}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'usage', usage: { inputTokens: 0, outputTokens: 5 } },
      { type: 'end' },
    ])
  })

  test('failures: a line of error, a line that is none, a stream that is cut', () => {
    assert.deepEqual(read('{"error":"prompt is too long"}\n'), [
      { type: 'error', code: null, contextOverflow: true },
    ])
    assert.throws(() => read('oops\n'), { code: 'upstream_error' })
    assert.deepEqual(
      read(OLLAMA_TEXT.slice(0, -10)).map(({ type }) => type),
      ['start', 'reasoning', 'text'],
    )
  })

  test('any slicing gives the same events', () => {
    const bytes = Buffer.from(OLLAMA_TEXT + OLLAMA_TOOLS)
    fc.assert(fc.property(slicesOf(bytes), (slices) => assert.deepEqual(events(slices), events([bytes]))))
  })
})

describe('a buffered native Ollama answer', () => {
  test('is read', () => {
    const reply = decodeOllamaReply({
      model: 'tiny',
      created_at: '2026-09-21T13:46:40Z',
      message: {
        role: 'assistant',
        content: 'hi',
        thinking: 'hm',
        tool_calls: [{ function: { name: 'f', arguments: {} } }],
      },
      done: true,
      done_reason: 'stop',
      eval_count: 2,
    })
    assert.deepEqual(
      [reply.model, reply.createdAtSeconds, reply.usage],
      ['tiny', 1_789_998_400, { inputTokens: 0, outputTokens: 2 }],
    )
    assert.deepEqual(
      [reply.choices[0]?.text, reply.choices[0]?.reasoning, reply.choices[0]?.finish],
      ['hi', 'hm', 'tool_calls'],
    )
  })

  test('or is none', () => {
    for (const body of [null, {}, { error: 'x' }, { message: 'x' }, []]) {
      assert.throws(() => decodeOllamaReply(body), { code: 'upstream_error' })
    }
  })
})
