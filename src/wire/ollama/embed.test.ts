import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Ollama } from 'ollama'
import { withCodec } from '../../../test/fixtures/wire/codec-server.ts'
import { RouterError } from '../../errors.ts'
import { embeddingsBackendCodec } from '../embeddings/embeddings-backend.ts'
import { embeddingsClientCodec } from '../embeddings/embeddings-client.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { ollamaEmbedBackendCodec } from './embed-backend.ts'
import { ollamaEmbedClientCodec, ollamaEmbeddingsClientCodec } from './embed-client.ts'

const decodeReply = (body: JsonValue) => ollamaEmbedBackendCodec.decodeReply(body)
const decode = (body: JsonObject) => ollamaEmbedClientCodec.decodeRequest(body)
const fromOpenAi = (...vectors: readonly (readonly number[])[]) =>
  embeddingsBackendCodec.decodeReply({ data: vectors.map((embedding, index) => ({ index, embedding })) })

describe('a request of Ollama’s clients', () => {
  test('is read, options that only Ollama has are told', () => {
    const request = decode({
      model: 'm',
      input: ['a', ''],
      dimensions: 8,
      truncate: true,
      options: { num_gpu: 1 },
      keep_alive: '10m',
    })
    assert.deepEqual(request.embedding, { inputs: ['a', ''], dimensions: 8 })
    assert.deepEqual(request.dropped, ['options', 'keep_alive', 'truncate'])
    assert.deepEqual([request.model, request.stream, request.messages.length], ['m', false, 2])
    assert.deepEqual(decode({ input: 'a', truncate: false, options: {}, dimensions: 0 }).dropped, [])
    assert.deepEqual(ollamaEmbeddingsClientCodec.decodeRequest({ prompt: 'a' }).embedding, { inputs: ['a'] })
  })

  test('without input only loads the model', () => {
    for (const body of [{}, { input: '' }, { input: [] }, { input: null }]) {
      assert.deepEqual(decode(body).embedding?.inputs, [])
      assert.equal(decode(body).messages.length, 1)
    }
    assert.deepEqual(ollamaEmbeddingsClientCodec.decodeRequest({ prompt: '' }).embedding?.inputs, [])
  })

  test('what is wrong is named', () => {
    const wrong: readonly [JsonObject, string][] = [
      [{ input: 5 }, 'input'],
      [{ input: ['a', 5] }, 'input[1]'],
      [{ input: 'a', dimensions: -1 }, 'dimensions'],
      [{ input: 'a', truncate: 'no' }, 'truncate'],
      [{ input: 'a', options: [] }, 'options'],
    ]
    for (const [body, param] of wrong)
      assert.throws(() => decode(body), { code: 'invalid_value', param, status: 400 })
    assert.throws(() => ollamaEmbeddingsClientCodec.decodeRequest({ prompt: ['a'] }), { param: 'prompt' })
  })
})

describe('towards Ollama', () => {
  test('too long a text is told instead of cut, unless its own client says otherwise', () => {
    const request = embeddingsClientCodec.decodeRequest({ input: 'a', dimensions: 8 })
    assert.deepEqual(ollamaEmbedBackendCodec.encodeRequest(request, 'target'), {
      body: { model: 'target', input: ['a'], dimensions: 8, truncate: false },
      dropped: [],
    })
    const pass = (body: JsonObject): unknown =>
      JSON.parse(JSON.stringify(ollamaEmbedBackendCodec.passThrough(body, 'target', false)))
    assert.deepEqual(pass({ model: 'auto', input: 'a', keep_alive: 0, stream: true }), {
      model: 'target',
      input: 'a',
      keep_alive: 0,
      truncate: false,
    })
    assert.deepEqual(pass({ input: 'a', truncate: true }), { model: 'target', input: 'a', truncate: true })
  })

  test('token ids are refused here: another target may take them', () => {
    const request = embeddingsClientCodec.decodeRequest({ input: [1, 2] })
    assert.throws(() => ollamaEmbedBackendCodec.encodeRequest(request, 'm'), {
      code: 'unsupported_value',
      param: 'input',
    })
  })

  test('its answer is read, or is none', () => {
    const reply = decodeReply({ model: 'm', embeddings: [[0.6, 0.8]], prompt_eval_count: 4 })
    assert.deepEqual(
      [reply.model, reply.vectors, reply.choices, reply.usage],
      ['m', [[0.6, 0.8]], [], { inputTokens: 4, outputTokens: 0 }],
    )
    assert.deepEqual(decodeReply({ model: 'm', embeddings: [] }).vectors, [])
    for (const body of [null, {}, { error: 'x' }, { embeddings: [[]] }, { embeddings: [['1']] }, []]) {
      assert.throws(() => decodeReply(body), { code: 'upstream_error' })
    }
  })
})

