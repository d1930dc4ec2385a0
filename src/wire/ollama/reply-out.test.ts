import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  contextOf,
  decodedEvents,
  encodedReply,
  encodedStream,
  plain,
} from '../../../test/fixtures/wire/encoded.ts'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import { RouterError } from '../../errors.ts'
import type { ChatEvent, ChatReply } from '../exchange.ts'
import { CHAT_SHAPE } from './answer-shape.ts'
import { ollamaGenerateBackendCodec } from './generate-backend.ts'
import { ollamaGenerateClientCodec } from './generate-client.ts'
import { ollamaBackendCodec } from './ollama-backend.ts'
import { ollamaClientCodec } from './ollama-client.ts'
import { OllamaStreamEncoder } from './stream-out.ts'

const SURFACES = [
  {
    client: ollamaClientCodec,
    backend: ollamaBackendCodec,
    body: { messages: [{ role: 'user', content: 'x' }] },
  },
  { client: ollamaGenerateClientCodec, backend: ollamaGenerateBackendCodec, body: { prompt: 'x' } },
]
const CHAT = contextOf(ollamaClientCodec, { messages: [{ role: 'user', content: 'x' }] })
const LOGPROBS = { content: [{ token: 'a', logprob: -0.5, top_logprobs: [] }] }
const CALLS = [
  { id: 'call_a', name: 'one', arguments: '{"x":1}' },
  { id: 'call_b', name: 'two', arguments: '{}' },
]

const replies = (calls: typeof CALLS): fc.Arbitrary<ChatReply> =>
  fc
    .record({
      text: fc.string({ unit: 'grapheme' }),
      reasoning: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      finish: fc.constantFrom('stop' as const, 'length' as const),
      logprobs: fc.constantFrom(undefined, LOGPROBS),
      toolCalls: fc.constantFrom([], calls),
    })
    .map((choice) => ({
      id: 'id',
      createdAtSeconds: 1_790_000_000,
      model: 'tiny',
      choices: [
        {
          index: 0,
          ...choice,
          finish: choice.toolCalls.length > 0 && choice.finish === 'stop' ? 'tool_calls' : choice.finish,
        },
      ],
      usage: { inputTokens: 4, outputTokens: 5 },
    }))

const without = (value: ChatReply): object => ({ ...plain(value), id: '' })
const lines = (stream: string) =>
  stream
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

/** Events of a whole answer, its text in pieces. */
function eventsOf(pieces: readonly string[], withCalls: boolean): ChatEvent[] {
  return [
    { type: 'start', id: 'x', model: 'tiny', createdAtSeconds: 1_790_000_000 },
    { type: 'reasoning', choice: 0, text: 'hm' },
    ...pieces.map((text): ChatEvent => ({ type: 'text', choice: 0, text })),
    ...(withCalls ? callEvents() : []),
    { type: 'finish', choice: 0, reason: withCalls ? 'tool_calls' : 'length' },
    { type: 'usage', usage: { inputTokens: 4, outputTokens: 5 } },
    { type: 'end' },
  ]
}

/** Two calls at once, their pieces mixed. */
function callEvents(): ChatEvent[] {
  const piece = (index: number, text: string): ChatEvent => ({
    type: 'tool-arguments',
    choice: 0,
    index,
    text,
  })
  const start = (index: number): ChatEvent => ({ type: 'tool-start', choice: 0, index, ...idAndName(index) })
  return [start(0), piece(0, '{"x"'), start(1), piece(1, '{'), piece(0, ':1}'), piece(1, '}')]
}
const idAndName = (index: number) => ({ id: CALLS[index]?.id ?? '', name: CALLS[index]?.name ?? '' })

