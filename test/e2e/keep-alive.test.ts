/** A model that loads or thinks is silent; its client gets signs of life that every reader of its protocol takes. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { sendJson, type Backend, type Script } from '../support/backend.ts'
import { assertAnswered, assertBroken } from '../support/protocols/compare.ts'
import type { Answer } from '../support/protocols/neutral.ts'
import { play, type PlayedServer } from '../support/protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { startRelay, type Relay } from '../support/relay.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const KEEP_ALIVE_MS = 8
const NAMES = Object.keys(PROTOCOLS) as readonly ProtocolName[]
const ANSWER: Answer = {
  text: ['One ', 'answer, ', 'late.'],
  finish: 'stop',
  usage: { input: 9, output: 4, cached: 0, reasoning: 0 },
}
const ASK = { turns: [{ role: 'user', text: 'Hello there' }], stream: true } as const

const COMMENT = /^: keep-alive$/gm
const SIGNS: Readonly<Record<ProtocolName, RegExp>> = {
  chat: COMMENT,
  responses: /^event: response\.in_progress$/gm,
  messages: /^event: ping$/gm,
  ollama: /^\{[^\n]*"content":""[^\n]*"done":false\}$/gm,
}

function count(text: string, sign: RegExp): number {
  return text.match(sign)?.length ?? 0
}

interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
}

function createGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

type Place = 'before anything' | 'behind its opening' | 'in the middle'

/** Speaks up to a place, then not until the gate is opened. */
function pausing(server: PlayedServer, gate: Gate, place: Place): Script {
  return async (request, response) => {
    const { method, path, body } = request
    if (method !== 'POST' || path !== server.path) return play(server, ANSWER)(request, response)
    const pieces = server.pieces(ANSWER, body)
    const first = pieces.findIndex((piece) => piece.isContent)
    const cut = place === 'before anything' ? 0 : place === 'behind its opening' ? first : first + 1
    const write = (from: number, to?: number): void => {
      for (const { text } of pieces.slice(from, to)) response.write(text)
    }
    if (place === 'before anything') await gate.opened
    response.writeHead(200, { 'content-type': server.streamType }).flushHeaders()
    write(0, cut)
    await gate.opened
    write(cut)
    response.end()
  }
}

/** Keeps its client waiting until the gate is opened, and does that then. */
function late(gate: Gate, then: Script): Script {
  return async (request, response) => {
    if (request.method === 'POST') await gate.opened
    return then(request, response)
  }
}

const hangUp: Script = (request, response) =>
  request.method === 'GET' ? sendJson(response, 200, {}) : void response.destroy()
const status500: Script = (request, response) =>
  sendJson(response, request.method === 'GET' ? 200 : 500, { error: { message: 'boom' } })

interface Scene {
  readonly router: RunningRouter
  readonly relay: Relay
  readonly backends: readonly Backend[]
}

/** One backend for each of these, every one the fallback of that before it. */
async function start(
  t: TestContext,
  scripts: readonly (readonly [ProtocolName, Script])[],
  keepAliveMs = KEEP_ALIVE_MS,
): Promise<Scene> {
  const stage = createStage(t)
  const lines: string[] = []
  const backends: Backend[] = []
  for (const [index, [protocol, script]] of scripts.entries()) {
    const backend = await stage.backend(script)
    backends.push(backend)
    const kind =
      protocol === 'ollama'
        ? `type: ollama, endpoint: "${backend.origin}"`
        : `type: openai-compatible, protocol: ${protocol}, endpoint: "${backend.origin}/v1"`
    lines.push(`  b${index}: { ${kind}, model: m }`)
  }
  const others = scripts.slice(1).map((_, index) => `b${index + 1}`)
  const router = await stage.router(`
backends:
${lines.join('\n')}
routes: [{ default: b0${others.length > 0 ? `, fallback: [${others.join(', ')}]` : ''} }]
timeouts: { keepAliveMs: ${keepAliveMs} }
`)
  const relay = await startRelay(t, router.url)
  return { router, relay, backends }
}

