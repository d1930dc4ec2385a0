/** What programs written for Ollama look for before and beside their chats. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { chatScript, ollamaScript, sendJson, type Backend, type Script } from '../support/backend.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const CANARY = 'Dunnart-5512-Canary'
const DETAILS = {
  parent_model: '',
  format: 'gguf',
  family: 'qwen2',
  families: ['qwen2'],
  parameter_size: '7.6B',
  quantization_level: 'Q4_K_M',
}
const LISTED = ['qwen2.5-coder:7b', 'llama3.2:latest', 'nomic-embed-text:latest'].map((name, index) => ({
  name,
  model: name,
  modified_at: '2026-11-20T00:00:00Z',
  size: 1_000_000 + index,
  digest: 'a'.repeat(64),
  details: DETAILS,
}))
const RUNNING = {
  ...LISTED[0],
  size_vram: 900_000,
  expires_at: '2026-11-25T00:00:00Z',
  context_length: 32_768,
}
const SHOWN = {
  modelfile: '# qwen',
  parameters: 'stop "x"',
  template: '{{ .Prompt }}',
  details: DETAILS,
  model_info: { 'general.architecture': 'qwen2', 'qwen2.context_length': 32_768 },
  capabilities: ['completion', 'tools', 'insert'],
}

const real: Script = (request, response) => {
  const { method, path, body } = request
  if (path === '/api/tags') return sendJson(response, 200, { models: LISTED })
  if (path === '/api/ps') return sendJson(response, 200, { models: [RUNNING] })
  if (path === '/api/version') return sendJson(response, 200, { version: '0.32.15' })
  if (method === 'POST' && path === '/api/show') {
    const model = typeof body['model'] === 'string' ? body['model'] : ''
    return LISTED.some(({ name }) => name === model || name === `${model}:latest`)
      ? sendJson(response, 200, SHOWN)
      : sendJson(response, 404, { error: `model '${model}' not found` })
  }
  return ollamaScript('Hello from Ollama', [])(request, response)
}

interface Scene {
  readonly router: RunningRouter
  readonly local: Backend
  readonly hosted: Backend
}

async function start(t: TestContext, script: Script = real): Promise<Scene> {
  const stage = createStage(t)
  const local = await stage.backend(script)
  const hosted = await stage.backend(chatScript('hosted'))
  const router = await stage.router(`
backends:
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt-4o, capabilities: { tools: false, vision: true } }
  local:
    type: ollama
    endpoint: "${local.origin}"
    families: { qwen-coder: qwen2.5-coder:7b, llama: llama3.2 }
    embeddings: nomic-embed-text
routes: [{ default: local, fallback: hosted }]
`)
  return { router, local, hosted }
}

async function json<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
  return JSON.parse(text) as T
}

interface Tag {
  readonly name: string
  readonly model: string
  readonly size: number
  readonly digest: string
  readonly modified_at: string
  readonly details: typeof DETAILS
}

describe('what there is', () => {
  test('tags: every name that can be asked for, whole enough for every client', async (t) => {
    const { router } = await start(t)
    const { models } = await json<{ models: readonly Tag[] }>(await fetch(`${router.url}/api/tags`))
    const { data } = await json<{ data: readonly { id: string }[] }>(await fetch(`${router.url}/v1/models`))
    const names = [
      'auto',
      'hosted',
      'hosted/gpt-4o',
      'local',
      'local/qwen2.5-coder:7b',
      'local/llama3.2',
      'local/nomic-embed-text',
    ]
    assert.deepEqual(
      models.map(({ name }) => name),
      names,
    )
    assert.deepEqual(
      data.map(({ id }) => id),
      names,
    )
    for (const { name, model, digest, modified_at, details } of models) {
      assert.equal(model, name)
      assert.match(digest, /^[\da-f]{64}$/)
      assert.ok(Math.abs(Date.parse(modified_at) - Date.now()) < 60_000)
      for (const key of Object.keys(DETAILS)) assert.ok(key in details, key)
    }
    assert.equal(new Set(models.map(({ digest }) => digest)).size, models.length)
    const sizes = Object.fromEntries(models.map(({ name, size }) => [name, size]))
    assert.equal(sizes['local/qwen2.5-coder:7b'], 1_000_000)
    assert.equal(sizes['local/llama3.2'], 1_000_001, 'the tag may be left out')
    assert.equal(sizes['hosted/gpt-4o'], 0)
  })

  test('a name from the list can be asked for, by each of the paths', async (t) => {
    const { router } = await start(t)
    const { models } = await json<{ models: readonly Tag[] }>(await fetch(`${router.url}/api/tags`))
    for (const { name } of models) {
      if (name.endsWith('embed-text')) continue
      const messages = [{ role: 'user', content: 'Hi' }]
      const response = await router.post('/api/chat', { model: name, messages, stream: false })
      assert.equal(response.status, 200, `${name}: ${await response.text()}`)
    }
  })

  test('version: what codex asks for, at least 0.13.4', async (t) => {
    const { router } = await start(t)
    const { version } = await json<{ version: string }>(await fetch(`${router.url}/api/version`))
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
    assert.ok(major > 0 || minor > 13 || (minor === 13 && patch >= 4), version)
  })

  test('ps: what the Ollamas have in memory, by the names of the router', async (t) => {
    const { router } = await start(t)
    const { models } = await json<{ models: readonly object[] }>(await fetch(`${router.url}/api/ps`))
    const name = 'local/qwen2.5-coder:7b'
    assert.deepEqual(models, [{ ...RUNNING, name, model: name }])
  })

  test('ps: nothing of one that is down or tells rubbish', async (t) => {
    for (const models of [undefined, 'x', [7, null], {}]) {
      const { router } = await start(t, (request, response) =>
        request.path === '/api/ps' ? sendJson(response, 200, { models }) : real(request, response),
      )
      assert.deepEqual(await json(await fetch(`${router.url}/api/ps`)), { models: [] })
      assert.deepEqual(router.defects, [])
    }
    const { router, local } = await start(t)
    await local.close()
    assert.deepEqual(await json(await fetch(`${router.url}/api/ps`)), { models: [] })
  })

  test('that anything runs here at all', async (t) => {
    const { router } = await start(t)
    for (const path of ['/', '/api/version', '/api/tags']) {
      const head = await fetch(`${router.url}${path}`, { method: 'HEAD' })
      assert.equal(head.status, 200, path)
      assert.equal(await head.text(), '')
      assert.equal((await fetch(`${router.url}${path}`)).status, 200)
    }
  })
})

describe('show', () => {
  test('what the Ollama itself tells of a model of its own', async (t) => {
    const { router, local } = await start(t)
    for (const [body, asked] of [
      [{ model: 'local/qwen2.5-coder:7b' }, 'qwen2.5-coder:7b'],
      [{ name: 'local/qwen2.5-coder:7b', verbose: true }, 'qwen2.5-coder:7b'],
      [{ model: 'local/llama3.2:latest' }, 'llama3.2'],
      [{ model: 'local/llama3.2' }, 'llama3.2'],
      [{ model: 'local' }, 'llama3.2'],
      [{ model: 'local/nomic-embed-text' }, 'nomic-embed-text'],
      // A name that is not advertised means the default, as it does when an answer is asked for.
      [{ model: 'auto' }, 'llama3.2'],
      [{ model: 'auto:latest' }, 'llama3.2'],
      [{ model: 'gpt-oss:20b' }, 'llama3.2'],
      [{ model: '../../etc/passwd' }, 'llama3.2'],
    ] as const) {
      const shown = await json(await router.post('/api/show', body))
      assert.deepEqual(shown, SHOWN, JSON.stringify(body))
      assert.deepEqual(local.received.at(-1)?.body, { model: asked })
      assert.equal(local.received.at(-1)?.path, '/api/show')
    }
  })

  test('of a hosted model what the policy says', async (t) => {
    const { router, hosted } = await start(t)
    const shown = await json<typeof SHOWN>(await router.post('/api/show', { model: 'hosted/gpt-4o' }))
    assert.deepEqual(shown.capabilities, ['completion', 'vision'])
    assert.equal(typeof shown.model_info['general.architecture'], 'string')
    for (const key of Object.keys(DETAILS)) assert.ok(key in shown.details, key)
    assert.equal(hosted.received.length, 0)
  })

  test('of a model that its Ollama does not know, what the policy says', async (t) => {
    const { router } = await start(t, (request, response) =>
      request.path === '/api/show'
        ? sendJson(response, 404, { error: 'not found' })
        : real(request, response),
    )
    const { capabilities } = await json<typeof SHOWN>(await router.post('/api/show', { model: 'local' }))
    assert.deepEqual(capabilities, ['completion', 'tools'])
    const embedder = await json<typeof SHOWN>(
      await router.post('/api/show', { model: 'local/nomic-embed-text' }),
    )
    assert.deepEqual(embedder.capabilities, ['embedding'])
  })

  test('nothing can be shown of what nobody asks for', async (t) => {
    const { router, local } = await start(t)
    for (const body of [
      {},
      { model: '' },
      { model: 7 },
      '[]',
      '{',
      '',
      `{"model":"${'x'.repeat(70_000)}"}`,
    ]) {
      const { error } = await json<{ error: string }>(await router.post('/api/show', body), 400)
      assert.equal(typeof error, 'string')
    }
    assert.equal(local.received.length, 0)
  })

  test('without a content type, as curl does', async (t) => {
    const { router } = await start(t)
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    assert.deepEqual(await json(await router.post('/api/show', '{"model":"local"}', type)), SHOWN)
  })
})

describe('models are managed elsewhere', () => {
  for (const [method, path] of [
    ['POST', '/api/pull'],
    ['POST', '/api/push'],
    ['POST', '/api/create'],
    ['POST', '/api/copy'],
    ['DELETE', '/api/delete'],
    ['HEAD', `/api/blobs/sha256:${'a'.repeat(64)}`],
    ['POST', `/api/blobs/sha256:${'a'.repeat(64)}`],
  ] as const) {
    test(`${method} ${path.slice(0, 20)}`, async (t) => {
      const { router, local, hosted } = await start(t)
      const body = method === 'HEAD' ? null : JSON.stringify({ model: CANARY, stream: false })
      const response = await fetch(`${router.url}${path}`, { method, body })
      const text = await response.text()
      assert.equal(response.status, 403, text)
      if (method !== 'HEAD') {
        const { error, ...rest } = JSON.parse(text) as { error: string }
        assert.match(error, /manages no models/)
        assert.deepEqual(rest, {})
        assert.ok(!text.includes(CANARY))
      }
      for (const { seen } of [local, hosted]) for (const one of seen) assert.ok(!one.includes(path), one)
    })
  }

  test('errors at every path below /api are Ollama’s', async (t) => {
    const { router } = await start(t)
    for (const [method, path, status] of [
      ['GET', '/api/nothing', 404],
      ['GET', '/api/chat', 405],
      ['POST', '/api/nothing', 404],
    ] as const) {
      const response = await fetch(`${router.url}${path}`, { method })
      const body = await json<Record<string, unknown>>(response, status)
      assert.deepEqual(Object.keys(body), ['error'], path)
      assert.equal(typeof body['error'], 'string')
    }
    for (const path of ['/api/chat', '/api/generate', '/api/embed', '/api/embeddings']) {
      const bad = await json<Record<string, unknown>>(await router.post(path, '{'), 400)
      assert.deepEqual(Object.keys(bad), ['error'], path)
    }
  })
})

describe('loading a model ahead', () => {
  for (const [path, body, reason] of [
    ['/api/chat', { model: 'llama3.2', messages: [] }, 'load'],
    ['/api/chat', { model: 'llama3.2' }, 'load'],
    ['/api/chat', { model: 'llama3.2', messages: [], keep_alive: 0 }, 'unload'],
    ['/api/generate', { model: 'llama3.2' }, 'load'],
    ['/api/generate', { model: 'llama3.2', prompt: '' }, 'load'],
    ['/api/generate', { model: 'llama3.2', keep_alive: '0s' }, 'unload'],
  ] as const) {
    test(`${path} ${JSON.stringify(body)}`, async (t) => {
      const { router, local, hosted } = await start(t)
      for (const stream of [undefined, true, false]) {
        const response = await router.post(path, { ...body, stream })
        const answer = await json<Record<string, unknown>>(response)
        assert.equal(answer['done'], true)
        assert.equal(answer['done_reason'], reason)
        assert.equal(answer['model'], 'llama3.2')
        assert.ok(!Number.isNaN(Date.parse(String(answer['created_at']))))
        assert.ok(path === '/api/chat' ? 'message' in answer : answer['response'] === '')
      }
      assert.equal(local.received.length + hosted.received.length, 0)
    })
  }
})

describe('a body without a content type', () => {
  const chat = { model: 'auto', messages: [{ role: 'user', content: 'Hi' }], stream: false }
  const PATHS = [
    ['/api/chat', chat],
    ['/api/generate', { model: 'auto', prompt: 'Hi', stream: false }],
  ] as const

  async function send(url: string, path: string, body: object, headers: readonly string[]): Promise<string> {
    const client = await openRaw(url)
    const whole = rawPost(path, JSON.stringify(body), [...headers, 'Connection: close']).toString()
    client.socket.write(whole.replace('Content-Type: application/json\r\n', ''))
    return client.untilClosed()
  }

  for (const [path, body] of PATHS) {
    test(`${path}: is taken from curl, and from no web page`, async (t) => {
      const generate: Script = (request, response) =>
        request.path === '/api/generate'
          ? sendJson(response, 200, {
              model: 'm',
              created_at: '2026-11-22T00:00:00Z',
              response: 'Hi',
              done: true,
              done_reason: 'stop',
            })
          : real(request, response)
      const { router, local } = await start(t, generate)
      const form = 'Content-Type: application/x-www-form-urlencoded'
      for (const headers of [[], [form]]) {
        assert.match(await send(router.url, path, body, headers), /^HTTP\/1\.1 200 /)
      }
      const before = local.received.length
      for (const headers of [
        ['Origin: https://evil.example'],
        [form, 'Origin: https://evil.example'],
        [form, 'Origin: null'],
        [form, 'Sec-Fetch-Site: cross-site'],
        ['Content-Type: text/plain'],
        ['Content-Type: text/plain', 'Origin: http://localhost'],
        ['Content-Type: multipart/form-data; boundary=x'],
      ]) {
        const answer = await send(router.url, path, body, headers)
        // Pages of other places are refused before their body's type is looked at.
        const status = headers.some((line) => /evil|null|cross-site/.test(line)) ? 403 : 415
        assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), headers.join())
      }
      assert.equal(local.received.length, before)
    })
  }

  test('is not taken on the paths of other protocols', async (t) => {
    const { router, local } = await start(t)
    for (const path of [
      '/v1/chat/completions',
      '/v1/responses',
      '/v1/messages',
      '/v1/completions',
      '/v1/embeddings',
    ]) {
      assert.match(
        await send(router.url, path, { ...chat, max_tokens: 5, input: 'x' }, []),
        /^HTTP\/1\.1 415 /,
        path,
      )
    }
    assert.equal(local.received.length, 0)
  })
})
