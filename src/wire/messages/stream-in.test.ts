import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChatEvent } from '../exchange.ts'
import { MessagesStreamDecoder } from './stream-in.ts'

const frame = (type: string, fields: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const start = (usage: object) =>
  frame('message_start', { message: { id: 'x1', model: 'tiny', content: [], usage } })
const open = (index: number, block: object) => frame('content_block_start', { index, content_block: block })
const delta = (index: number, delta: object) => frame('content_block_delta', { index, delta })
const stop = (index: number) => frame('content_block_stop', { index })
const text = (index: number, text: string) => delta(index, { type: 'text_delta', text })
const END = frame('message_stop')

function events(...frames: string[]): ChatEvent[] {
  const decoder = new MessagesStreamDecoder()
  return [...decoder.push(Buffer.from(frames.join(''))), ...decoder.end()].flatMap(({ events }) => events)
}
const written = (list: readonly ChatEvent[]) => JSON.parse(JSON.stringify(list))

describe('a streamed message', () => {
  test('as llama.cpp sends it: blocks overlap, the signature is late and empty', () => {
    const decoded = events(
      start({ cache_read_input_tokens: 30, input_tokens: 1, output_tokens: 0 }),
      open(0, { type: 'thinking', thinking: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'let me' }),
      open(1, { type: 'text', text: '' }),
      text(1, 'Grüße'),
      delta(0, { type: 'signature_delta', signature: '' }),
      stop(0),
      stop(1),
      frame('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 12 },
      }),
      END,
    )
    assert.deepEqual(written(decoded), [
      { type: 'start', id: 'x1', model: 'tiny', createdAtSeconds: 0 },
      { type: 'reasoning', choice: 0, text: 'let me' },
      { type: 'text', choice: 0, text: 'Grüße' },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'usage', usage: { inputTokens: 31, outputTokens: 12, cachedInputTokens: 30 } },
      { type: 'end' },
    ])
  })

  test('calls: in pieces, whole at the start, without any input, interleaved', () => {
    const tool = (id: string, rest: object = {}) => ({ type: 'tool_use', id, name: 'f', ...rest })
    const piece = (index: number, partial_json: string) =>
      delta(index, { type: 'input_json_delta', partial_json })
    const decoded = events(
      open(0, tool('a', { input: {} })),
      piece(0, ''),
      open(1, tool('b', { input: { whole: true } })),
      piece(0, '{"x"'),
      stop(1),
      piece(0, ':1}'),
      stop(0),
      open(2, tool('c')),
      frame('message_delta', { delta: { stop_reason: 'end_turn' } }),
      END,
    )
    const args = (index: number, text: string) => ({ type: 'tool-arguments', choice: 0, index, text })
    const begin = (index: number, id: string) => ({ type: 'tool-start', choice: 0, index, id, name: 'f' })
    assert.deepEqual(written(decoded), [
      begin(0, 'a'),
      begin(1, 'b'),
      args(0, '{"x"'),
      args(1, '{"whole":true}'),
      args(0, ':1}'),
      begin(2, 'c'),
      args(2, '{}'),
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'end' },
    ])
  })

  test('thinking with its seals; the provider’s own tools, pings and the unknown are not heard', () => {
    const decoded = events(
      frame('ping'),
      frame('later_invention', { text: 'x' }),
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'hm' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stop(0),
      open(1, { type: 'redacted_thinking', data: 'd' }),
      stop(1),
      open(2, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      delta(2, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
      stop(2),
      open(3, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }),
      open(4, { type: 'text', text: 'be' }),
      delta(4, { type: 'citations_delta', citation: {} }),
      text(4, 'gun'),
      'data: [DONE]\n\n',
    )
    assert.deepEqual(written(decoded), [
      { type: 'reasoning', choice: 0, text: 'hm' },
      { type: 'reasoning-seal', choice: 0, seal: { origin: 'messages', value: 'sig' } },
      { type: 'reasoning-seal', choice: 0, seal: { origin: 'messages', value: 'd', redacted: true } },
      { type: 'text', choice: 0, text: 'be' },
      { type: 'text', choice: 0, text: 'gun' },
    ])
  })

  test('why it stopped; a stream without `message_delta` still finishes', () => {
    const finish = (delta: object) => {
      return written(events(frame('message_delta', { delta })).filter(({ type }) => type === 'finish'))[0]
    }
    assert.deepEqual(finish({ stop_reason: 'stop_sequence', stop_sequence: 'END' }).stopSequence, 'END')
    assert.equal(finish({ stop_reason: 'refusal' }).reason, 'content_filter')
    assert.equal(finish({ stop_reason: 'model_context_window_exceeded' }).reason, 'length')
    assert.equal(finish({ stop_reason: null }), undefined)
    assert.deepEqual(
      events(start({ input_tokens: 3 }), END).map(({ type }) => type),
      ['start', 'finish', 'usage', 'end'],
    )
  })

  test('a failure inside the stream', () => {
    const error = (type: string, message: string) =>
      written(events(frame('error', { error: { type, message } })))
    assert.deepEqual(error('overloaded_error', 'secret'), [
      { type: 'error', code: 'overloaded_error', contextOverflow: false },
    ])
    assert.deepEqual(error('invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum'), [
      {
        type: 'error',
        code: 'invalid_request_error',
        contextOverflow: true,
        promptTokens: 9,
        contextTokens: 8,
      },
    ])
  })

  test('what is no JSON object is an upstream error; a frame that was cut is left out', () => {
    assert.throws(() => events('data: oops\n\n'), { code: 'upstream_error' })
    assert.deepEqual(events(': hi\n\n', 'event: ping\ndata:\n\n'), [])
    assert.deepEqual(events('event: content_block_delta\ndata: {"type":"content_'), [])
    assert.deepEqual(events(END.trimEnd()).at(-1), { type: 'end' })
  })
})
