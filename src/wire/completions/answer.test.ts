import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { withCannedAnswer } from '../../../test/fixtures/wire/canned-server.ts'
import {
  collected,
  contextOf,
  decodedEvents,
  encodedReply,
  encodedStream,
  plain,
} from '../../../test/fixtures/wire/encoded.ts'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import { LLAMA_THINKING, OPENAI_PARALLEL_TOOLS } from '../../../test/fixtures/wire/streams.ts'
import { RouterError } from '../../errors.ts'
import { ChatStreamDecoder } from '../chat/stream-in.ts'
import type { ChatEvent, ChatReply } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { completionsBackendCodec } from './completions-backend.ts'
import { completionsClientCodec } from './completions-client.ts'

const ASKED: JsonObject = { model: 'm', prompt: 'x', stream: true, stream_options: { include_usage: true } }
const NOT_ASKED: JsonObject = { model: 'm', prompt: 'x', stream: true }
const LOGPROBS = {
  content: [
    { token: 'ab', logprob: -0.5, top_logprobs: [{ token: 'cd', logprob: -2 }] },
    { token: 'é', logprob: -1, top_logprobs: [] },
  ],
}
const USAGE = { inputTokens: 4, outputTokens: 5 }
const text = fc.string({ unit: 'grapheme', minLength: 1 })

/** Chat's readers count cached and thought tokens, of which this protocol says nothing. */
const known = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, held) =>
      key === 'cachedInputTokens' || key === 'reasoningTokens' ? undefined : held,
    ),
  )

function eventsOf(pieces: readonly string[]): ChatEvent[] {
  return [
    { type: 'start', id: 'cmpl-1', model: 'tiny', createdAtSeconds: 1_790_000_000 },
    ...pieces.map((piece, at): ChatEvent => ({ type: 'text', choice: at % 2, text: piece })),
    { type: 'text', choice: 0, text: 'abé', logprobs: LOGPROBS },
    { type: 'finish', choice: 0, reason: 'stop' },
    { type: 'finish', choice: 1, reason: 'length' },
    { type: 'usage', usage: USAGE },
    { type: 'end' },
  ]
}

