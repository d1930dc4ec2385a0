/** What `ollama`, the package, asks beside answers: which models there are, their management, and embeddings. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ollama } from 'ollama'
import { sendJson } from '../support/backend.ts'
import { createStage } from '../support/stage.ts'
import { rejection, setSdkStage } from './sdk-stage.ts'

describe('ollama: what is there', () => {
  test('list, show, ps and version', async (t) => {
    const stage = await setSdkStage(t, 'ollama')
    const ollama = new Ollama({ host: stage.url })
    const { models } = await ollama.list()
    assert.ok(models.some(({ name }) => name === 'auto'))
    for (const { name, model, digest, modified_at, details } of models) {
      assert.equal(model, name)
      assert.match(digest, /^[\da-f]{64}$/)
      assert.ok(!Number.isNaN(new Date(modified_at).getTime()))
      assert.ok(Array.isArray(details.families))
    }
    const shown = await ollama.show({ model: 'auto' })
    assert.deepEqual(shown.capabilities, ['completion', 'tools', 'vision', 'thinking'])
    assert.equal(
      Object.entries(shown.model_info).find(([key]) => key.endsWith('.context_length'))?.[1],
      131_072,
    )
    assert.deepEqual((await ollama.ps()).models, [])
    assert.match((await ollama.version()).version, /^\d+\.\d+\.\d+$/)
  })

  test('models are managed elsewhere, and it says so', async (t) => {
    const ollama = new Ollama({ host: (await setSdkStage(t, 'ollama')).url })
    const refused = [
      () => ollama.pull({ model: 'llama3' }),
      () => ollama.pull({ model: 'llama3', stream: true }),
      () => ollama.push({ model: 'llama3' }),
      () => ollama.create({ model: 'mine', from: 'llama3' }),
      () => ollama.copy({ source: 'a', destination: 'b' }),
      () => ollama.delete({ model: 'llama3' }),
    ]
    for (const send of refused) {
      const error = await rejection(send())
      assert.ok(error instanceof Error)
      assert.equal((error as Error & { status_code: number }).status_code, 403)
      assert.match(error.message, /manages no models/)
    }
  })
})

describe('ollama: embeddings', () => {
  test('embed, and the older embeddings', async (t) => {
    const stage = createStage(t)
    const backend = await stage.backend(({ method, path, body }, response) => {
      if (method === 'GET')
        return sendJson(response, 200, { models: [{ name: 'nomic:latest', model: 'nomic:latest' }] })
      if (path !== '/api/embed') return sendJson(response, 404, { error: 'not found' })
      const inputs = [body['input']].flat()
      const embeddings = inputs.map((_, index) => [0.25, -0.5, index])
      sendJson(response, 200, { model: 'nomic', embeddings, total_duration: 9, prompt_eval_count: 4 })
    })
    const { url, defects } = await stage.router(`
backends: { one: { type: ollama, endpoint: "${backend.origin}", model: m, embeddings: nomic } }
routes: [{ default: one }]
`)
    const ollama = new Ollama({ host: url })
    const several = await ollama.embed({ model: 'nomic', input: ['a', 'b'] })
    assert.deepEqual(several.embeddings, [
      [0.25, -0.5, 0],
      [0.25, -0.5, 1],
    ])
    assert.equal(several.prompt_eval_count, 4)
    assert.deepEqual((await ollama.embed({ model: 'nomic', input: 'a' })).embeddings, [[0.25, -0.5, 0]])
    const older = await ollama.embeddings({ model: 'nomic', prompt: 'a' })
    assert.deepEqual(older.embedding, [0.25, -0.5, 0])
    assert.deepEqual(defects, [])
  })
})
