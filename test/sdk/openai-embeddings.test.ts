/** The `openai` package's embeddings: it asks for base64 unless told otherwise, and decodes it itself. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import OpenAI from 'openai'
import { sendJson, type Script } from '../support/backend.ts'
import type { JsonObject } from '../../src/wire/json.ts'
import { createStage } from '../support/stage.ts'
import { rejection } from './sdk-stage.ts'

/** Numbers that a float of 32 bits holds exactly. */
const vectorOf = (index: number): number[] => [0.25, -0.5, index]

const ollama: Script = ({ method, path, body }, response) => {
  if (method === 'GET') {
    return sendJson(response, 200, { models: [{ name: 'nomic:latest', model: 'nomic:latest' }] })
  }
  if (path !== '/api/embed') return sendJson(response, 404, { error: 'not found' })
  const inputs = [body['input']].flat()
  const embeddings = inputs.map((_, index) => vectorOf(index))
  sendJson(response, 200, { model: 'nomic', embeddings, prompt_eval_count: 4 })
}

const chat: Script = ({ method, path, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { object: 'list', data: [] })
  if (path !== '/v1/embeddings') return sendJson(response, 404, { error: { message: 'no' } })
  const data = [body['input']]
    .flat()
    .map((_, index) => ({ object: 'embedding', index, embedding: encoded(vectorOf(index), body) }))
  sendJson(response, 200, {
    object: 'list',
    data,
    model: 'nomic',
    usage: { prompt_tokens: 4, total_tokens: 4 },
  })
}

function encoded(vector: number[], { encoding_format: format }: JsonObject): number[] | string {
  return format === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector
}

async function start(t: TestContext, type: string, script: Script): Promise<OpenAI> {
  const stage = createStage(t)
  const { origin } = await stage.backend(script)
  const endpoint = type === 'ollama' ? origin : `${origin}/v1`
  const router = await stage.router(`
backends: { one: { type: ${type}, endpoint: "${endpoint}", model: m, embeddings: nomic } }
routes: [{ default: one }]
`)
  t.after(() => assert.deepEqual(router.defects, []))
  return router.openai
}

for (const [type, script] of [
  ['ollama', ollama],
  ['openai-compatible', chat],
] as const) {
  describe(`openai embeddings in front of ${type}`, () => {
    for (const encoding of [undefined, 'float', 'base64'] as const) {
      test(`as ${encoding ?? 'the package likes it'}`, async (t) => {
        const openai = await start(t, type, script)
        const answer = await openai.embeddings.create({
          model: 'nomic',
          input: ['a', 'b', 'c'],
          ...(encoding && { encoding_format: encoding }),
        })
        assert.equal(answer.object, 'list')
        assert.deepEqual(
          answer.data.map(({ index, object }) => [index, object]),
          [0, 1, 2].map((index) => [index, 'embedding']),
        )
        for (const { index, embedding } of answer.data) {
          const vector =
            encoding === 'base64' ? floatsOf(embedding as unknown as string) : Array.from(embedding)
          assert.deepEqual(vector, vectorOf(index))
        }
        assert.deepEqual([answer.usage.prompt_tokens, answer.usage.total_tokens], [4, 4])
      })
    }

    test('one text, and none', async (t) => {
      const openai = await start(t, type, script)
      const one = await openai.embeddings.create({ model: 'nomic', input: 'a' })
      assert.deepEqual(
        one.data.map(({ embedding }) => Array.from(embedding)),
        [vectorOf(0)],
      )
      const none = await rejection(openai.embeddings.create({ model: 'nomic', input: [] }))
      assert.ok(none instanceof OpenAI.BadRequestError)
      assert.equal(none.param, 'input')
    })
  })
}

function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
}
