/** Texts turned into vectors: by one model, whoever asks and however, and never by another one. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Ollama } from 'ollama'
import { chatScript, sendJson, type Backend, type Script } from '../support/backend.ts'
import { hangUp, status500 } from '../support/failing.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const PATH = '/v1/embeddings'
const CANARY = 'Bilby-3310-Canary'
const SECRET = `My card is 4111 1111 1111 1111, ${CANARY}`

/** Values that 32-bit floats hold exactly, of length 1. */
const VECTOR = [0.5, -0.5, 0.5, -0.5]
const BASE64 = Buffer.from(Float32Array.from(VECTOR).buffer).toString('base64')

/** An Ollama with these models, which answers `/api/embed` as its clients know it. */
const ollama =
  (...models: readonly string[]): Script =>
  ({ method, path, body }, response) => {
    if (method === 'GET') {
      return sendJson(response, 200, { models: models.map((name) => ({ name, model: name, size: 1 })) })
    }
    if (path !== '/api/embed') return sendJson(response, 404, { error: 'not found' })
    const { input, model } = body
    if (!Array.isArray(input) && typeof input !== 'string')
      return sendJson(response, 400, { error: 'invalid' })
    const count = typeof input === 'string' ? 1 : input.length
    const embeddings = Array.from({ length: count }, () => VECTOR)
    return sendJson(response, 200, { model, embeddings, total_duration: 5, prompt_eval_count: 7 })
  }

/** An OpenAI-compatible server. */
const openai: Script = ({ method, path, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { data: [] })
  if (path !== PATH) return sendJson(response, 404, { error: { message: 'no such path' } })
  const { input, model, encoding_format: format } = body
  const several = Array.isArray(input) && typeof input[0] !== 'number'
  const data = Array.from({ length: several ? input.length : 1 }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: format === 'base64' ? BASE64 : VECTOR,
  }))
  return sendJson(response, 200, {
    object: 'list',
    data,
    model,
    usage: { prompt_tokens: 7, total_tokens: 7 },
  })
}

const MAKERS = [
  ['ollama', ollama('nomic:latest')],
  ['openai-compatible', openai],
] as const

async function start(
  t: TestContext,
  type: (typeof MAKERS)[number][0],
  script: Script,
): Promise<{ readonly router: RunningRouter; readonly backend: Backend }> {
  const stage = createStage(t)
  const backend = await stage.backend(script)
  const router = await stage.router(`
backends:
  one: { type: ${type}, endpoint: "${backend.origin}${type === 'ollama' ? '' : '/v1'}", model: m, embeddings: nomic }
routes: [{ default: one }]
`)
  return { router, backend }
}

interface Vectors {
  readonly object: string
  readonly model: string
  readonly data: readonly { readonly index: number; readonly embedding: unknown }[]
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number }
}

async function vectorsOf(response: Response): Promise<Vectors> {
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text) as Vectors
}

async function assertRefused(response: Response, status: number, code: string): Promise<string> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  const { error } = JSON.parse(text) as { error: { code: string; message: string } }
  assert.equal(error.code, code, text)
  assert.ok(!text.includes(CANARY), text)
  return error.message
}

