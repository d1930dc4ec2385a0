/** Vectors by a second engine: the official packages → the running router → llama.cpp's server with `--embeddings`. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { startRouter, type RunningRouter } from '../support/start-router.ts'
import { policyFor, SENTENCE, user } from './asks.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'

/** The first is one token of the model's own, the second letters: their vectors differ. */
const TEXTS = ['a', 'zzz']
const WIDTH = 64

function assertVectors(vectors: readonly (readonly number[])[]): void {
  assert.deepEqual(
    vectors.map((vector) => vector.length),
    TEXTS.map(() => WIDTH),
  )
  assert.notDeepEqual(vectors[0], vectors[1])
  for (const vector of vectors) {
    const length = Math.hypot(...vector)
    assert.ok(Math.abs(length - 1) < 1e-4, `of length 1, not ${length}`)
  }
}

describe('embeddings by a real engine', { skip: engineIsMissing }, () => {
  let talks: RunningEngine
  let embeds: RunningEngine
  let router: RunningRouter
  let ollama: Ollama

  before(async () => {
    talks = await startEngine()
    embeds = await startEngine({ embeds: true, contextTokens: 4096 })
    const more = `  vectors: { type: openai-compatible, endpoint: "${embeds.endpoint}", model: tiny, embeddings: tiny, attest: local }`
    router = await startRouter(policyFor(talks, more))
    ollama = new Ollama({ host: router.url })
  })
  after(async () => {
    await router.close()
    await talks.kill()
    await embeds.kill()
    assert.deepEqual(router.defects, [])
  })

  it('are made for the openai package, which asks for base64, and as plain numbers', async () => {
    const { data, response } = await router.openai.embeddings
      .create({ model: 'tiny', input: TEXTS })
      .withResponse()
    assert.equal(response.headers.get('x-llr-backend'), 'vectors')
    assert.equal(response.headers.get('x-llr-model'), 'tiny')
    const vectors = data.data.map(({ embedding }) => embedding)
    assertVectors(vectors)
    assert.deepEqual(
      data.data.map(({ index }) => index),
      [0, 1],
    )
    assert.ok(data.usage.prompt_tokens > 2)
    const plain = await router.openai.embeddings.create({
      model: 'auto',
      input: TEXTS,
      encoding_format: 'float',
    })
    assert.deepEqual(
      plain.data.map(({ embedding }) => embedding),
      vectors,
    )
  })

  it('take token ids', async () => {
    const { data } = await router.openai.embeddings.create({ model: 'tiny', input: [[5, 6], [7]] })
    assert.equal(data.length, 2)
  })

  it("are made for Ollama's clients, of both generations", async () => {
    const { embeddings, model } = await ollama.embed({ model: 'tiny', input: TEXTS })
    assertVectors(embeddings)
    assert.equal(model, 'tiny')
    const single = await ollama.embed({ model: 'auto', input: 'a' })
    assert.deepEqual(single.embeddings, [embeddings[0]])
    const { embedding } = await ollama.embeddings({ model: 'tiny', prompt: 'a' })
    assert.deepEqual(embedding, embeddings[0])
  })

  it('are refused for a text that is too long, in words that clients know', async () => {
    const input = 'word '.repeat(1000)
    await assert.rejects(router.openai.embeddings.create({ model: 'tiny', input }), (error) => {
      assert.ok(error instanceof OpenAI.APIError)
      assert.equal(error.code, 'context_length_exceeded')
      assert.equal(error.status, 400)
      return true
    })
    await assert.rejects(ollama.embed({ model: 'tiny', input }), /exceeds the context/)
  })

  it('leave chats to the engine that talks', async () => {
    const { data, response } = await router.openai.chat.completions.create(user('Say hello')).withResponse()
    assert.equal(data.choices[0]?.message.content, SENTENCE)
    assert.equal(response.headers.get('x-llr-backend'), 'engine')
  })
})
