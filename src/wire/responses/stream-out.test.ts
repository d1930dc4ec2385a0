import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RESPONSE_KEYS, responsesContext } from '../../../test/fixtures/wire/responses-context.ts'
import {
  args,
  call,
  encodeAll,
  final,
  finished,
  parse,
  START,
  text,
  think,
  types,
} from '../../../test/fixtures/wire/responses-stream.ts'
import { RouterError } from '../../errors.ts'
import type { ChatEvent } from '../exchange.ts'
import { ResponsesStreamEncoder } from './stream-out.ts'

describe('Responses events', () => {
  test('text: the exact sequence', () => {
    const stream = encodeAll([START, text('Hel'), text('lo'), ...finished('stop')])
    assert.deepEqual(types(stream), [
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
      '[DONE]',
    ])
    const events = parse(stream).slice(0, -1)
    events.forEach((event, index) => assert.equal(event.sequence_number, index))
    for (const { response } of events.filter((event) => 'response' in event)) {
      assert.deepEqual(
        RESPONSE_KEYS.filter((key) => !(key in response)),
        [],
      )
      assert.ok(!('output_text' in response))
      assert.equal(response.id, events[0].response.id)
    }
    assert.deepEqual([events[0].response.status, events[0].response.usage], ['in_progress', null])
    assert.equal(events.at(-1).response.usage.total_tokens, 13)
  })

  test('thinking, then a call, then two at once', () => {
    const stream = encodeAll([
      START,
      think('hm'),
      text('\n'),
      call(0, 'one'),
      call(1, 'two'),
      args(1, '{"b"'),
      args(0, '{"a":1}'),
      args(1, ':2}'),
      ...finished('tool_calls'),
    ])
    assert.deepEqual(types(stream), [
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
      '[DONE]',
    ])
    const done = parse(stream).filter(({ type }) => type === 'response.function_call_arguments.done')
    assert.deepEqual(
      done.map(({ name, arguments: text, output_index }) => [name, text, output_index]),
      [
        ['one', '{"a":1}', 1],
        ['two', '{"b":2}', 2],
      ],
    )
  })

  test('a namespaced and a custom tool go back as the client knows them', async () => {
    const tools = [
      { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'close' }] },
      { type: 'custom', name: 'sql' },
    ]
    const events = [
      START,
      call(0, 'agents__close'),
      args(0, '{}'),
      call(1, 'sql'),
      args(1, '{"input":"sel'),
      args(1, 'ect"}'),
    ]
    const stream = encodeAll([...events, ...finished('stop')], { tools })
    const items = parse(stream).filter(({ type }) => type === 'response.output_item.done')
    assert.deepEqual([items[0].item.name, items[0].item.namespace], ['close', 'agents'])
    assert.deepEqual([items[1].item.type, items[1].item.input], ['custom_tool_call', 'select'])
    assert.ok(types(stream).includes('custom_tool_call_input.done'))
    const { output } = await final(stream)
    assert.equal(output.length, 2)
  })

  test('the openai package accepts text, thinking, calls, refusals', async () => {
    const answer = await final(
      encodeAll([START, think('let'), think(' me'), text('Hel'), text('lo 🦙'), ...finished('stop')]),
    )
    assert.deepEqual([answer.output_text, answer.status], ['Hello 🦙', 'completed'])
    const called = await final(
      encodeAll([text('Let me look.'), call(0, 'ls'), args(0, '{"p":1}'), ...finished('tool_calls')]),
    )
    assert.deepEqual(
      called.output.map(({ type }) => type),
      ['message', 'function_call'],
    )
    const after = await final(encodeAll([call(0, 'ls'), args(0, '{}'), text('Called.'), ...finished('stop')]))
    assert.equal(after.output_text, 'Called.')
    const refused = await final(
      encodeAll([text('Well'), { type: 'refusal', choice: 0, text: 'No.' }, ...finished('stop')]),
    )
    const [message] = refused.output
    assert.ok(message?.type === 'message')
    assert.deepEqual(
      message.content.map(({ type }) => type),
      ['output_text', 'refusal'],
    )
  })

  test('a cut answer is incomplete, its last item too', async () => {
    const stream = encodeAll([START, text('Hel'), ...finished('length')])
    const { response } = parse(stream).at(-2)
    assert.deepEqual(
      [response.status, response.incomplete_details.reason],
      ['incomplete', 'max_output_tokens'],
    )
    assert.equal(response.output[0].status, 'incomplete')
    assert.equal((await final(stream)).status, 'incomplete')
    const filtered = await final(encodeAll([START, think('hm'), ...finished('content_filter')]))
    assert.equal(filtered.incomplete_details?.reason, 'content_filter')
  })

  test('a failure ends the stream, with what there was and nothing behind it', async () => {
    for (const begun of [
      [],
      [START],
      [START, text('half')],
      [START, call(0, 'f'), args(0, '{')],
      [think('h')],
    ]) {
      const encoder = new ResponsesStreamEncoder(responsesContext())
      const before = begun.map((event) => encoder.encode(event)).join('')
      const failed = encoder.fail(new RouterError('upstream_truncated', 'The backend stopped.'))
      if (begun.length > 0) assert.deepEqual(types(failed), ['failed'])
      const response = await final(before + failed)
      assert.equal(response.status, 'failed')
      assert.deepEqual(response.error, { code: 'server_error', message: 'The backend stopped.' })
    }
    const overflow = new ResponsesStreamEncoder(responsesContext()).fail(
      new RouterError('context_length_exceeded', 'x'),
    )
    assert.equal(parse(overflow).at(-1).response.error.code, 'context_length_exceeded')
  })

  test('white space: kept before text, dropped before a call, a message when it is all there is', async () => {
    assert.equal((await final(encodeAll([text('\n'), text(' x'), ...finished('stop')]))).output_text, '\n x')
    const called = await final(encodeAll([text(' \n'), call(0, 'f'), ...finished('stop')]))
    assert.deepEqual(
      called.output.map(({ type }) => type),
      ['function_call'],
    )
    const later = await final(encodeAll([text(' \n'), call(0, 'f'), text('x'), ...finished('stop')]))
    assert.equal(later.output_text, 'x')
    const empty = await final(encodeAll([START, ...finished('stop')]))
    assert.deepEqual([empty.output_text, empty.output.length], ['', 1])
  })

  test('without usage it is estimated; other choices are not heard', () => {
    const stream = encodeAll([
      START,
      text('12345678'),
      { type: 'text', choice: 1, text: 'no' },
      { type: 'end' },
    ])
    const { response } = parse(stream).at(-2)
    assert.deepEqual([response.usage.input_tokens, response.usage.output_tokens], [3, 2])
    assert.deepEqual(response.usage.input_tokens_details, { cached_tokens: 0, cache_write_tokens: 0 })
    assert.equal(response.output.length, 1)
  })

  test('what was asked to be included', () => {
    const include = ['reasoning.encrypted_content', 'message.output_text.logprobs']
    const logprobs = { content: [{ token: 'x', logprob: -0.1, bytes: [120], top_logprobs: [] }] }
    const events: ChatEvent[] = [
      think('hm'),
      { type: 'text', choice: 0, text: 'x', logprobs },
      ...finished('stop'),
    ]
    const [thought, message] = parse(encodeAll(events, { include })).at(-2).response.output
    assert.equal(typeof thought.encrypted_content, 'string')
    assert.deepEqual(message.content[0].logprobs, logprobs.content)
    const [plain, bare] = parse(encodeAll(events)).at(-2).response.output
    assert.equal(plain.encrypted_content, undefined)
    assert.deepEqual(bare.content[0].logprobs, [])
  })
})