for (const [type, script] of MAKERS) {
  describe(`vectors by ${type}`, () => {
    test('as numbers, of one text and of several', async (t) => {
      const { router, backend } = await start(t, type, script)
      const one = await router.post(PATH, { model: 'text-embedding-3-small', input: 'Hello' })
      assert.equal(one.headers.get('x-llr-backend'), 'one')
      assert.equal(one.headers.get('x-llr-model'), 'nomic')
      assert.equal(one.headers.get('x-llr-route'), 'embeddings')
      assert.equal(one.headers.get('x-llr-dropped'), null)
      const { data, object, usage, model } = await vectorsOf(one)
      assert.equal(object, 'list')
      assert.equal(model, 'nomic')
      assert.deepEqual(
        data.map(({ embedding }) => embedding),
        [VECTOR],
      )
      assert.deepEqual(usage, { prompt_tokens: 7, total_tokens: 7 })
      assert.equal(backend.received[0]?.body['model'], 'nomic')
      const input = ['One', 'Two', 'Three']
      const several = await vectorsOf(await router.post(PATH, { input, encoding_format: 'float' }))
      assert.deepEqual(
        several.data.map(({ index }) => index),
        [0, 1, 2],
      )
      assert.deepEqual(backend.received[1]?.body['input'], input)
      assert.deepEqual(router.defects, [])
    })

    test('as base64, which the package asks for by itself', async (t) => {
      const { router } = await start(t, type, script)
      const raw = await vectorsOf(
        await router.post(PATH, { input: ['Hello', 'you'], encoding_format: 'base64' }),
      )
      assert.deepEqual(
        raw.data.map(({ embedding }) => embedding),
        [BASE64, BASE64],
      )
      const read = await router.openai.embeddings.create({ model: 'auto', input: 'Hello' })
      assert.deepEqual([...(read.data[0]?.embedding ?? [])], VECTOR)
    })

    test('of a wanted length', async (t) => {
      const { router, backend } = await start(t, type, script)
      await vectorsOf(await router.post(PATH, { input: 'Hello', dimensions: 4 }))
      assert.equal(backend.received[0]?.body['dimensions'], 4)
    })

    test('asked for in Ollama’s two ways', async (t) => {
      const { router, backend } = await start(t, type, script)
      const client = new Ollama({ host: router.url })
      const { embeddings, model } = await client.embed({ model: 'nomic', input: ['One', 'Two'] })
      assert.deepEqual(embeddings, [VECTOR, VECTOR])
      assert.equal(model, 'nomic')
      const { embedding } = await client.embeddings({ model: 'nomic', prompt: 'One' })
      assert.deepEqual(embedding, VECTOR)
      assert.equal(backend.received.length, 2)
    })

    test('stream: true changes nothing', async (t) => {
      const { router } = await start(t, type, script)
      await vectorsOf(await router.post(PATH, { input: 'Hello', stream: true }))
    })

    test('what is wrong with the request is said', async (t) => {
      const { router, backend } = await start(t, type, script)
      for (const body of [{}, { input: [] }, { input: '' }, { input: ['a', 7] }, { input: { a: 1 } }]) {
        const response = await router.post(PATH, body)
        assert.equal(response.status, 400, JSON.stringify(body))
        await response.body?.cancel()
      }
      const bad = await router.post(PATH, { input: 'x', encoding_format: CANARY })
      await assertRefused(bad, 400, 'invalid_value')
      await assertRefused(await router.post(PATH, { input: 'x', dimensions: -1 }), 400, 'invalid_value')
      assert.equal(backend.received.length, 0)
    })
  })
}

describe('token ids', () => {
  for (const input of [
    [1, 2, 3],
    [
      [1, 2],
      [3, 4],
    ],
  ]) {
    test(`${JSON.stringify(input)} go to a server that takes them, and not to Ollama`, async (t) => {
      const own = await start(t, 'openai-compatible', openai)
      const { data } = await vectorsOf(await own.router.post(PATH, { input }))
      assert.equal(data.length, Array.isArray(input[0]) ? 2 : 1)
      assert.deepEqual(own.backend.received[0]?.body['input'], input)

      const other = await start(t, 'ollama', ollama('nomic:latest'))
      const message = await assertRefused(await other.router.post(PATH, { input }), 400, 'unsupported_value')
      assert.match(message, /token ids/)
      assert.equal(other.backend.received.length, 0)
    })
  }

  test('go past an Ollama to the same model elsewhere', async (t) => {
    const stage = createStage(t)
    const first = await stage.backend(ollama('nomic'))
    const second = await stage.backend(openai)
    const router = await stage.router(`
backends:
  first: { type: ollama, endpoint: "${first.origin}", embeddings: nomic }
  second: { type: openai-compatible, endpoint: "${second.origin}/v1", embeddings: nomic }
  chat: { type: demo }
routes: [{ default: chat }]
`)
    const response = await router.post(PATH, { input: [1, 2, 3] })
    assert.equal(response.headers.get('x-llr-backend'), 'second', await response.text())
    assert.equal(first.received.length, 0)
  })
})

