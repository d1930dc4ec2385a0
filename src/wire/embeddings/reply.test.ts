import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import OpenAI from 'openai'
import { withCodec } from '../../../test/fixtures/wire/codec-server.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { encodeBase64 } from './base64.ts'
import { embeddingsBackendCodec } from './embeddings-backend.ts'
import { embeddingsClientCodec } from './embeddings-client.ts'

const decodeReply = (body: JsonValue) => embeddingsBackendCodec.decodeReply(body)
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true })
const vectors = fc.array(fc.array(float32, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 4 })

function backendReply(list: readonly (readonly number[])[], isBase64: boolean): JsonObject {
  const data = list.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: isBase64 ? encodeBase64(vector) : vector,
  }))
  return { object: 'list', data, model: 'm', usage: { prompt_tokens: 5, total_tokens: 5 } }
}

function encode(reply: JsonObject, body: JsonObject): JsonObject {
  const request = embeddingsClientCodec.decodeRequest(body)
  const context = {
    requestId: 'req_1',
    body,
    request,
    model: 'target',
    nowSeconds: 1_790_000_001,
    elapsedMs: () => 5,
    estimatedInputTokens: 3,
  }
  return JSON.parse(embeddingsClientCodec.encodeReply(decodeReply(reply), context)) as JsonObject
}

/** Through JSON, where -0 is 0. */
const plain = (list: readonly (readonly number[])[]) => list.map((vector) => vector.map((value) => value + 0))

describe('vectors from any backend to any client', () => {
  test('floats and base64, in and out, are the same numbers to the last bit', () => {
    fc.assert(
      fc.property(vectors, fc.boolean(), fc.boolean(), (list, comesBase64, goesBase64) => {
        const body = {
          input: list.map(() => 'x'),
          encoding_format: goesBase64 ? 'base64' : 'float',
        }
        const answer = encode(JSON.parse(JSON.stringify(backendReply(list, comesBase64))) as JsonObject, body)
        const back = decodeReply(answer).vectors ?? []
        assert.deepEqual(plain(back), plain(list))
        if (comesBase64 && goesBase64) assert.deepEqual(answer, backendReply(list, true))
      }),
    )
  })

  test('the bytes of base64 are those of other implementations', () => {
    // Python: base64.b64encode(struct.pack('<3f', 1, -2, 0.5))
    assert.equal(encodeBase64([1, -2, 0.5]), 'AACAPwAAAMAAAAA/')
  })

  test('the openai package reads them, with the base64 it asks for by itself and without', async () => {
    const property = fc.asyncProperty(
      vectors,
      fc.constantFrom(undefined, 'float' as const),
      (list, encoding_format) =>
        withCodec(
          embeddingsClientCodec,
          () => decodeReply(backendReply(list, false)),
          async (origin) => {
            const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'test', maxRetries: 0 })
            const input = list.map(() => 'x')
            const format = encoding_format && { encoding_format }
            const answer = await client.embeddings.create({ model: 'auto', input, ...format })
            assert.deepEqual(plain(answer.data.map(({ embedding }) => embedding)), plain(list))
            assert.deepEqual(answer.usage, { prompt_tokens: 5, total_tokens: 5 })
          },
        ),
    )
    await fc.assert(property, { numRuns: 20 })
  })

  test('the openai package gets its own kind of error', async () => {
    const asked = withCodec(
      embeddingsClientCodec,
      () => decodeReply(backendReply([[1]], false)),
      (origin) =>
        new OpenAI({ baseURL: `${origin}/v1`, apiKey: 'test', maxRetries: 0 }).embeddings.create({
          model: 'auto',
          input: [],
        }),
    )
    await assert.rejects(asked, { status: 400, code: 'invalid_value', param: 'input' })
  })
})

describe('an answer of a backend', () => {
  test('is put in the order of its indexes', () => {
    const data = [
      { index: 1, embedding: [2] },
      { index: 0, embedding: [1] },
    ]
    assert.deepEqual(decodeReply({ data }).vectors, [[1], [2]])
    assert.deepEqual(decodeReply({ data: [{ embedding: [1] }, { embedding: [2] }] }).vectors, [[1], [2]])
  })

  test('counts the input; where it does not, the estimate is told', () => {
    const data = [{ index: 0, embedding: [1] }]
    assert.deepEqual(decodeReply({ data, usage: { total_tokens: 4 } }).usage, {
      inputTokens: 4,
      outputTokens: 0,
    })
    assert.deepEqual(encode({ data }, { input: 'x' }), {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1] }],
      model: 'target',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    })
  })

  test('or is none', () => {
    const entries: readonly JsonValue[] = [
      'x',
      {},
      { index: 0, embedding: [] },
      { index: 0, embedding: ['1'] },
      { index: 0, embedding: [1, null] },
      { index: 0, embedding: [Infinity] },
      { index: 0, embedding: '' },
      { index: 0, embedding: 'AACA' },
      { index: 0, embedding: 'AACA PwA!' },
      // Not a number, in base64.
      { index: 0, embedding: encodeBase64([NaN]) },
      { index: 1, embedding: [1] },
      { index: 0.5, embedding: [1] },
    ]
    const bodies: readonly JsonValue[] = [null, [], {}, { data: [] }, { data: {} }, { error: 'x' }]
    for (const body of [...bodies, ...entries.map((entry) => ({ data: [entry] }))]) {
      assert.throws(() => decodeReply(body), { code: 'upstream_error' }, JSON.stringify(body))
    }
    const twice = { data: [0, 0].map((index) => ({ index, embedding: [1] })) }
    assert.throws(() => decodeReply(twice), { code: 'upstream_error' })
  })

  test('with a vector too few or too many is none for this request', () => {
    for (const count of [1, 3]) {
      const list = Array.from({ length: count }, () => [1])
      assert.throws(() => encode(backendReply(list, false), { input: ['a', 'b'] }), {
        code: 'upstream_error',
      })
    }
  })
})