const replies: fc.Arbitrary<ChatReply> = fc
  .array(
    fc.record({
      text,
      finish: fc.constantFrom('stop' as const, 'length' as const, 'content_filter' as const),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((choices) => ({
    id: 'cmpl-1',
    createdAtSeconds: 1_790_000_000,
    model: 'tiny',
    choices: choices.map((choice, index) => ({ index, toolCalls: [], logprobs: LOGPROBS, ...choice })),
    usage: USAGE,
  }))

describe('an answer for clients of legacy Completions', () => {
  test('buffered, is read by a backend’s reader as it was', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const body = encodedReply(completionsClientCodec, NOT_ASKED, reply)
        assert.deepEqual(known(completionsBackendCodec.decodeReply(body)), plain(reply))
      }),
    )
  })

  test('streamed and cut anywhere, is read by a backend’s reader as it was', () => {
    const streams = fc.array(text, { maxLength: 6 }).chain((pieces) => {
      const events = eventsOf(pieces)
      return fc.tuple(
        fc.constant(events),
        slicesOf(Buffer.from(encodedStream(completionsClientCodec, ASKED, events))),
      )
    })
    fc.assert(
      fc.property(streams, ([events, slices]) => {
        assert.deepEqual(
          known(decodedEvents(completionsBackendCodec.createStreamDecoder(), slices)),
          plain(events),
        )
      }),
    )
  })

  test('the openai package takes it whole', async () => {
    const choice = { index: 0, text: 'hi', toolCalls: [], finish: 'tool_calls' as const, logprobs: LOGPROBS }
    const reply = { id: 'chatcmpl-7', createdAtSeconds: 0, model: '', choices: [choice], usage: USAGE }
    const body = JSON.stringify(encodedReply(completionsClientCodec, NOT_ASKED, reply))
    const answer = await withCannedAnswer({ body, contentType: 'application/json' }, (client) =>
      client.completions.create({ model: 'm', prompt: 'x' }),
    )
    assert.deepEqual(plain(answer), {
      id: 'cmpl-7',
      object: 'text_completion',
      created: 1_790_000_001,
      model: 'target',
      choices: [
        {
          text: 'hi',
          index: 0,
          logprobs: {
            tokens: ['ab', 'é'],
            token_logprobs: [-0.5, -1],
            top_logprobs: [{ cd: -2 }, {}],
            text_offset: [0, 2],
          },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 },
    })
  })

  test('the openai package takes it in pieces, usage when asked for', async () => {
    for (const asked of [ASKED, NOT_ASKED]) {
      const body = encodedStream(completionsClientCodec, asked, eventsOf(['Grü', '', 'ße 🦙']))
      const chunks = await withCannedAnswer({ body }, async (client) =>
        collected(await client.completions.create({ model: 'm', prompt: 'x', stream: true })),
      )
      const of = (index: number) =>
        chunks.flatMap(({ choices }) => choices.filter((one) => one.index === index))
      assert.equal(
        of(0)
          .map((one) => one.text)
          .join(''),
        'Grüße 🦙abé',
      )
      assert.deepEqual(of(0).at(-2)?.logprobs?.text_offset, [7, 9])
      assert.equal(of(1).at(-1)?.finish_reason, 'length')
      assert.equal(chunks.at(-1)?.usage?.total_tokens, asked === ASKED ? 9 : undefined)
    }
  })

  test('of a chat’s answer only the text is told', () => {
    const stream = (backendStream: string) => {
      const events = decodedEvents(new ChatStreamDecoder(), [Buffer.from(backendStream)])
      return encodedStream(completionsClientCodec, NOT_ASKED, events)
    }
    assert.ok(!stream(LLAMA_THINKING).includes('let me'))
    assert.ok(stream(LLAMA_THINKING).includes('"text":"Seen."'))
    assert.ok(stream(OPENAI_PARALLEL_TOOLS).includes('"finish_reason":"stop"'))
  })

  test('a failure is an error object and no DONE, and the openai package throws it', async () => {
    const encoder = completionsClientCodec.createStreamEncoder(contextOf(completionsClientCodec, NOT_ASKED))
    const begun = encoder.keepAlive() + encoder.encode({ type: 'refusal', choice: 0, text: 'half' })
    const failed = encoder.fail(new RouterError('upstream_truncated', 'The backend stopped.'))
    assert.ok(!failed.includes('DONE'))
    const asked = withCannedAnswer({ body: begun + failed }, async (client) =>
      collected(await client.completions.create({ model: 'm', prompt: 'x', stream: true })),
    )
    await assert.rejects(asked, /The backend stopped\./)
  })
})

describe('a backend’s completion', () => {
  test('llama.cpp’s probabilities are chat’s already', () => {
    const choice = { text: 'abé', index: 0, logprobs: LOGPROBS, finish_reason: 'stop' }
    assert.deepEqual(
      completionsBackendCodec.decodeReply({ choices: [choice] }).choices[0]?.logprobs,
      LOGPROBS,
    )
  })

  test('failures: an error event, a frame that is none, an answer that is none', () => {
    const read = (stream: string) =>
      decodedEvents(completionsBackendCodec.createStreamDecoder(), [Buffer.from(stream)])
    const error = {
      message: 'too long',
      code: 400,
      type: 'exceed_context_size_error',
      n_prompt_tokens: 9,
      n_ctx: 8,
    }
    assert.deepEqual(read(`data: ${JSON.stringify({ error })}\n\n`), [
      {
        type: 'error',
        code: 'exceed_context_size_error',
        contextOverflow: true,
        promptTokens: 9,
        contextTokens: 8,
      },
    ])
    assert.throws(() => read('data: oops\n\n'), { code: 'upstream_error' })
    assert.deepEqual(read('data: {"choices":[{"te'), [])
    for (const body of [null, {}, { choices: [] }, { choices: [{ message: {} }] }, { choices: [7] }]) {
      assert.throws(() => completionsBackendCodec.decodeReply(body), { code: 'upstream_error' })
    }
  })
})