for (const client of NAMES) {
  const { ask } = PROTOCOLS[client]
  describe(`${client} clients of a backend that is silent`, () => {
    for (const backend of NAMES) {
      const { server } = PROTOCOLS[backend]
      const way = [PROTOCOLS[client], PROTOCOLS[backend]] as const
      // The opening of a backend that speaks Responses too is not ours to write.
      const isForeign = client === 'responses' && backend === 'responses'
      const sign = isForeign ? COMMENT : SIGNS[client]

      for (const place of ['before anything', 'behind its opening'] as const) {
        test(`${backend}, ${place}`, async (t) => {
          const gate = createGate()
          const { router, relay } = await start(t, [[backend, pausing(server, gate, place)]])
          const asking = ask(relay.origin, ASK)
          await relay.until((text) => count(text, sign) >= 3)
          assert.ok(!relay.text().includes('One '))
          gate.open()
          const answered = await asking
          assert.equal(answered.headers.get('x-llr-pending'), 'true')
          assert.equal(answered.headers.get('x-llr-backend'), 'b0')
          assertAnswered(answered, ANSWER, way)
          if (client === 'responses') {
            assert.equal(count(answered.raw, /^event: response\.created$/gm), 1)
            if (!isForeign)
              assert.match(answered.raw, /^event: response\.created\n.*\n\nevent: response\.in_progress/)
          }
          assert.deepEqual(router.defects, [])
        })
      }

      test(`${backend}, in the middle`, async (t) => {
        const gate = createGate()
        const { router, relay } = await start(t, [[backend, pausing(server, gate, 'in the middle')]])
        const asking = ask(relay.origin, ASK)
        await relay.until((text) => text.includes('One '))
        const before = count(relay.text(), sign)
        await relay.until((text) => count(text, sign) >= before + 3)
        gate.open()
        const answered = await asking
        assertAnswered(answered, ANSWER, way)
        assert.deepEqual(router.defects, [])
      })

      test(`${backend} that breaks off after a silence in the middle: an error, no clean end`, async (t) => {
        const gate = createGate()
        const broken: Script = async (request, response) => {
          if (request.path !== server.path) return play(server, ANSWER)(request, response)
          response.writeHead(200, { 'content-type': server.streamType })
          const pieces = server.pieces(ANSWER, request.body)
          const first = pieces.findIndex((piece) => piece.isContent)
          for (const { text } of pieces.slice(0, first + 1)) response.write(text)
          await gate.opened
          response.destroy()
        }
        const { relay } = await start(t, [[backend, broken]])
        const asking = ask(relay.origin, ASK)
        await relay.until((text) => text.includes('One '))
        const before = count(relay.text(), sign)
        await relay.until((text) => count(text, sign) >= before + 2)
        gate.open()
        const answered = await asking
        assertBroken(answered, ANSWER)
        assert.ok(answered.error !== null, answered.raw)
      })
    }

    test('gets none where the answer comes at once', async (t) => {
      for (const backend of NAMES) {
        const { relay } = await start(t, [[backend, play(PROTOCOLS[backend].server, ANSWER)]], 10_000)
        const answered = await ask(relay.origin, ASK)
        assert.equal(answered.headers.get('x-llr-pending'), null)
        assertAnswered(answered, ANSWER, [PROTOCOLS[client], PROTOCOLS[backend]])
        assert.equal(count(answered.raw, COMMENT), 0)
        const own = client === 'messages' && backend === 'messages' ? 1 : 0
        const always = client === 'responses' ? 1 : own
        assert.equal(count(answered.raw, SIGNS[client]), client === 'ollama' ? 0 : always, answered.raw)
      }
    })
  })

  describe(`${client} clients of a backend that keeps them waiting and then fails`, () => {
    for (const [first, second] of pairs(client)) {
      for (const [what, failure] of [
        ['breaks off', hangUp],
        ['answers 500', status500],
      ] as const) {
        test(`${first} ${what}: ${second} answers in the same stream`, async (t) => {
          const gates = [createGate(), createGate()] as const
          const { router, relay, backends } = await start(t, [
            [first, late(gates[0], failure)],
            [second, pausing(PROTOCOLS[second].server, gates[1], 'before anything')],
          ])
          const sign = client === 'responses' && first === 'responses' ? COMMENT : SIGNS[client]
          const asking = ask(relay.origin, ASK)
          await relay.until((text) => count(text, sign) >= 2)
          gates[0].open()
          await backends[1]?.nextRequest()
          const before = count(relay.text(), COMMENT) + count(relay.text(), SIGNS[client])
          await relay.until((text) => count(text, COMMENT) + count(text, SIGNS[client]) >= before + 2)
          gates[1].open()
          const answered = await asking
          assertAnswered(answered, ANSWER, [PROTOCOLS[client], PROTOCOLS[second]])
          assert.equal(answered.headers.get('x-llr-pending'), 'true')
          if (client === 'responses') {
            assert.equal(count(answered.raw, /^event: response\.created$/gm), 1)
            const ids = new Set(answered.raw.match(/"id":"resp_[^"]+"/g))
            assert.equal(ids.size, 1, [...ids].join(' '))
          }
          assert.deepEqual(router.defects, [])
        })
      }
    }

    for (const first of NAMES) {
      test(`${first}, and there is nobody else: an error of the protocol`, async (t) => {
        const gate = createGate()
        const { router, relay } = await start(t, [[first, late(gate, status500)]])
        const sign = client === 'responses' && first === 'responses' ? COMMENT : SIGNS[client]
        const asking = ask(relay.origin, ASK)
        await relay.until((text) => count(text, sign) >= 2)
        gate.open()
        const answered = await asking
        assert.equal(answered.status, 200)
        assert.ok(answered.error !== null, `no error: ${answered.raw}`)
        assert.equal(answered.finish, null)
        assert.equal(answered.terminated, false)
        assert.equal(answered.text, '')
        assert.deepEqual(router.defects, [])
      })
    }

    for (const [first, second] of pairs(client)) {
      test(`${first}, and so does ${second}: an error of the protocol`, async (t) => {
        const gate = createGate()
        const { relay } = await start(t, [
          [first, late(gate, hangUp)],
          [second, status500],
        ])
        const sign = client === 'responses' && first === 'responses' ? COMMENT : SIGNS[client]
        const asking = ask(relay.origin, ASK)
        await relay.until((text) => count(text, sign) >= 2)
        gate.open()
        const answered = await asking
        assert.equal(answered.status, 200)
        assert.ok(answered.error !== null, `no error: ${answered.raw}`)
        assert.equal(answered.terminated, false)
      })
    }
  })
}

/** Own and foreign, foreign and own, own twice, foreign twice. */
function pairs(client: ProtocolName): readonly (readonly [ProtocolName, ProtocolName])[] {
  const [other = 'chat', another = 'chat'] = NAMES.filter((name) => name !== client)
  return [
    [client, other],
    [other, client],
    [client, client],
    [other, another],
  ]
}

const continued: Script = ({ method, path }, response) => {
  if (method === 'GET') return sendJson(response, 200, { data: [] })
  assert.equal(path, '/v1/completions')
  const head = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' }
  const chunk = (text: string, finish: string | null): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, text, logprobs: null, finish_reason: finish }] })}\n\n`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(`${ANSWER.text.map((text) => chunk(text, null)).join('')}${chunk('', 'stop')}data: [DONE]\n\n`)
}

describe('completions clients of a backend that is silent', () => {
  const continueText = (origin: string): Promise<string> => {
    const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'any', maxRetries: 0 })
    return client.completions
      .create({ model: 'auto', prompt: 'Once', stream: true })
      .then((chunks) => textOf(chunks, (chunk) => chunk.choices[0]?.text ?? ''))
  }

  for (const [backend, script] of [
    ['chat', continued],
    ['messages', play(PROTOCOLS.messages.server, ANSWER)],
  ] as const) {
    test(`${backend}: comments, then the answer`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, late(gate, script)]])
      const asking = continueText(relay.origin)
      await relay.until((text) => count(text, COMMENT) >= 3)
      gate.open()
      assert.equal(await asking, ANSWER.text.join(''))
      assert.match(relay.text(), /data: \[DONE\]\n\n$/)
    })

    test(`${backend}: an error in their words, and no [DONE]`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, late(gate, hangUp)]])
      const asking = continueText(relay.origin)
      await relay.until((text) => count(text, COMMENT) >= 2)
      gate.open()
      await assert.rejects(asking, /b0/)
      assert.ok(!relay.text().includes('[DONE]'))
    })
  }
})

describe('the packages of the protocols take such a stream', () => {
  for (const backend of NAMES) {
    const { server } = PROTOCOLS[backend]

    test(`openai responses.stream() over ${backend}`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, pausing(server, gate, 'before anything')]])
      const client = new OpenAI({ baseURL: `${relay.origin}/v1`, apiKey: 'any', maxRetries: 0 })
      const stream = client.responses.stream({ model: 'auto', input: 'Hello' })
      const final = stream.finalResponse()
      await relay.until((text) => count(text, COMMENT) + count(text, SIGNS.responses) >= 3)
      gate.open()
      assert.equal((await final).output_text, ANSWER.text.join(''))
      assert.equal((await final).status, 'completed')
    })

    test(`openai responses.stream() over ${backend}, silent in the middle`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, pausing(server, gate, 'in the middle')]])
      const client = new OpenAI({ baseURL: `${relay.origin}/v1`, apiKey: 'any', maxRetries: 0 })
      const stream = client.responses.stream({ model: 'auto', input: 'Hello' })
      const final = stream.finalResponse()
      await relay.until((text) => count(text, COMMENT) + count(text, SIGNS.responses) >= 4)
      gate.open()
      assert.equal((await final).output_text, ANSWER.text.join(''))
    })

    test(`openai chat.completions.stream() over ${backend}`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, pausing(server, gate, 'before anything')]])
      const client = new OpenAI({ baseURL: `${relay.origin}/v1`, apiKey: 'any', maxRetries: 0 })
      const messages = [{ role: 'user' as const, content: 'Hello' }]
      const final = client.chat.completions.stream({ model: 'auto', messages }).finalContent()
      await relay.until((text) => count(text, COMMENT) >= 3)
      gate.open()
      assert.equal(await final, ANSWER.text.join(''))
    })

    test(`@anthropic-ai/sdk messages.stream() over ${backend}`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, pausing(server, gate, 'before anything')]])
      const client = new Anthropic({ baseURL: relay.origin, apiKey: 'any', maxRetries: 0 })
      const messages = [{ role: 'user' as const, content: 'Hello' }]
      const final = client.messages.stream({ model: 'auto', max_tokens: 99, messages }).finalMessage()
      await relay.until((text) => count(text, SIGNS.messages) >= 3)
      gate.open()
      const [block] = (await final).content
      assert.ok(block?.type === 'text')
      assert.equal(block.text, ANSWER.text.join(''))
      assert.equal((await final).stop_reason, 'end_turn')
    })

    test(`ollama over ${backend}`, async (t) => {
      const gate = createGate()
      const { relay } = await start(t, [[backend, pausing(server, gate, 'behind its opening')]])
      const asking = new Ollama({ host: relay.origin })
        .chat({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], stream: true })
        .then((parts) => textOf(parts, (part) => part.message.content))
      await relay.until((text) => count(text, SIGNS.ollama) >= 3)
      gate.open()
      assert.equal(await asking, ANSWER.text.join(''))
      assert.match(relay.text(), /"done":true/)
    })
  }

  test('ollama generate over chat: lines with an empty `response`', async (t) => {
    const gate = createGate()
    const { relay } = await start(t, [['chat', pausing(PROTOCOLS.chat.server, gate, 'before anything')]])
    const asking = new Ollama({ host: relay.origin })
      .generate({ model: 'auto', prompt: 'Hello', stream: true })
      .then((parts) => textOf(parts, (part) => part.response ?? ''))
    await relay.until((text) => count(text, /"response":""[^\n]*"done":false/g) >= 3)
    gate.open()
    assert.equal(await asking, ANSWER.text.join(''))
    assert.match(relay.text(), /"done":true/)
  })
})

async function textOf<Part>(parts: AsyncIterable<Part>, read: (part: Part) => string): Promise<string> {
  let text = ''
  for await (const part of parts) text += read(part)
  return text
}

describe('a client that is kept waiting', () => {
  test('and leaves takes its request back from the backend', async (t) => {
    const gate = createGate()
    const { router, backends } = await start(t, [
      ['chat', pausing(PROTOCOLS.chat.server, gate, 'before anything')],
    ])
    const client = await openRaw(router.url)
    const body = { model: 'auto', stream: true, messages: [{ role: 'user', content: 'Hello' }] }
    client.socket.write(rawPost('/v1/chat/completions', JSON.stringify(body)))
    await client.until(': keep-alive')
    assert.match(client.text(), /^HTTP\/1\.1 200 /)
    client.leave()
    await backends[0]?.untilAborted(1)
    gate.open()
    assert.deepEqual(router.defects, [])
  })

  test('is told of a whole answer, not kept waiting: buffered requests get no sign', async (t) => {
    const gate = createGate()
    const { router, backends } = await start(t, [['chat', late(gate, play(PROTOCOLS.chat.server, ANSWER))]])
    const asking = router.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] })
    await backends[0]?.nextRequest()
    await new Promise((resolve) => setTimeout(resolve, 4 * KEEP_ALIVE_MS))
    gate.open()
    const response = await asking
    assert.equal(response.headers.get('x-llr-pending'), null)
    assert.match(await response.text(), /^\{/)
  })

  test('while a backend writes what the client is only given whole', async (t) => {
    const gate = createGate()
    const over = new AbortController()
    void gate.opened.then(() => over.abort())
    const slow: Script = async ({ method }, response) => {
      if (method === 'GET') return sendJson(response, 200, { data: [] })
      const send = (delta: object, finish: string | null = null): void => {
        const choices = [{ index: 0, delta, finish_reason: finish }]
        const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
        response.write(`data: ${JSON.stringify(chunk)}\n\n`)
      }
      const call = (more: object): object => ({ tool_calls: [{ index: 0, ...more }] })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      send({
        role: 'assistant',
        ...call({ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":"' } }),
      })
      // Never silent for as long as a sign takes.
      while (!over.signal.aborted) {
        send(call({ function: { arguments: 'x' } }))
        await new Promise((resolve) => setTimeout(resolve, KEEP_ALIVE_MS / 4))
      }
      send(call({ function: { arguments: '"}' } }))
      send({}, 'tool_calls')
      response.end('data: [DONE]\n\n')
    }
    const { relay } = await start(t, [['chat', slow]])
    t.after(gate.open)
    const tools = [{ name: 'f', description: '', parameters: { type: 'object', properties: {} } }]
    const asking = PROTOCOLS.ollama.ask(relay.origin, { ...ASK, tools })
    await relay.until((text) => count(text, SIGNS.ollama) >= 2)
    gate.open()
    const answered = await asking
    assert.equal(answered.calls[0]?.name, 'f')
    assert.equal(answered.finish, 'tool_calls')
  })

  test('before content: a backend whose time runs out gives way to the next', async (t) => {
    const stage = createStage(t)
    const silent = await stage.backend(late(createGate(), hangUp))
    const other = await stage.backend(play(PROTOCOLS.messages.server, ANSWER))
    const router = await stage.router(`
backends:
  silent: { type: openai-compatible, endpoint: "${silent.origin}/v1", model: m, timeouts: { firstTokenMs: 80, keepAliveMs: 15 } }
  other: { type: openai-compatible, protocol: messages, endpoint: "${other.origin}/v1", model: m }
routes: [{ default: silent, fallback: other }]
`)
    const answered = await PROTOCOLS.responses.ask(router.url, ASK)
    assertAnswered(answered, ANSWER, [PROTOCOLS.responses, PROTOCOLS.messages])
    assert.equal(answered.headers.get('x-llr-pending'), 'true')
    await silent.untilAborted(1)
  })
})