describe('an answer for clients of Ollama’s native API', () => {
  test('buffered, is read by a backend’s reader as it was', () => {
    for (const { client, backend, body } of SURFACES) {
      const property = fc.property(replies(client === ollamaClientCodec ? CALLS : []), (reply) => {
        assert.deepEqual(without(backend.decodeReply(encodedReply(client, body, reply))), without(reply))
      })
      fc.assert(property)
    }
  })

  test('streamed and cut anywhere, is read by a backend’s reader as it was', () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 5 })
    for (const { client, backend, body } of SURFACES) {
      const streams = fc.tuple(pieces, fc.boolean()).chain(([texts, wanted]) => {
        const events = eventsOf(texts, wanted && client === ollamaClientCodec)
        const bytes = Buffer.from(encodedStream(client, body, events))
        return fc.tuple(fc.constant(events), slicesOf(bytes))
      })
      const property = fc.property(streams, ([events, slices]) => {
        const read = decodedEvents(backend.createStreamDecoder(), slices)
        assert.deepEqual(read.map(joined), withWholeCalls(events).map(joined))
      })
      fc.assert(property)
    }
  })

  test('holds calls back until they are whole, and says done last', () => {
    const all = lines(encodedStream(ollamaClientCodec, CHAT.body, eventsOf(['hi'], true)))
    assert.deepEqual(
      all.map(({ message, done }) => [message.content, message.thinking, message.tool_calls?.length, done]),
      [
        ['', 'hm', undefined, false],
        ['hi', undefined, undefined, false],
        ['', undefined, 2, false],
        ['', undefined, undefined, true],
      ],
    )
    assert.deepEqual(all[2].message.tool_calls, [
      { id: 'call_a', function: { index: 0, name: 'one', arguments: { x: 1 } } },
      { id: 'call_b', function: { index: 1, name: 'two', arguments: {} } },
    ])
    assert.equal(all[0].created_at, '2026-09-21T14:13:20.000Z')
    assert.equal(all[3].done_reason, 'stop')
  })

  test('measures the whole, estimates what nobody counted, and invents nothing else', () => {
    let nowMs = 100
    const encoder = new OllamaStreamEncoder({ ...CHAT, elapsedMs: () => nowMs }, CHAT_SHAPE)
    const begun = encoder.keepAlive() + encoder.encode({ type: 'text', choice: 0, text: '12345678' })
    nowMs = 350
    const other = encoder.encode({ type: 'text', choice: 1, text: 'of another choice' })
    const [alive, , last] = lines(begun + encoder.encode({ type: 'end' }))
    assert.equal(other, '')
    assert.deepEqual([alive.model, alive.message.content, alive.done], ['target', '', false])
    const { model: _, created_at: _at, ...rest } = last
    assert.deepEqual(rest, {
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'stop',
      total_duration: 350_000_000,
      prompt_eval_count: 3,
      eval_count: 2,
    })
  })

  test('refusals are said, odd arguments wrapped, odd dates mended', () => {
    const choice = { index: 0, text: null, refusal: 'No.', finish: 'content_filter' as const }
    const toolCalls = [{ id: '', name: 'f', arguments: '{bad' }]
    const reply = { id: '', createdAtSeconds: 1e300, model: '', choices: [{ ...choice, toolCalls }] }
    const { message, ...rest } = JSON.parse(ollamaClientCodec.encodeReply(reply, CHAT))
    assert.equal(message.content, 'No.')
    assert.deepEqual(message.tool_calls[0].function.arguments, { arguments: '{bad' })
    assert.match(message.tool_calls[0].id, /^call_\w{24}$/)
    assert.deepEqual(rest, {
      model: 'target',
      created_at: '2026-09-21T14:13:21.000Z',
      done: true,
      done_reason: 'stop',
      total_duration: 5_000_000,
      prompt_eval_count: 3,
      eval_count: 1,
    })
  })

  test('a line has one end for every reader', () => {
    const text = 'a\u0085b\u2028c\u2029d\ne'
    const stream = encodedStream(ollamaClientCodec, CHAT.body, [{ type: 'text', choice: 0, text }])
    assert.equal(stream.split(/[\n\u0085\u2028\u2029]/).length, 2)
    assert.equal(JSON.parse(stream).message.content, text)
  })

  test('errors are a text; a full queue is 503', () => {
    const error = new RouterError('rate_limit_exceeded', 'Too many.')
    assert.equal(ollamaClientCodec.encodeError(error, 'req_1'), '{"error":"Too many."}')
    assert.equal(ollamaClientCodec.createStreamEncoder(CHAT).fail(error), '{"error":"Too many."}\n')
    assert.equal(ollamaClientCodec.errorStatus(error), 503)
    assert.equal(ollamaClientCodec.errorStatus(new RouterError('context_length_exceeded', 'Too long.')), 400)
    assert.equal(ollamaGenerateClientCodec.errorStatus(new RouterError('model_not_found', 'None.')), 404)
  })
})

/** Ids are made anew: this protocol's answers have none. */
function joined(event: ChatEvent): object {
  return event.type === 'start' ? { ...event, id: '' } : plain(event)
}

function withWholeCalls(events: readonly ChatEvent[]): ChatEvent[] {
  if (!events.some(({ type }) => type === 'tool-start')) return [...events]
  const whole = CALLS.flatMap(({ arguments: text }, index): ChatEvent[] => [
    { type: 'tool-start', choice: 0, index, ...idAndName(index) },
    { type: 'tool-arguments', choice: 0, index, text },
  ])
  const others = events.filter(({ type }) => type !== 'tool-start' && type !== 'tool-arguments')
  const finish = others.findIndex(({ type }) => type === 'finish')
  return [...others.slice(0, finish), ...whole, ...others.slice(finish)]
}