describe('the ollama package', () => {
  test('gets vectors of length 1 from whichever backend, by embed', async () => {
    const answers = [
      fromOpenAi([3, 4], [0, 0]),
      decodeReply({
        embeddings: [
          [0.6, 0.8],
          [0, 0],
        ],
      }),
    ]
    for (const answer of answers) {
      await withCodec(
        ollamaEmbedClientCodec,
        () => answer,
        async (host) => {
          const { embeddings, model } = await new Ollama({ host }).embed({ model: 'auto', input: ['a', 'b'] })
          assert.equal(model, 'target')
          assert.deepEqual(embeddings[1], [0, 0])
          assert.ok(Math.abs((embeddings[0]?.[0] ?? 0) - 0.6) < 1e-12)
          assert.ok(Math.abs((embeddings[0]?.[1] ?? 0) - 0.8) < 1e-12)
        },
      )
    }
  })

  test('gets the one vector as it came, by embeddings', async () => {
    const answer = await withCodec(
      ollamaEmbeddingsClientCodec,
      () => fromOpenAi([3, 4]),
      (host) => new Ollama({ host }).embeddings({ model: 'auto', prompt: 'a' }),
    )
    assert.deepEqual(answer, { embedding: [3, 4] })
    const loaded = await withCodec(
      ollamaEmbeddingsClientCodec,
      () => decodeReply({ embeddings: [] }),
      (host) => new Ollama({ host }).embeddings({ model: 'auto', prompt: '' }),
    )
    assert.deepEqual(loaded, { embedding: [] })
  })

  test('shows our message when something is wrong', async () => {
    const busy = new RouterError('rate_limit_exceeded', 'Too much to do.')
    const asked = withCodec(
      ollamaEmbedClientCodec,
      () => {
        throw busy
      },
      (host) => new Ollama({ host }).embed({ model: 'auto', input: 'a' }),
    )
    await assert.rejects(asked, { status_code: 503, error: 'Too much to do.' })
    assert.equal(ollamaEmbedClientCodec.errorStatus(new RouterError('backend_unavailable', 'x')), 503)
    assert.equal(ollamaEmbedClientCodec.errorStatus(new RouterError('model_not_found', 'x')), 404)
  })

  test('any vector keeps its direction; one of length 1 is not touched', () => {
    const context = (inputs: readonly string[]) => {
      const body = { input: inputs }
      const request = decode(body)
      return {
        requestId: 'r',
        body,
        request,
        model: 'm',
        nowSeconds: 1,
        elapsedMs: () => 5,
        estimatedInputTokens: 3,
      }
    }
    const encode = (vector: readonly number[]): number[] =>
      JSON.parse(ollamaEmbedClientCodec.encodeReply(fromOpenAi(vector), context(['a']))).embeddings[0]
    const vector = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(vector, (values) => {
        const out = encode(values)
        if (values.every((value) => value === 0)) return
        assert.ok(Math.abs(Math.hypot(...out) - 1) < 2e-6)
        // The same signs: a value far smaller than the others may end as 0.
        out.forEach((value, index) => assert.ok(value * Math.sign(values[index] ?? 0) >= 0))
        assert.deepEqual(encode(out), out)
      }),
    )
  })
})
