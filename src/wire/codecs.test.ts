import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { withCannedAnswer } from '../../test/fixtures/wire/canned-server.ts'
import type { ChatEvent } from './exchange.ts'
import type { JsonObject } from './json.ts'
import { backendCodec, clientCodec } from './codecs.ts'

const NOW = {
  requestId: 'req_1',
  model: 'target',
  nowSeconds: 1_790_000_001,
  elapsedMs: () => 5,
  estimatedInputTokens: 3,
}
const BODIES = {
  chat: { stream: true, messages: [{ role: 'user', content: 'x' }] },
  responses: { stream: true, input: 'x' },
} satisfies Record<string, JsonObject>

function encodeAll(protocol: 'chat' | 'responses', events: readonly ChatEvent[]): string {
  const codec = clientCodec(protocol)
  const body = BODIES[protocol]
  const encoder = codec.createStreamEncoder({ ...NOW, body, request: codec.decodeRequest(body) })
  return events.map((event) => encoder.encode(event)).join('')
}

/** A backend's stream of the pieces of a text. */
function backendStream(protocol: 'chat' | 'ollama', pieces: readonly string[]): Buffer {
  const frames =
    protocol === 'chat'
      ? [
          ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content } }] })),
          { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
        ].map((chunk) => `data: ${JSON.stringify({ id: 'c', model: 'm', ...chunk })}\n\n`)
      : [
          ...pieces.map((content) => ({ message: { content }, done: false })),
          { message: { content: '' }, done: true, done_reason: 'stop' },
        ].map((line) => `${JSON.stringify({ model: 'm', ...line })}\n`)
  return Buffer.from(frames.join('') + (protocol === 'chat' ? 'data: [DONE]\n\n' : ''))
}

describe('every backend’s stream in every client’s protocol', () => {
  test('any text, cut anywhere, is read by the openai package as it was written', async () => {
    const visible = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '')
    const pieces = fc.array(visible, { minLength: 1, maxLength: 6 })
    const backends = fc.constantFrom('chat' as const, 'ollama' as const)
    const property = fc.asyncProperty(
      pieces,
      backends,
      fc.nat({ max: 40 }),
      async (pieces, backend, size) => {
        const bytes = backendStream(backend, pieces)
        const decoder = backendCodec(backend).createStreamDecoder()
        const events: ChatEvent[] = []
        for (let at = 0; at < bytes.length; at += size + 1) {
          for (const frame of decoder.push(bytes.subarray(at, at + size + 1))) events.push(...frame.events)
        }
        const wanted = Buffer.from(pieces.join('')).toString()
        const chat = await withCannedAnswer({ body: encodeAll('chat', events) }, (client) =>
          client.chat.completions.stream({ model: 'x', messages: [] }).finalContent(),
        )
        const response = await withCannedAnswer({ body: encodeAll('responses', events) }, (client) =>
          client.responses.stream({ model: 'x', input: 'x' }).finalResponse(),
        )
        assert.equal(chat, wanted)
        assert.equal(response.output_text, wanted)
      },
    )
    await fc.assert(property, { numRuns: 40 })
  })

  test('each codec is the one it says it is', () => {
    for (const protocol of ['chat', 'responses'] as const) {
      assert.equal(clientCodec(protocol).protocol, protocol)
      assert.equal(clientCodec(protocol).streamContentType, 'text/event-stream')
    }
    assert.deepEqual(
      [backendCodec('chat').path, backendCodec('ollama').path],
      ['/chat/completions', '/api/chat'],
    )
  })
})
