import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withCannedAnswer } from '../../../test/fixtures/wire/canned-server.ts'
import * as streams from '../../../test/fixtures/wire/streams.ts'
import { RouterError } from '../../errors.ts'
import type { ReplyContext } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { decodeChatRequest } from './request-in.ts'
import { ChatStreamDecoder } from './stream-in.ts'
import { ChatStreamEncoder } from './stream-out.ts'

function context(fields: JsonObject = {}): ReplyContext {
  const body = { stream: true, messages: [{ role: 'user', content: 'x' }], ...fields }
  const request = decodeChatRequest(body)
  return {
    requestId: 'req_1',
    body,
    request,
    model: 'target',
    nowSeconds: 1_790_000_001,
    elapsedMs: () => 5,
    estimatedInputTokens: 3,
  }
}

const eventsOf = (stream: string) =>
  new ChatStreamDecoder().push(Buffer.from(stream)).flatMap((frame) => frame.events)

function encodeAll(events: readonly ChatEvent[], fields?: JsonObject): string {
  const encoder = new ChatStreamEncoder(context(fields))
  return events.map((event) => encoder.encode(event)).join('')
}

const parse = (text: string) =>
  text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => (frame === 'data: [DONE]' ? 'DONE' : JSON.parse(frame.slice(6))))

const final = (body: string, custom: JsonObject = {}) =>
  withCannedAnswer({ body }, (client) =>
    client.chat.completions
      .stream({ model: 'x', messages: [{ role: 'user', content: 'x' }], ...custom })
      .finalChatCompletion(),
  )

describe('Chat Completions chunks', () => {
  test('role first, one head for all, finish, usage when asked for, DONE', () => {
    const chunks = parse(encodeAll(eventsOf(streams.LLAMA_TEXT), { stream_options: { include_usage: true } }))
    assert.deepEqual(
      chunks.slice(0, -2).map(({ choices }) => choices[0].delta),
      [{ role: 'assistant', content: '', refusal: null }, { content: ' Grüße' }, { content: ' from 🦙' }, {}],
    )
    for (const { id, model, created, usage } of chunks.slice(0, -2)) {
      assert.deepEqual([id, model, created, usage], ['chatcmpl-fixture', 'tiny.gguf', 1_790_000_000, null])
    }
    assert.deepEqual(chunks.at(-2).choices, [])
    assert.equal(chunks.at(-2).usage.total_tokens, 35)
    assert.equal(chunks.at(-1), 'DONE')
  })

  test('no usage when not asked for', () => {
    assert.ok(!encodeAll(eventsOf(streams.LLAMA_TEXT)).includes('usage'))
  })

  test('nothing is written before content: a start is no commitment', () => {
    assert.equal(encodeAll([{ type: 'start', id: 'a', model: 'm', createdAtSeconds: 1 }]), '')
  })

  test('the openai package takes text, thinking, calls, choices and refusals', async () => {
    const text = await final(encodeAll(eventsOf(streams.LLAMA_TEXT)))
    assert.equal(text.choices[0]?.message.content, ' Grüße from 🦙')
    const thinking = await final(encodeAll(eventsOf(streams.LLAMA_THINKING)))
    assert.equal(thinking.choices[0]?.message.content, 'Seen.')
    const refusal = await final(
      encodeAll([
        { type: 'refusal', choice: 0, text: 'No.' },
        { type: 'finish', choice: 0, reason: 'stop' },
        { type: 'end' },
      ]),
    )
    assert.equal(refusal.choices[0]?.message.refusal, 'No.')
    assert.match(refusal.id, /^chatcmpl-\w{24}$/)
    const two = await final(encodeAll(eventsOf(streams.TWO_CHOICES)))
    assert.deepEqual(
      two.choices.map(({ message, finish_reason }) => [message.content, finish_reason]),
      [
        ['a', 'length'],
        ['b', 'stop'],
      ],
    )
  })

  test('the openai package puts tool calls together', async () => {
    for (const stream of [streams.OPENAI_PARALLEL_TOOLS, streams.GEMINI_TOOLS, streams.OLLAMA_V1_TOOL]) {
      const { choices } = await final(encodeAll(eventsOf(stream)))
      assert.equal(choices[0]?.finish_reason, 'tool_calls')
      for (const call of choices[0]?.message.tool_calls ?? []) {
        assert.ok(call.type === 'function' && typeof JSON.parse(call.function.arguments) === 'object')
      }
    }
  })

  test('a custom tool’s text is taken out of its JSON', () => {
    const events: ChatEvent[] = [
      { type: 'tool-start', choice: 0, index: 0, id: 'c', name: 'sql' },
      { type: 'tool-arguments', choice: 0, index: 0, text: '{"input":"sel' },
      { type: 'tool-arguments', choice: 0, index: 0, text: 'ect 1"}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ]
    const chunks = parse(encodeAll(events, { tools: [{ type: 'custom', custom: { name: 'sql' } }] }))
    const calls = chunks.flatMap(({ choices }) => choices[0].delta.tool_calls ?? [])
    assert.deepEqual(calls, [
      { index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input: '' } },
      { index: 0, custom: { input: 'select 1' } },
    ])
  })

  test('a failure is an error object and no DONE, and the openai package throws it', async () => {
    const encoder = new ChatStreamEncoder(context())
    const begun = encoder.encode({ type: 'text', choice: 0, text: 'half' })
    const failed = encoder.fail(new RouterError('upstream_truncated', 'The backend stopped.'))
    assert.ok(!failed.includes('DONE'))
    await assert.rejects(final(begun + failed), /The backend stopped\./)
  })
})
