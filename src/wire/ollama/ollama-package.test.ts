/** The `ollama` package reads what we write, and we read what it sends. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ollama } from 'ollama'
import type { Canned } from '../../../test/fixtures/wire/canned-server.ts'
import { withCannedAnswer } from '../../../test/fixtures/wire/canned-server.ts'
import { collected, contextOf, encodedStream } from '../../../test/fixtures/wire/encoded.ts'
import { OLLAMA_TEXT, OLLAMA_TOOLS, OPENAI_PARALLEL_TOOLS } from '../../../test/fixtures/wire/streams.ts'
import { RouterError } from '../../errors.ts'
import { ChatStreamDecoder } from '../chat/stream-in.ts'
import type { ClientCodec } from '../codec.ts'
import type { JsonObject } from '../json.ts'
import { ollamaGenerateClientCodec } from './generate-client.ts'
import { ollamaClientCodec } from './ollama-client.ts'
import { preloadAnswer } from './preload.ts'
import { OllamaStreamDecoder } from './stream-in.ts'

const CHAT = { messages: [{ role: 'user', content: 'x' }] }
const PROMPT = { prompt: 'x' }

function withOllama<T>(canned: Canned, use: (client: Ollama) => Promise<T>): Promise<T> {
  const answer = { contentType: ollamaClientCodec.streamContentType, ...canned }
  return withCannedAnswer(answer, ({ baseURL }) => use(new Ollama({ host: new URL(baseURL).origin })))
}

function written(codec: ClientCodec, body: JsonObject, backendStream: string): string {
  const decoder = backendStream.startsWith('data:') ? new ChatStreamDecoder() : new OllamaStreamDecoder()
  const events = decoder.push(Buffer.from(backendStream)).flatMap((frame) => frame.events)
  return encodedStream(codec, body, events)
}

const chatOf = (body: string) =>
  withOllama({ body }, async (client) => collected(await client.chat({ model: 'm', stream: true, ...CHAT })))

describe('the ollama package', () => {
  test('takes a streamed chat', async () => {
    const chunks = await chatOf(written(ollamaClientCodec, CHAT, OLLAMA_TEXT))
    assert.equal(chunks.map(({ message }) => message.content).join(''), 'Grüße 🦙')
    assert.equal(chunks.map(({ message }) => message.thinking ?? '').join(''), 'let me see')
    const last = chunks.at(-1)
    assert.deepEqual(
      [last?.done, last?.done_reason, last?.prompt_eval_count, last?.eval_count],
      [true, 'stop', 28, 7],
    )
  })

  test('takes calls, whole, of any backend', async () => {
    for (const stream of [OLLAMA_TOOLS, OPENAI_PARALLEL_TOOLS]) {
      const chunks = await chatOf(written(ollamaClientCodec, CHAT, stream))
      const calls = chunks.flatMap(({ message }) => message.tool_calls ?? [])
      assert.equal(calls.length, 2)
      for (const call of calls) assert.equal(typeof call.function.arguments, 'object')
    }
  })

  test('takes a streamed generation', async () => {
    const body = written(ollamaGenerateClientCodec, PROMPT, OLLAMA_TEXT)
    const chunks = await withOllama({ body }, async (client) =>
      collected(await client.generate({ model: 'm', stream: true, ...PROMPT })),
    )
    assert.equal(chunks.map(({ response }) => response).join(''), 'Grüße 🦙')
    assert.equal(chunks.map(({ thinking }) => thinking ?? '').join(''), 'let me see')
  })

  test('takes buffered answers and preloads', async () => {
    const choice = { index: 0, text: 'hi', toolCalls: [], finish: 'length' as const }
    const reply = { id: 'x', createdAtSeconds: 1, model: 'tiny', choices: [choice] }
    const body = ollamaClientCodec.encodeReply(reply, contextOf(ollamaClientCodec, CHAT))
    const chat = await withOllama({ body }, (client) => client.chat({ model: 'm', ...CHAT }))
    assert.deepEqual([chat.message.content, chat.done_reason], ['hi', 'length'])
    const generated = ollamaGenerateClientCodec.encodeReply(
      reply,
      contextOf(ollamaGenerateClientCodec, PROMPT),
    )
    const answer = await withOllama({ body: generated }, (client) =>
      client.generate({ model: 'm', ...PROMPT }),
    )
    assert.equal(answer.response, 'hi')
    const loaded = preloadAnswer({ messages: [] }, 'm', 1) ?? ''
    const chunks = await withOllama({ body: loaded }, async (client) =>
      collected(await client.chat({ model: 'm', stream: true })),
    )
    assert.deepEqual(
      chunks.map(({ done_reason }) => done_reason),
      ['load'],
    )
  })

  test('throws our errors, before and within a stream', async () => {
    const error = new RouterError('model_not_found', 'No such model.')
    const canned = {
      status: ollamaClientCodec.errorStatus(error),
      contentType: 'application/json',
      body: ollamaClientCodec.encodeError(error, 'req_1'),
    }
    const asked = withOllama(canned, (client) => client.chat({ model: 'm', ...CHAT }))
    await assert.rejects(asked, { name: 'ResponseError', status_code: 404, message: 'No such model.' })
    const encoder = ollamaClientCodec.createStreamEncoder(contextOf(ollamaClientCodec, CHAT))
    const begun = encoder.keepAlive() + encoder.encode({ type: 'text', choice: 0, text: 'half' })
    await assert.rejects(chatOf(begun + encoder.fail(error)), /No such model\./)
  })
})
