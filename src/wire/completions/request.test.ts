import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain } from '../../../test/fixtures/wire/encoded.ts'
import type { JsonObject } from '../json.ts'
import { completionsBackendCodec } from './completions-backend.ts'
import { completionsClientCodec } from './completions-client.ts'

const read = (fields: JsonObject) => completionsClientCodec.decodeRequest({ prompt: 'x', ...fields })
const TEXT = { role: 'user', content: [{ type: 'text', text: 'x' }] }

describe('a legacy Completions request', () => {
  test('a prompt is to be continued, by a chat if need be', () => {
    assert.deepEqual(plain(read({ model: 'm' })), {
      model: 'm',
      messages: [TEXT],
      stream: false,
      includeUsage: false,
      tools: [],
      completion: { prompt: 'x', strict: false },
      dropped: [],
    })
    assert.deepEqual(read({ prompt: ['x'] }).completion, read({}).completion)
    assert.deepEqual(plain(read({ suffix: 'y' }).completion), { prompt: 'x', suffix: 'y', strict: true })
    assert.deepEqual(read({ prompt: '' }).messages, [{ role: 'user', content: [] }])
  })

  test('several prompts and token ids are for a backend of its own kind', () => {
    const several = read({ prompt: ['x', 'x'] })
    assert.deepEqual([several.messages, several.nativeOnly?.param], [[TEXT, TEXT], 'prompt'])
    for (const prompt of [
      [1, 2],
      [[1], [2, 3]],
    ]) {
      const { messages, nativeOnly, completion } = read({ prompt })
      assert.deepEqual([messages, completion], [[{ role: 'user', content: [] }], undefined])
      assert.equal(nativeOnly?.param, 'prompt')
    }
  })

  test('reads its settings and declares what it cannot carry', () => {
    const settings = {
      max_tokens: 3,
      temperature: 0,
      top_p: 1,
      n: 2,
      stop: 's',
      seed: 4,
      presence_penalty: 1,
      frequency_penalty: 2,
      logprobs: 0,
      stream: true,
      stream_options: { include_usage: true },
      user: 'u',
    }
    const { messages: _, completion: _completion, tools: _tools, ...rest } = plain(read(settings))
    assert.deepEqual(rest, {
      model: '',
      stream: true,
      includeUsage: true,
      maxOutputTokens: 3,
      temperature: 0,
      topP: 1,
      choiceCount: 2,
      stop: ['s'],
      seed: 4,
      presencePenalty: 1,
      frequencyPenalty: 2,
      logprobs: true,
      topLogprobs: 0,
      user: 'u',
      dropped: [],
    })
    assert.deepEqual(read({ echo: true, best_of: 2, logit_bias: { 1: 2 } }).dropped, [
      'echo',
      'best_of',
      'logit_bias',
    ])
    assert.deepEqual(read({ echo: false, best_of: 1, logit_bias: {}, logprobs: null }).dropped, [])
  })

  test('what is wrong is named', () => {
    const cases: readonly (readonly [JsonObject, string])[] = [
      [{ prompt: null }, 'prompt'],
      [{ prompt: [] }, 'prompt'],
      [{ prompt: ['x', 1] }, 'prompt'],
      [{ prompt: {} }, 'prompt'],
      [{ n: 0 }, 'n'],
      [{ stop: [1] }, 'stop[0]'],
      [{ logprobs: 'x' }, 'logprobs'],
    ]
    for (const [fields, param] of cases) assert.throws(() => read(fields), { param, status: 400 })
  })
})

describe('a completion for a backend', () => {
  test('is read as it was', () => {
    const settings = {
      max_tokens: 3,
      temperature: 0,
      stop: ['a', 'b'],
      n: 2,
      logprobs: 5,
      seed: 1,
      user: 'u',
    }
    for (const fields of [
      {},
      { suffix: 'y' },
      settings,
      { stream: true, stream_options: { include_usage: true } },
    ]) {
      const request = read(fields)
      const { body, dropped } = completionsBackendCodec.encodeRequest(request, '')
      assert.deepEqual(dropped, [])
      assert.deepEqual(plain(completionsClientCodec.decodeRequest(plain(body))), plain(request))
    }
  })

  test('says what it has no form for, and refuses a chat', () => {
    const request = { ...read({}), topK: 3, responseFormat: { type: 'json_object' } as const }
    assert.deepEqual(completionsBackendCodec.encodeRequest(request, 'm').dropped, ['responseFormat', 'topK'])
    const chat = { ...request, completion: undefined }
    assert.throws(() => completionsBackendCodec.encodeRequest(chat, 'm'), { code: 'unsupported_value' })
  })

  test('passes through with usage asked for on streams alone', () => {
    const body = { model: 'a', prompt: [1], echo: true, stream_options: { x: 1 } }
    const passed = completionsBackendCodec.passThrough(body, 'm', true)
    assert.deepEqual(passed, {
      ...body,
      model: 'm',
      stream: true,
      stream_options: { x: 1, include_usage: true },
    })
    assert.deepEqual(completionsBackendCodec.passThrough(body, 'm', false), {
      model: 'm',
      prompt: [1],
      echo: true,
      stream: false,
    })
  })
})