describe('which model makes them', () => {
  async function house(t: TestContext, scripts: { readonly first?: Script; readonly twin?: Script } = {}) {
    const stage = createStage(t)
    const first = await stage.backend(scripts.first ?? ollama('nomic', 'm'))
    const twin = await stage.backend(scripts.twin ?? openai)
    const other = await stage.backend(openai)
    const router = await stage.router(`
backends:
  chat: { type: demo }
  first: { type: ollama, endpoint: "${first.origin}", embeddings: nomic }
  twin: { type: openai-compatible, endpoint: "${twin.origin}/v1", embeddings: nomic }
  other: { type: openai-compatible, endpoint: "${other.origin}/v1", model: gpt, embeddings: te/large }
routes: [{ default: chat, fallback: other }]
`)
    return { first, twin, other, router }
  }

  test('by its name', async (t) => {
    const { router } = await house(t)
    for (const [model, name] of [
      ['auto', 'first'],
      ['', 'first'],
      ['text-embedding-3-small', 'first'],
      ['nomic', 'first'],
      ['nomic:latest', 'first'],
      ['first', 'first'],
      ['first/nomic', 'first'],
      ['twin', 'twin'],
      ['twin/nomic', 'twin'],
      ['te/large', 'other'],
      ['other', 'other'],
      ['other/te/large', 'other'],
    ] as const) {
      const response = await router.post(PATH, { model, input: 'Hello' })
      assert.equal(response.headers.get('x-llr-backend'), name, `${model}: ${await response.text()}`)
    }
    for (const model of ['chat', 'other/gpt']) {
      await assertRefused(await router.post(PATH, { model, input: 'Hello' }), 400, 'no_target')
    }
  })

  for (const [what, failure] of [
    ['fails', status500],
    ['hangs up', hangUp],
  ] as const) {
    test(`where it ${what} the very same model stands in, and no other`, async (t) => {
      const { router, first, twin, other } = await house(t)
      first.script((request, response) =>
        request.method === 'GET' ? ollama('nomic')(request, response) : failure(request, response),
      )
      const response = await router.post(PATH, { input: 'Hello' })
      assert.equal(response.headers.get('x-llr-backend'), 'twin')
      assert.deepEqual((await vectorsOf(response)).data[0]?.embedding, VECTOR)
      twin.script(failure)
      await assertRefused(await router.post(PATH, { input: 'Hello' }), 502, 'upstream_error')
      assert.equal(other.received.length, 0)
    })
  }

  test('an answer that is no vectors is none', async (t) => {
    for (const embeddings of [[], [VECTOR, VECTOR], [[]], ['x'], 'x', [[1, null]]]) {
      const script: Script = ({ method }, response) =>
        sendJson(response, 200, method === 'GET' ? { models: [] } : { model: 'nomic', embeddings })
      const { router } = await start(t, 'ollama', script)
      const response = await router.post(PATH, { input: 'Hello' })
      await assertRefused(response, 502, 'upstream_error')
      assert.deepEqual(router.defects, [])
    }
  })

  test('nobody does: the answer says what to write into the policy', async (t) => {
    const stage = createStage(t)
    const router = await stage.router('backends: { chat: { type: demo } }\nroutes: [{ default: chat }]\n')
    const message = await assertRefused(await router.post(PATH, { input: 'Hello' }), 400, 'no_target')
    assert.match(message, /`embeddings: MODEL`/)
    const legacy = await router.post('/api/embed', { model: 'nomic', input: 'Hello' })
    assert.equal(legacy.status, 400)
    assert.match(((await legacy.json()) as { error: string }).error, /embeddings: MODEL/)
  })
})

