/** The bench itself: each driver reads what the played server of its own protocol writes, and both see breaches. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startBackend, type Backend } from '../backend.ts'
import { assertAnswered, assertBroken, assertHeard } from './compare.ts'
import { Breach } from './demand.ts'
import type { Answered } from './neutral.ts'
import { MODEL, play } from './played-server.ts'
import { PROTOCOLS } from './protocols.ts'
import * as scenarios from './scenarios.ts'

const { failing, ...carried } = scenarios

for (const protocol of Object.values(PROTOCOLS)) {
  describe(`the bench: ${protocol.name}`, () => {
    let backend: Backend
    before(async () => {
      backend = await startBackend(() => undefined)
    })
    after(() => backend.close())

    for (const stream of [false, true]) {
      const form = stream ? 'streamed' : 'buffered'
      const ask = (scenario: scenarios.Scenario): Promise<Answered> => {
        const [first] = scenario
        assert.ok(first !== undefined)
        const exchange = first(stream, null)
        backend.script(play(protocol.server, exchange.answer))
        return protocol.ask(backend.origin, { ...exchange.ask, model: MODEL })
      }

      for (const [name, scenario] of Object.entries(carried)) {
        test(`${name}, ${form}`, async () => {
          let last: Answered | null = null
          for (const step of scenario) {
            const exchange = step(stream, last)
            const breaches: string[] = []
            backend.script(play(protocol.server, exchange.answer, breaches))
            const answered: Answered = await protocol.ask(backend.origin, { ...exchange.ask, model: MODEL })
            assert.deepEqual(breaches, [])
            const request = backend.received.at(-1)
            assert.ok(request !== undefined)
            const way = [protocol, protocol] as const
            assertHeard(protocol.server.hear(request.body, request.headers), exchange.ask, way)
            assertAnswered(answered, exchange.answer, way)
            last = answered
          }
        })
      }

      test(`a status, ${form}`, async () => {
        const answered = await ask(failing('before'))
        assert.equal(answered.status, 500)
        assert.equal(answered.error?.message, 'something broke')
      })
    }

    test('errors in a stream, before the first token and behind it, and a cut', async () => {
      for (const failure of ['early', 'error', 'cut'] as const) {
        const [step] = failing(failure)
        assert.ok(step !== undefined)
        const exchange = step(true, null)
        backend.script(play(protocol.server, exchange.answer))
        const answered = await protocol.ask(backend.origin, { ...exchange.ask, model: MODEL })
        if (failure === 'early') assert.equal(answered.text, '')
        else assertBroken(answered, exchange.answer)
        assert.equal(answered.error?.message, failure === 'cut' ? undefined : 'something broke')
      }
    })

    test('a driver sees what is missing from an answer', async () => {
      const [step] = scenarios.text
      assert.ok(step !== undefined)
      const exchange = step(true, null)
      const pieces = protocol.server.pieces(exchange.answer, {})
      for (const [index, piece] of pieces.entries()) {
        if (piece.isContent || piece.text.includes('ping')) continue
        backend.script((_, response) => {
          response.writeHead(200, { 'content-type': protocol.server.streamType })
          response.end(pieces.flatMap(({ text }, at) => (at === index ? [] : [text])).join(''))
        })
        const answered = await protocol
          .ask(backend.origin, { ...exchange.ask, model: MODEL })
          .catch((error: unknown) => error)
        const isSeen =
          answered instanceof Breach ||
          !(answered as Answered).terminated ||
          (answered as Answered).usage === null
        assert.ok(isSeen, `without ${piece.text}`)
      }
    })

    test('a server sees requests that its protocol does not know', async () => {
      for (const body of BROKEN[protocol.name]) {
        assert.throws(
          () => protocol.server.hear(body, { 'anthropic-version': '2023-06-01' }),
          Breach,
          JSON.stringify(body),
        )
      }
    })
  })
}

const hello = { role: 'user', content: 'Hello' }
const BROKEN = {
  chat: [
    { messages: [] },
    { messages: [hello], max_output_tokens: 5 },
    { messages: [hello], tool_choice: 'auto' },
    { messages: [{ role: 'tool', tool_call_id: 'call_1', content: 'x' }] },
    {
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'data:image/png;base64,AAAA' }] }],
    },
    { messages: [{ role: 'thinker', content: 'x' }] },
  ],
  responses: [
    { input: [hello], max_tokens: 5 },
    { input: [hello], stream_options: { include_usage: true } },
    { input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }] },
    { input: [{ type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }] },
    { input: [{ type: 'function_call_output', call_id: 'call_1', output: 'x' }] },
    { input: [hello], tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] },
    { input: [{ type: 'reasoning', summary: [], encrypted_content: 'from elsewhere' }] },
  ],
  messages: [
    { messages: [hello] },
    { max_tokens: 9, messages: [hello, hello] },
    { max_tokens: 9, messages: [{ role: 'system', content: 'x' }, hello] },
    { max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
    { max_tokens: 9, messages: [hello], stop: ['x'] },
    {
      max_tokens: 9,
      messages: [
        hello,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'x' },
            { type: 'tool_result', tool_use_id: 'a', content: 'x' },
          ],
        },
      ],
    },
  ],
  ollama: [
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
    { messages: [{ role: 'user', content: 'x', images: ['data:image/png;base64,AAAA'] }] },
    { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }] },
    { messages: [hello], think: 'minimal' },
    { messages: [hello], options: { stop: 'END' } },
  ],
} as const
