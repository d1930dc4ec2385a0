import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeSlices, joined, plain } from '../../../test/fixtures/wire/responses-decoding.ts'
import { everyByte } from '../../../test/fixtures/wire/slicing.ts'
import { DONE } from '../../../test/fixtures/wire/streams.ts'
import type { ChatEvent } from '../exchange.ts'

const frame = (type: string, fields: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const decode = (...frames: string[]): ChatEvent[] =>
  plain(decodeSlices([Buffer.from(frames.join(''))]).flatMap(({ events }) => events))
const types = (events: readonly ChatEvent[]) => events.map(({ type }) => type)
const COMPLETED = frame('response.completed', { response: { id: 'r', status: 'completed', output: [] } })

describe('a stream of a Responses backend', () => {
  test('as llama.cpp writes it: no indexes, no numbers, the thought closed last, no [DONE]', () => {
    const message = (text: string) => ({
      id: 'msg_1',
      type: 'message',
      content: [{ type: 'output_text', text }],
    })
    const thought = {
      id: 'rs_1',
      type: 'reasoning',
      content: [{ type: 'reasoning_text', text: 'let me' }],
      encrypted_content: '',
    }
    const stream = [
      frame('response.created', { response: { id: 'resp_x', status: 'in_progress' } }),
      frame('response.output_item.added', {
        item: { id: 'rs_1', type: 'reasoning', summary: [], content: [] },
      }),
      frame('response.reasoning_text.delta', { item_id: 'rs_1', delta: 'let' }),
      frame('response.reasoning_text.delta', { item_id: 'rs_1', delta: ' me' }),
      frame('response.output_item.added', { item: message('') }),
      frame('response.output_text.delta', { item_id: 'msg_1', delta: ' Grüße' }),
      frame('response.output_item.done', { item: thought }),
      frame('response.output_text.done', { item_id: 'msg_1', text: ' Grüße' }),
      frame('response.output_item.done', { item: message(' Grüße') }),
      frame('response.completed', {
        response: {
          id: 'resp_x',
          status: 'completed',
          output: [thought, message(' Grüße')],
          usage: { input_tokens: 3, output_tokens: 2 },
        },
      }),
    ].join('')
    const frames = decodeSlices(everyByte(Buffer.from(stream)))
    assert.deepEqual(plain(frames.flatMap(({ events }) => events)), [
      { type: 'start', id: 'resp_x', model: '', createdAtSeconds: 0 },
      { type: 'reasoning', choice: 0, text: 'let' },
      { type: 'reasoning', choice: 0, text: ' me' },
      { type: 'text', choice: 0, text: ' Grüße' },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } },
      { type: 'end' },
    ])
    assert.equal(frames.at(-1)?.answer?.['id'], 'resp_x')
  })

  test('summary parts and messages are paragraphs; of two forms of a thought one is told; then its seal', () => {
    const summary = (summary_index: number, delta: string) =>
      frame('response.reasoning_summary_text.delta', { output_index: 0, summary_index, delta })
    const done = { type: 'reasoning', summary: [{ text: 'a' }, { text: 'b' }], encrypted_content: 'enc' }
    const events = decode(
      summary(0, 'a'),
      summary(1, 'b'),
      frame('response.reasoning_text.delta', { output_index: 0, content_index: 0, delta: 'raw' }),
      frame('response.output_item.done', { output_index: 0, item: done }),
      frame('response.output_text.delta', { output_index: 1, delta: 'One.', logprobs: [] }),
      frame('response.web_search_call.searching', { output_index: 2 }),
      frame('response.output_item.added', { output_index: 2, item: { type: 'web_search_call', id: 'w' } }),
      frame('response.output_text.delta', { output_index: 3, delta: 'Two.', logprobs: [{ token: 'x' }] }),
      COMPLETED,
      DONE,
    )
    assert.deepEqual(joined(events).slice(1, -2), [
      { type: 'reasoning', choice: 0, text: 'a\n\nb' },
      { type: 'reasoning-seal', choice: 0, seal: { origin: 'responses', value: 'enc' } },
      { type: 'text', choice: 0, text: 'One.\n\nTwo.' },
    ])
    assert.deepEqual(events.filter((event) => 'logprobs' in event).length, 1)
  })

  test('items that come whole: in their last event, or in the terminal alone', () => {
    const items = [
      {
        id: 'rs',
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'hm' }],
        encrypted_content: 'enc',
      },
      {
        id: 'm',
        type: 'message',
        content: [
          { type: 'output_text', text: 'Hi' },
          { type: 'refusal', refusal: 'No' },
        ],
      },
      { id: 'f', type: 'function_call', call_id: 'c1', name: 'g', namespace: 'ns', arguments: '{}' },
      { id: 't', type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'x' },
    ]
    const wanted = [
      { type: 'reasoning', choice: 0, text: 'hm' },
      { type: 'reasoning-seal', choice: 0, seal: { origin: 'responses', value: 'enc' } },
      { type: 'text', choice: 0, text: 'Hi' },
      { type: 'refusal', choice: 0, text: 'No' },
      { type: 'tool-start', choice: 0, index: 0, id: 'c1', name: 'ns__g' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{}' },
      { type: 'tool-start', choice: 0, index: 1, id: 'c2', name: 'sql' },
      { type: 'tool-arguments', choice: 0, index: 1, text: '{"input":"x"}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      { type: 'end' },
    ]
    const terminal = frame('response.completed', {
      response: { id: 'r', status: 'completed', output: items },
    })
    const done = items.map((item, output_index) => frame('response.output_item.done', { output_index, item }))
    assert.deepEqual(decode(...done, terminal).slice(1), wanted)
    assert.deepEqual(decode(terminal).slice(1), wanted)
    const [first = ''] = done
    assert.deepEqual(decode(first, terminal).slice(1), wanted)
  })

  test('calls: numbered as calls, the rest of arguments that no delta told, custom text whole', () => {
    const added = (output_index: number, type: string, name: string) =>
      frame('response.output_item.added', {
        output_index,
        item: { type, id: `i${output_index}`, call_id: `c${output_index}`, name },
      })
    const event = (type: string, output_index: number, fields: object) =>
      frame(`response.${type}`, { output_index, ...fields })
    const events = decode(
      event('output_text.delta', 0, { delta: 'x' }),
      added(1, 'function_call', 'f'),
      added(2, 'custom_tool_call', 'sql'),
      event('function_call_arguments.delta', 1, { delta: '{"a"' }),
      event('custom_tool_call_input.delta', 2, { delta: 'sel' }),
      event('function_call_arguments.done', 1, { arguments: '{"a":1}' }),
      event('custom_tool_call_input.delta', 2, { delta: 'ect' }),
      event('custom_tool_call_input.done', 2, { input: 'select' }),
      event('output_item.done', 2, { item: { type: 'custom_tool_call', name: 'sql', input: 'select' } }),
      COMPLETED,
    )
    assert.deepEqual(events.slice(2, -2), [
      { type: 'tool-start', choice: 0, index: 0, id: 'c1', name: 'f' },
      { type: 'tool-start', choice: 0, index: 1, id: 'c2', name: 'sql' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{"a"' },
      { type: 'tool-arguments', choice: 0, index: 0, text: ':1}' },
      { type: 'tool-arguments', choice: 0, index: 1, text: '{"input":"select"}' },
    ])
  })

  test('an id that changes with every event is no other item', () => {
    const delta = (item_id: string, delta: string) =>
      frame('response.output_text.delta', { output_index: 0, item_id, delta })
    const item = { id: 'z', type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }
    const terminal = frame('response.completed', {
      response: { id: 'r', status: 'completed', output: [{ ...item, id: 'q' }] },
    })
    const events = decode(
      delta('x', 'Hel'),
      delta('y', 'lo'),
      frame('response.output_item.done', { output_index: 0, item }),
      terminal,
    )
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'text' ? [event.text] : [])),
      ['Hel', 'lo'],
    )
  })

  test('failures in each of their shapes, as codes and never as text', () => {
    const overflow = { code: 'context_length_exceeded', message: 'SECRET' }
    const failed = { id: 'r', status: 'failed', error: overflow }
    const shapes: [string, string | null, boolean][] = [
      [frame('response.failed', { response: failed }), 'context_length_exceeded', true],
      [frame('error', { ...overflow, param: null }), 'context_length_exceeded', true],
      [frame('error', { code: null, message: 'x' }), null, false],
      [frame('error', { error: { type: 'server_error', message: 'x' } }), 'server_error', false],
      [`data: ${JSON.stringify({ error: { code: 500, message: 'x' } })}\n\n`, '500', false],
      [frame('response.completed', { response: failed }), 'context_length_exceeded', true],
    ]
    for (const [stream, code, contextOverflow] of shapes) {
      assert.deepEqual(decode(stream, COMPLETED), [{ type: 'error', code, contextOverflow }])
    }
    const [first] = decodeSlices([Buffer.from(shapes[0]?.[0] ?? '')])
    assert.equal(first?.answer?.['status'], 'failed')
  })

  test('only a terminal ends it: [DONE] does not, and nothing counts behind one', () => {
    const cut = decode(frame('response.output_text.delta', { output_index: 0, delta: 'x' }), DONE)
    assert.deepEqual(types(cut), ['start', 'text'])
    const incomplete = (reason: string) =>
      decode(frame('response.incomplete', { response: { incomplete_details: { reason } } }), COMPLETED, DONE)
    assert.deepEqual(types(incomplete('max_output_tokens')), ['start', 'finish', 'end'])
    assert.deepEqual(incomplete('content_filter')[1], { type: 'finish', choice: 0, reason: 'content_filter' })
    assert.deepEqual(decode(': ping\n\n', frame('keepalive'), frame('vendor.thing', { x: 1 })), [])
    assert.throws(() => decode('data: [1]\n\n'), { code: 'upstream_error' })
    assert.deepEqual(decode('event: response.completed\ndata: {"type":"resp'), [])
  })
})
