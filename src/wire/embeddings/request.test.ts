import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { JsonObject, JsonValue } from '../json.ts'
import { ollamaEmbedClientCodec } from '../ollama/embed-client.ts'
import { embeddingsBackendCodec } from './embeddings-backend.ts'
import { embeddingsClientCodec } from './embeddings-client.ts'

const decode = (body: JsonObject) => embeddingsClientCodec.decodeRequest(body)
const encode = (body: JsonObject) => embeddingsBackendCodec.encodeRequest(decode(body), 'target')

describe('a /v1/embeddings request', () => {
  test('texts are messages of the user, for the classifier to read', () => {
    const request = decode({ model: 'm', input: ['a', 'b'], dimensions: 8, user: 'u', stream: true })
    assert.deepEqual(request.embedding, { inputs: ['a', 'b'], dimensions: 8 })
    assert.deepEqual(
      request.messages,
      ['a', 'b'].map((text) => ({ role: 'user', content: [{ type: 'text', text }] })),
    )
    assert.deepEqual([request.model, request.user, request.stream], ['m', 'u', false])
    assert.equal(request.nativeOnly, undefined)
  })

  test('token ids have no text, and need a backend of this protocol', () => {
    for (const [input, inputs] of [
      [[1, 2], [[1, 2]]],
      [
        [[1], [2, 3]],
        [[1], [2, 3]],
      ],
    ] satisfies [JsonValue, JsonValue][]) {
      const request = decode({ input })
      assert.deepEqual(request.embedding?.inputs, inputs)
      assert.deepEqual(request.messages, [{ role: 'user', content: [] }])
      assert.equal(request.nativeOnly?.param, 'input')
    }
  })

  test('any texts come through, one or many', () => {
    const texts = fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(texts, (input) => {
        assert.deepEqual(encode({ input }).body['input'], input.length === 1 ? input[0] : input)
      }),
    )
    assert.equal(encode({ input: 'x' }).body['input'], 'x')
    assert.deepEqual(encode({ input: [7, 8] }).body['input'], [7, 8])
  })

  test('what is wrong is named, and not repeated', () => {
    const wrong: readonly [JsonObject, string][] = [
      [{ input: '' }, 'input'],
      [{ input: [] }, 'input'],
      [{ input: 5 }, 'input'],
      [{ input: { text: 'secret' } }, 'input'],
      [{ input: ['a', ''] }, 'input[1]'],
      [{ input: ['a', 5] }, 'input[1]'],
      [{ input: [1, 'secret'] }, 'input'],
      [{ input: [-1] }, 'input'],
      [{ input: [0.5] }, 'input'],
      [{ input: [[1], []] }, 'input[1]'],
      [{ input: [[1], 'secret'] }, 'input[1]'],
      [{ input: Array.from({ length: 2049 }, () => 'a') }, 'input'],
      [{ input: 'a', encoding_format: 'secret' }, 'encoding_format'],
      [{ input: 'a', encoding_format: 1 }, 'encoding_format'],
      [{ input: 'a', dimensions: 0 }, 'dimensions'],
      [{ input: 'a', dimensions: 1.5 }, 'dimensions'],
      [{ input: 'a', dimensions: '8' }, 'dimensions'],
    ]
    for (const [body, param] of wrong) {
      assert.throws(
        () => decode(body),
        (error: Error & { code: string; param: string }) =>
          error.code === 'invalid_value' && error.param === param && !error.message.includes('secret'),
        JSON.stringify(body).slice(0, 80),
      )
    }
    for (const body of [{}, { input: null }]) {
      assert.throws(() => decode(body), { code: 'missing_required_parameter', param: 'input' })
    }
    assert.equal(decode({ input: Array.from({ length: 2048 }, () => 'a') }).messages.length, 2048)
  })

  test('unset options are null for some clients; what has no place is told', () => {
    const body = { input: 'a', encoding_format: null, dimensions: null, user: null, input_type: 'query' }
    assert.deepEqual(decode(body).dropped, ['input_type'])
    assert.deepEqual(encode(body), {
      body: { model: 'target', input: 'a', encoding_format: 'float', dimensions: undefined, user: undefined },
      dropped: [],
    })
  })
})

describe('towards a backend’s /v1/embeddings', () => {
  test('a body that passes through keeps its encoding and every field we do not know', () => {
    const body = { model: 'auto', input: 'a', encoding_format: 'base64', stream: true, extra: { a: 1 } }
    const sent: unknown = JSON.parse(
      JSON.stringify(embeddingsBackendCodec.passThrough(body, 'target', false)),
    )
    assert.deepEqual(sent, { model: 'target', input: 'a', encoding_format: 'base64', extra: { a: 1 } })
  })

  test('there is nothing to send for a request that only loads a model', () => {
    const request = ollamaEmbedClientCodec.decodeRequest({ model: 'm', input: '' })
    assert.throws(() => embeddingsBackendCodec.encodeRequest(request, 'm'), {
      code: 'unsupported_value',
      param: 'input',
    })
  })

  test('neither side streams', () => {
    assert.throws(() => embeddingsBackendCodec.createStreamDecoder(), { code: 'internal_error' })
  })
})
