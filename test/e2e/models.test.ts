/** The names that a client may ask for, listed and one by one, as the SDKs of two vendors read them. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const POLICY = `
backends:
  local: { type: ollama, endpoint: "http://127.0.0.1:9", families: { qwen-coder: "qwen2.5-coder:7b" }, model: "llama3.2:latest", embeddings: nomic }
  far.away_1: { type: demo, models: [openai/gpt-4o, "meta-llama/llama-4:free", "50%", "größe 1"] }
routes: [{ default: local }]
`
const NAMES = [
  'auto',
  'local',
  'local/qwen2.5-coder:7b',
  'local/llama3.2:latest',
  'local/nomic',
  'far.away_1',
  'far.away_1/openai/gpt-4o',
  'far.away_1/meta-llama/llama-4:free',
  'far.away_1/50%',
  'far.away_1/größe 1',
]
const CANARY = 'Potoroo-8123-Canary'

function start(t: TestContext): Promise<RunningRouter> {
  return createStage(t).router(POLICY)
}

describe('models', () => {
  test('the list, by openai and by @anthropic-ai/sdk', async (t) => {
    const router = await start(t)
    const anthropic = new Anthropic({ baseURL: router.url, apiKey: 'any', maxRetries: 0 })
    const openais: string[] = []
    for await (const { id, object, owned_by, created } of router.openai.models.list()) {
      openais.push(id)
      assert.equal(object, 'model')
      assert.equal(typeof owned_by, 'string')
      assert.equal(typeof created, 'number')
    }
    const anthropics: string[] = []
    for await (const { id, type, display_name, created_at } of anthropic.models.list()) {
      anthropics.push(id)
      assert.equal(type, 'model')
      assert.equal(display_name, id)
      assert.ok(!Number.isNaN(Date.parse(created_at)))
    }
    assert.deepEqual(openais, NAMES)
    assert.deepEqual(anthropics, NAMES)
  })

  test('one of them, its name as it is or percent-encoded, whole or in part', async (t) => {
    const router = await start(t)
    const list = (await (await fetch(`${router.url}/v1/models`)).json()) as {
      data: readonly { id: string }[]
    }
    for (const entry of list.data) {
      const { id } = entry
      const forms = [encodeURIComponent(id), encodeURI(id), id.split('/').map(encodeURIComponent).join('/')]
      for (const form of new Set(forms)) {
        const response = await fetch(`${router.url}/v1/models/${form}`)
        assert.equal(response.status, 200, form)
        assert.deepEqual(await response.json(), entry, form)
      }
      assert.equal((await fetch(`${router.url}/v1/models/${encodeURIComponent(id)}?beta=true`)).status, 200)
      assert.equal(
        (await fetch(`${router.url}/v1/models/${encodeURIComponent(id)}`, { method: 'HEAD' })).status,
        200,
      )
    }
  })

  test('one of them, by the packages', async (t) => {
    const router = await start(t)
    const anthropic = new Anthropic({ baseURL: router.url, apiKey: 'any', maxRetries: 0 })
    for (const name of NAMES) {
      assert.equal((await router.openai.models.retrieve(name)).id, name)
      assert.equal((await anthropic.models.retrieve(name)).id, name)
    }
    await assert.rejects(router.openai.models.retrieve(CANARY), (error: unknown) => {
      assert.ok(error instanceof OpenAI.NotFoundError)
      assert.equal(error.code, 'model_not_found')
      assert.equal(error.param, 'model')
      assert.ok(!error.message.includes(CANARY))
      return true
    })
    await assert.rejects(anthropic.models.retrieve(CANARY), Anthropic.NotFoundError)
  })

  test('of none that there is not', async (t) => {
    const router = await start(t)
    for (const id of [
      'gpt-4o',
      'local/',
      'local/gpt',
      'Auto',
      'constructor',
      '__proto__',
      '%zz',
      '%',
      '%2F',
      '',
      'auto/',
    ]) {
      const response = await fetch(`${router.url}/v1/models/${id}`)
      const text = await response.text()
      assert.equal(response.status, 404, `${id}: ${text}`)
      const { error } = JSON.parse(text) as { error: { code: string } }
      if (id !== '') assert.equal(error.code, 'model_not_found', id)
    }
    const told = await (await fetch(`${router.url}/v1/models/${CANARY}`)).text()
    assert.ok(!told.includes(CANARY))
    assert.deepEqual(router.defects, [])
  })

  test('and nothing else can be done with one', async (t) => {
    const router = await start(t)
    for (const method of ['POST', 'DELETE', 'PUT']) {
      const response = await fetch(`${router.url}/v1/models/local%2Fnomic`, { method })
      assert.equal(response.status, 405, method)
      assert.equal(response.headers.get('allow'), 'GET, HEAD')
    }
  })
})
