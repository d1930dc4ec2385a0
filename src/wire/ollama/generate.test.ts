import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain } from '../../../test/fixtures/wire/encoded.ts'
import { decodeChatRequest } from '../chat/request-in.ts'
import type { JsonObject } from '../json.ts'
import { ollamaGenerateBackendCodec } from './generate-backend.ts'
import { ollamaGenerateClientCodec } from './generate-client.ts'

const read = (fields: JsonObject) => ollamaGenerateClientCodec.decodeRequest({ prompt: 'x', ...fields })
const written = (fields: JsonObject) => plain(ollamaGenerateBackendCodec.encodeRequest(read(fields), 'm'))

describe('a request of /api/generate', () => {
  test('is a chat of a system prompt and one message', () => {
    const image = Buffer.from('GIF89a').toString('base64')
    const request = read({ system: 's', images: [image], options: { seed: 1 }, think: false, context: [] })
    assert.deepEqual(request.messages, [
      { role: 'system', content: [{ type: 'text', text: 's' }] },
      {
        role: 'user',
        content: [
          { type: 'image', url: `data:image/gif;base64,${image}` },
          { type: 'text', text: 'x' },
        ],
      },
    ])
    assert.deepEqual([request.seed, request.reasoningEffort, request.stream], [1, 'none', true])
    assert.deepEqual([request.completion, request.nativeOnly, request.dropped], [undefined, undefined, []])
  })

  test('template and context are another model’s: declared', () => {
    const { dropped } = read({ template: '{{ .Prompt }}', context: [1, 2], options: { min_p: 1 } })
    assert.deepEqual(dropped, ['template', 'context', 'options.min_p'])
  })

  test('raw and suffix ask for a text to be continued', () => {
    assert.equal(read({ raw: false, suffix: '' }).completion, undefined)
    const raw = { prompt: 'x', suffix: undefined, strict: true }
    assert.deepEqual(read({ raw: true }).completion, raw)
    assert.deepEqual(read({ suffix: 'y' }).completion, { ...raw, suffix: 'y' })
    for (const fields of [
      { raw: true, images: ['R0lGODlh'] },
      { suffix: 'y', system: 's' },
    ]) {
      assert.equal(read(fields).nativeOnly?.param, Object.keys(fields)[1])
    }
  })

  test('what is wrong is named', () => {
    for (const [fields, param] of [
      [{ prompt: ['x'] }, 'prompt'],
      [{ images: ['?'] }, 'images[0]'],
      [{ raw: true, system: 's' }, 'raw'],
    ] as const) {
      assert.throws(() => read(fields), { param, status: 400 })
    }
  })
})

describe('a completion for /api/generate', () => {
  test('raw without a suffix, with the template around one', () => {
    assert.deepEqual(written({ raw: true, stream: false, options: { stop: 'e', num_predict: 4 } }), {
      body: {
        model: 'm',
        prompt: 'x',
        raw: true,
        stream: false,
        truncate: false,
        options: { num_predict: 4, stop: ['e'] },
      },
      dropped: [],
    })
    const { body } = written({ suffix: 'y', format: 'json' })
    assert.deepEqual(body, {
      model: 'm',
      prompt: 'x',
      suffix: 'y',
      stream: true,
      format: 'json',
      truncate: false,
    })
  })

  test('is read as it was', () => {
    for (const fields of [
      { raw: true, options: { top_k: 3 } },
      { suffix: 'y', stream: false, think: 'low' },
    ]) {
      const request = read(fields)
      const { body } = ollamaGenerateBackendCodec.encodeRequest(request, '')
      assert.deepEqual(plain(ollamaGenerateClientCodec.decodeRequest(plain(body))), plain(request))
    }
  })

  test('a chat is refused', () => {
    assert.throws(() => written({}), { code: 'unsupported_value', param: 'messages' })
  })

  test('gives one choice a request, and does not speak of more', () => {
    const chat = decodeChatRequest({ messages: [{ role: 'user', content: 'x' }], n: 2 })
    const request = { ...chat, completion: { prompt: 'x', strict: false } }
    assert.equal(ollamaGenerateBackendCodec.oneChoice, true)
    const one = ollamaGenerateBackendCodec.encodeRequest({ ...request, choiceCount: 1 }, 'm')
    assert.deepEqual(ollamaGenerateBackendCodec.encodeRequest(request, 'm'), one)
  })

  test('passes through with what we never heard of', () => {
    assert.deepEqual(
      ollamaGenerateBackendCodec.passThrough({ model: 'a', prompt: 'x', new_field: 1 }, 'm', true),
      {
        model: 'm',
        prompt: 'x',
        new_field: 1,
        stream: true,
        truncate: false,
      },
    )
  })

  test('a chat’s answer is none of its own', () => {
    const body = { message: { content: 'x' }, done: true }
    assert.throws(() => ollamaGenerateBackendCodec.decodeReply(body), { code: 'upstream_error' })
  })
})