describe('a private text', () => {
  const BODIES = [
    [PATH, { input: SECRET }],
    [PATH, { input: ['Hello', SECRET], encoding_format: 'base64' }],
    ['/api/embed', { model: 'nomic', input: ['Hello', SECRET] }],
    ['/api/embeddings', { model: 'nomic', prompt: SECRET }],
  ] as const

  test('is not sent to a hosted embedder, though there is no other', async (t) => {
    const stage = createStage(t)
    const hosted = await stage.backend(openai)
    const local = await stage.backend(ollama('m', 'bge'))
    const router = await stage.router(`
backends:
  local: { type: ollama, endpoint: "${local.origin}", model: m, embeddings: bge }
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt, embeddings: large }
routes: [{ default: local }]
`)
    for (const [path, body] of BODIES) {
      for (const model of ['large', 'hosted', 'hosted/large']) {
        const response = await router.post(path, { ...body, model })
        const text = await response.text()
        assert.equal(response.status, 400, text)
        assert.match(text, /proven local/)
        assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
        assert.ok(!text.includes(CANARY))
      }
      const marked = { model: 'large', input: CANARY, prompt: CANARY }
      assert.equal((await router.post(path, marked, { 'x-llr-sensitivity': 'high' })).status, 400)
    }
    const named = await router.post(PATH, { input: SECRET, model: 'hosted' })
    await assertRefused(named, 400, 'privacy_no_local_target')
    assert.equal(hosted.received.length, 0)
    assert.equal(local.received.length, 0, 'nor to another model')
  })

  test('is embedded by the same model at home', async (t) => {
    const stage = createStage(t)
    const hosted = await stage.backend(openai)
    const local = await stage.backend(ollama('nomic'))
    const router = await stage.router(`
backends:
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt, embeddings: nomic }
  local: { type: ollama, endpoint: "${local.origin}", embeddings: nomic }
routes: [{ default: hosted }]
`)
    for (const [path, body] of BODIES) {
      const response = await router.post(path, body)
      assert.equal(response.headers.get('x-llr-backend'), 'local', await response.text())
    }
    local.script((request, response) =>
      request.method === 'GET' ? ollama('nomic')(request, response) : status500(request, response),
    )
    for (const [path, body] of BODIES) assert.ok((await router.post(path, body)).status >= 502)
    assert.equal(hosted.received.length, 0)
    for (const text of hosted.seen) assert.ok(!text.includes(CANARY))
  })
})

describe('a chat', () => {
  test('never goes to a backend that only embeds', async (t) => {
    const stage = createStage(t)
    const embedder = await stage.backend(openai)
    const chat = await stage.backend(chatScript('hello'))
    const backends = `
backends:
  embedder: { type: openai-compatible, endpoint: "${embedder.origin}/v1", embeddings: nomic }
  chat: { type: openai-compatible, endpoint: "${chat.origin}/v1", model: m }
`
    await assert.rejects(
      stage.router(`${backends}routes: [{ default: embedder }]`),
      /makes vectors and answers nothing/,
    )
    const router = await stage.router(`${backends}routes: [{ default: chat }]`)
    for (const path of ['/v1/chat/completions', '/api/chat']) {
      const messages = [{ role: 'user', content: 'Hello' }]
      const response = await router.post(path, { model: 'auto', messages, stream: false })
      assert.equal(response.headers.get('x-llr-backend'), 'chat', await response.text())
      for (const model of ['embedder', 'embedder/nomic']) {
        const pinned = await router.post(path, { model, messages, stream: false })
        assert.equal(pinned.status, 400, `${model}: ${await pinned.text()}`)
      }
    }
    assert.equal(embedder.received.length, 0)
  })
})
