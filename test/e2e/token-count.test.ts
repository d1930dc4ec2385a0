/** How large a request is, before it is sent: counted here, sent to nobody, recorded nowhere. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { chatScript, type Backend } from '../support/backend.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const CANARY = 'Quoll-6174-Canary'
const SECRET = `My card is 4111 1111 1111 1111, ${CANARY}`
const LONG = 'Once upon a time there was a long story. '.repeat(50)
const MESSAGES = '/v1/messages/count_tokens'
const RESPONSES = '/v1/responses/input_tokens'

async function start(t: TestContext): Promise<{ readonly router: RunningRouter; readonly backend: Backend }> {
  const stage = createStage(t)
  const backend = await stage.backend(chatScript('never'))
  const router = await stage.router(`
backends:
  hosted: { type: openai, endpoint: "${backend.origin}/v1", model: gpt }
  native: { type: anthropic, endpoint: "${backend.origin}/v1", model: claude }
routes: [{ default: native, fallback: hosted }]
`)
  return { router, backend }
}

async function countOf(router: RunningRouter, path: string, body: object): Promise<number> {
  const response = await router.post(path, body)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.equal(response.headers.get('x-llr-backend'), 'none')
  assert.match(response.headers.get('x-llr-request-id') ?? '', /^req_/)
  const { input_tokens: count } = JSON.parse(text) as { input_tokens: number }
  assert.ok(Number.isInteger(count) && count > 0, text)
  return count
}

/** No backend was asked anything, and no record was written. */
async function assertNoTrace({ router, backend }: Awaited<ReturnType<typeof start>>): Promise<void> {
  assert.deepEqual(backend.received, [])
  const summary = (await (await fetch(`${router.url}/v1/metrics`)).json()) as { totals: { requests: number } }
  assert.equal(summary.totals.requests, 0)
  const metrics = await (await fetch(`${router.url}/metrics`)).text()
  // A request that cannot be read is counted as refused, like any other.
  const counted = metrics.split('\n').filter((line) => line.startsWith('llr_requests_total{'))
  assert.deepEqual(
    counted.filter((line) => !line.includes('result="refused"')),
    [],
  )
  for (const text of [metrics, ...router.logs]) assert.ok(!text.includes(CANARY))
  assert.deepEqual(router.defects, [])
}

describe('messages/count_tokens', () => {
  const user = (content: unknown): object => ({ model: 'claude', messages: [{ role: 'user', content }] })

  test('needs no max_tokens, and grows with everything that is sent', async (t) => {
    const scene = await start(t)
    const { router } = scene
    const base = await countOf(router, MESSAGES, user('Hello'))
    assert.ok(base < 50, String(base))
    for (const more of [
      user(LONG),
      { ...user('Hello'), system: LONG },
      { ...user('Hello'), system: [{ type: 'text', text: LONG }] },
      { ...user('Hello'), tools: [{ name: 'f', description: LONG, input_schema: { type: 'object' } }] },
      user([{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: LONG } }]),
    ]) {
      const count = await countOf(router, MESSAGES, more)
      assert.ok(count > base + 300 && count < base + 1_500, `${count}: ${JSON.stringify(more).slice(0, 60)}`)
    }
    assert.ok((await countOf(router, `${MESSAGES}?beta=true`, user('Hello'))) === base)
    assert.ok((await countOf(router, MESSAGES, { ...user('Hello'), max_tokens: 5, stream: true })) === base)
    await assertNoTrace(scene)
  })

  test('the answer has one field; what is private is counted as well', async (t) => {
    const scene = await start(t)
    const response = await scene.router.post(MESSAGES, user(SECRET))
    assert.deepEqual(Object.keys((await response.json()) as object), ['input_tokens'])
    assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
    await countOf(scene.router, MESSAGES, { ...user('hi'), system: SECRET })
    await assertNoTrace(scene)
  })

  test('by @anthropic-ai/sdk', async (t) => {
    const scene = await start(t)
    const client = new Anthropic({ baseURL: scene.router.url, apiKey: 'any', maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const { input_tokens: count } = await client.messages.countTokens({ model: 'claude', messages })
    assert.ok(count > 0)
    assert.equal((await client.beta.messages.countTokens({ model: 'claude', messages })).input_tokens, count)
    await assertNoTrace(scene)
  })

  test('errors are those of the protocol', async (t) => {
    const scene = await start(t)
    for (const body of [
      {},
      { messages: 7 },
      '{',
      { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    ]) {
      const response = await scene.router.post(MESSAGES, body)
      const text = await response.text()
      assert.equal(response.status, 400, text)
      const { type, error } = JSON.parse(text) as { type: string; error: { type: string } }
      assert.deepEqual([type, error.type], ['error', 'invalid_request_error'])
    }
    const wrong = await fetch(`${scene.router.url}${MESSAGES}`)
    assert.equal(wrong.status, 405)
    assert.equal(((await wrong.json()) as { type: string }).type, 'error')
    await assertNoTrace(scene)
  })
})

describe('responses/input_tokens', () => {
  test('grows with everything that is sent', async (t) => {
    const scene = await start(t)
    const { router } = scene
    const base = await countOf(router, RESPONSES, { input: 'Hello' })
    for (const more of [
      { input: LONG },
      { input: 'Hello', instructions: LONG },
      { input: [{ role: 'user', content: [{ type: 'input_text', text: LONG }] }] },
      { input: 'Hello', tools: [{ type: 'function', name: 'f', description: LONG }] },
    ]) {
      const count = await countOf(router, RESPONSES, more)
      assert.ok(count > base + 300 && count < base + 1_500, `${count}: ${JSON.stringify(more).slice(0, 60)}`)
    }
    await countOf(router, RESPONSES, { input: SECRET, stream: true })
    await assertNoTrace(scene)
  })

  test('by the openai package', async (t) => {
    const scene = await start(t)
    const count = await scene.router.openai.responses.inputTokens.count({ model: 'auto', input: 'Hello' })
    assert.equal(count.object, 'response.input_tokens')
    assert.ok(count.input_tokens > 0)
    await assertNoTrace(scene)
  })

  test('errors are those of the protocol', async (t) => {
    const scene = await start(t)
    for (const [body, param] of [
      [{}, 'input'],
      [{ input: 7 }, 'input'],
      [{ input: 'x', conversation: 'conv_1' }, 'conversation'],
    ] as const) {
      const response = await scene.router.post(RESPONSES, body)
      const text = await response.text()
      assert.equal(response.status, 400, text)
      assert.equal((JSON.parse(text) as { error: { param: string } }).error.param, param)
    }
    await assertNoTrace(scene)
  })
})
