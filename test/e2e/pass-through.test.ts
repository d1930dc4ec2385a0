/** One protocol on both sides: whose key, which version, which betas and which path, and nothing else of the client's. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import type { Backend, Script } from '../support/backend.ts'
import type { Answer } from '../support/protocols/neutral.ts'
import { play } from '../support/protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const PATH = '/v1/messages'
const KEY = 'sk-house-0001'
const ANSWER: Answer = {
  text: ['One ', 'answer.'],
  finish: 'stop',
  usage: { input: 9, output: 4, cached: 0, reasoning: 0 },
}
const BODY = { model: 'claude-x', max_tokens: 99, messages: [{ role: 'user', content: 'Hello' }] } as const
const OWN = {
  'x-api-key': 'client-secret-1',
  authorization: 'Bearer client-secret-2',
  cookie: 'session=client-secret-3',
  'user-agent': 'client-secret-4',
  'anthropic-version': '2099-01-01',
  'anthropic-dangerous-direct-browser-access': 'true',
  'x-stainless-lang': 'client-secret-5',
  'x-app': 'client-secret-6',
}

const KINDS = {
  'openai-compatible': 'type: openai-compatible, protocol: messages, apiKeyEnv: HOUSE_KEY',
  anthropic: 'type: anthropic, apiKeyEnv: HOUSE_KEY',
  both: 'type: openai-compatible, protocol: [messages, chat], apiKeyEnv: HOUSE_KEY',
  'chat first': 'type: openai-compatible, protocol: [chat, messages], apiKeyEnv: HOUSE_KEY',
} as const

async function start(
  t: TestContext,
  kind: keyof typeof KINDS,
): Promise<{ readonly router: RunningRouter; readonly backend: Backend }> {
  const stage = createStage(t)
  const backend = await stage.backend(play(PROTOCOLS.messages.server, ANSWER))
  const router = await stage.router(
    `
backends:
  native: { ${KINDS[kind]}, endpoint: "${backend.origin}/v1", model: m }
routes: [{ default: native }]
`,
    { env: { HOUSE_KEY: KEY } },
  )
  return { router, backend }
}

for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
  describe(`Messages passed on to a backend of kind ${kind}`, () => {
    test('with the version and the key of the house, and no header of the client’s', async (t) => {
      const { router, backend } = await start(t, kind)
      for (const stream of [false, true]) {
        const response = await router.post(`${PATH}?beta=true`, { ...BODY, stream }, OWN)
        const text = await response.text()
        assert.equal(response.status, 200, text)
        assert.ok(!text.includes(KEY))
        assert.equal(response.headers.get('request-id'), response.headers.get('x-llr-request-id'))
        const { headers, path } = backend.received.at(-1) ?? assert.fail()
        assert.equal(path, PATH)
        assert.equal(headers['anthropic-version'], '2023-06-01')
        assert.equal(headers['x-api-key'], KEY)
        assert.equal(headers['anthropic-beta'], undefined)
        assert.deepEqual(
          Object.keys(headers).filter((name) => name.startsWith('x-') && name !== 'x-api-key'),
          [],
        )
      }
      for (const text of backend.seen) assert.ok(!text.includes('client-secret'), text)
    })

    test('with the betas that the client names, where they are names', async (t) => {
      const { router, backend } = await start(t, kind)
      for (const [sent, expected] of [
        ['context-1m-2025-08-07', 'context-1m-2025-08-07'],
        ['a-1, b-2 ,c-3', 'a-1,b-2,c-3'],
        ['a-1, evil; x=1, b 2, C-3, ../x, "q", client_secret', 'a-1'],
        [`${'x'.repeat(65)}, a-1`, 'a-1'],
        [
          Array.from({ length: 50 }, (_, i) => `b-${i}`).join(','),
          Array.from({ length: 32 }, (_, i) => `b-${i}`).join(','),
        ],
        ['', undefined],
        ['EVIL', undefined],
      ] as const) {
        const response = await router.post(PATH, BODY, { 'anthropic-beta': sent })
        assert.equal(response.status, 200, await response.text())
        assert.equal(backend.received.at(-1)?.headers['anthropic-beta'], expected, sent)
      }
    })
  })
}

describe('anthropic-beta', () => {
  test('of a client of another protocol goes nowhere', async (t) => {
    const { router, backend } = await start(t, 'anthropic')
    const body = { messages: [{ role: 'user', content: 'Hello' }] }
    const response = await router.post('/v1/chat/completions', body, { 'anthropic-beta': 'a-1' })
    assert.equal(response.status, 200, await response.text())
    assert.equal(backend.received[0]?.headers['anthropic-beta'], undefined)
    assert.equal(backend.received[0]?.headers['anthropic-version'], '2023-06-01')
    assert.equal(backend.received[0]?.headers['x-api-key'], KEY)
  })

  test('goes to no backend of another protocol', async (t) => {
    const stage = createStage(t)
    const chat = await stage.backend(play(PROTOCOLS.chat.server, ANSWER))
    const router = await stage.router(
      `
backends: { chat: { type: openai-compatible, endpoint: "${chat.origin}/v1", model: m, apiKeyEnv: HOUSE_KEY } }
routes: [{ default: chat }]
`,
      { env: { HOUSE_KEY: KEY } },
    )
    const response = await router.post(PATH, BODY, { ...OWN, 'anthropic-beta': 'a-1' })
    assert.equal(response.status, 200, await response.text())
    const { headers } = chat.received[0] ?? assert.fail()
    assert.equal(headers['anthropic-beta'], undefined)
    assert.equal(headers['anthropic-version'], undefined)
    assert.equal(headers['x-api-key'], undefined)
    assert.equal(headers.authorization, `Bearer ${KEY}`)
    for (const text of chat.seen) assert.ok(!text.includes('client-secret'), text)
  })

  test('by the package, which names them itself', async (t) => {
    const { router, backend } = await start(t, 'anthropic')
    const client = new Anthropic({ baseURL: router.url, apiKey: 'client-secret', maxRetries: 0 })
    const message = await client.beta.messages.create({
      ...BODY,
      messages: [...BODY.messages],
      betas: ['context-1m-2025-08-07'],
    })
    assert.equal(message.stop_reason, 'end_turn')
    assert.equal(backend.received[0]?.headers['anthropic-beta'], 'context-1m-2025-08-07')
    for (const text of backend.seen) assert.ok(!text.includes('client-secret'), text)
  })
})

describe('without a key', () => {
  test('a server of the house gets none; the provider’s own is not asked', async (t) => {
    const stage = createStage(t)
    const backend = await stage.backend(play(PROTOCOLS.messages.server, ANSWER))
    const router = await stage.router(`
backends:
  house: { type: anthropic, endpoint: "${backend.origin}/v1", model: m }
  provider: { type: anthropic, model: claude }
routes: [{ default: house }]
`)
    assert.equal((await router.post(PATH, BODY, OWN)).status, 200)
    assert.equal(backend.received[0]?.headers['x-api-key'], undefined)
    const response = await router.post(PATH, { ...BODY, model: 'provider' }, OWN)
    const text = await response.text()
    assert.notEqual(response.status, 200)
    assert.match(text, /ANTHROPIC_API_KEY/)
  })
})

describe('a server of several protocols', () => {
  const names = Object.keys(PROTOCOLS) as readonly ProtocolName[]
  const scripts = names.map(
    (name) => [PROTOCOLS[name].server.path, play(PROTOCOLS[name].server, ANSWER)] as const,
  )
  /** Speaks all four, each at its own path, as Ollama does. */
  const all: Script = (request, response) => {
    const isTags = request.path.startsWith('/api/')
    const [, script] =
      scripts.find(([path]) => path === request.path) ??
      scripts[isTags ? names.indexOf('ollama') : 0] ??
      assert.fail()
    return script(request, response)
  }

  for (const type of ['openai-compatible', 'ollama'] as const) {
    for (const first of names) {
      const order = [first, ...names.filter((name) => name !== first)]
      test(`${type}, [${order.join(', ')}]: each client at its own path, with the key as that protocol has it`, async (t) => {
        const stage = createStage(t)
        const backend = await stage.backend(all)
        const endpoint = first === 'ollama' ? backend.origin : `${backend.origin}/v1`
        const router = await stage.router(
          `
backends:
  one: { type: ${type}, protocol: [${order.join(', ')}], endpoint: "${endpoint}", model: m, apiKeyEnv: HOUSE_KEY }
routes: [{ default: one }]
`,
          { env: { HOUSE_KEY: KEY } },
        )
        for (const name of names) {
          const turns = [{ role: 'user' as const, text: 'Hello' }]
          const answered = await PROTOCOLS[name].ask(router.url, { turns, stream: false })
          assert.equal(answered.error, null, `${name}: ${answered.raw}`)
          assert.equal(answered.text, 'One answer.')
          const { path, headers } = backend.received.at(-1) ?? assert.fail()
          assert.equal(path, PROTOCOLS[name].server.path)
          const isMessages = name === 'messages'
          assert.equal(headers['x-api-key'], isMessages ? KEY : undefined, name)
          assert.equal(headers['anthropic-version'], isMessages ? '2023-06-01' : undefined, name)
          if (!isMessages) assert.equal(headers.authorization, `Bearer ${KEY}`, name)
        }
      })
    }
  }
})
