import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { plain } from '../../../test/fixtures/wire/encoded.ts'
import type { ChatMessage, ChatRequest } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { ollamaClientCodec } from './ollama-client.ts'
import { encodeOllamaRequest } from './request-out.ts'

const USER = { role: 'user', content: 'x' }
const read = (fields: JsonObject) => ollamaClientCodec.decodeRequest({ messages: [USER], ...fields })
const messagesOf = (...messages: JsonObject[]) => read({ messages }).messages
const calling = (...names: string[]) => ({
  role: 'assistant',
  content: '',
  tool_calls: names.map((name) => ({ function: { name, arguments: { of: name } } })),
})

describe('a request of Ollama’s native chat', () => {
  test('streams unless told otherwise, and reads its options', () => {
    assert.deepEqual(plain(read({ model: 'm' })), {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      tools: [],
      stream: true,
      includeUsage: true,
      dropped: [],
    })
    const options = {
      num_predict: 5,
      temperature: 0,
      top_p: 0.5,
      top_k: 7,
      seed: 2,
      stop: ['a'],
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
    }
    const {
      dropped: _,
      messages: _messages,
      ...rest
    } = plain(
      read({ stream: false, options, think: 'high', logprobs: true, top_logprobs: 2, keep_alive: '5m' }),
    )
    assert.deepEqual(rest, {
      model: '',
      tools: [],
      stream: false,
      includeUsage: true,
      maxOutputTokens: 5,
      temperature: 0,
      topP: 0.5,
      topK: 7,
      seed: 2,
      stop: ['a'],
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoningEffort: 'high',
      logprobs: true,
      topLogprobs: 2,
    })
  })

  test('think, format and limits in every form', () => {
    const effort = (think: boolean | string | null) => read({ think }).reasoningEffort
    assert.deepEqual([true, false, null, ''].map(effort), ['medium', 'none', undefined, undefined])
    for (const level of ['low', 'medium', 'high', 'max']) assert.equal(effort(level), level)
    assert.deepEqual(read({ format: 'json' }).responseFormat, { type: 'json_object' })
    const schema = { type: 'object' }
    assert.deepEqual(read({ format: schema }).responseFormat, {
      type: 'json_schema',
      name: 'response',
      schema,
    })
    assert.equal(read({ format: '' }).responseFormat, undefined)
    for (const num_predict of [-1, -2, 0])
      assert.equal(read({ options: { num_predict } }).maxOutputTokens, undefined)
  })

  test('declares what changes the answer and cannot be carried, not what is the machine’s', () => {
    const options = {
      num_ctx: 8192,
      num_gpu: 1,
      num_thread: 4,
      min_p: 0.1,
      mirostat: 1,
      repeat_penalty: null,
    }
    const tools = [{ type: 'web_search' }, { type: 'function', function: { name: 'f' } }]
    const { dropped, tools: kept } = read({ options, tools })
    assert.deepEqual(dropped, ['tools[0]', 'options.min_p', 'options.mirostat'])
    assert.deepEqual(
      kept.map(({ name }) => name),
      ['f'],
    )
  })

  test('images get a media type by their first bytes', () => {
    const encode = (...bytes: number[]) =>
      Buffer.from([...bytes, ...Array<number>(20).fill(0)]).toString('base64')
    const images = {
      png: encode(0x89, 0x50, 0x4e, 0x47),
      jpeg: encode(0xff, 0xd8, 0xff),
      gif: Buffer.from('GIF89a--').toString('base64'),
      webp: Buffer.from('RIFF----WEBPVP8 ').toString('base64'),
      other: encode(1, 2, 3),
    }
    const [message] = messagesOf({ role: 'user', content: 'see', images: Object.values(images) })
    const types = message?.content.map((part) => (part.type === 'image' ? part.url.split(';')[0] : part.type))
    const data = (type: string) => `data:image/${type}`
    assert.deepEqual(types, [...['png', 'jpeg', 'gif', 'webp', 'png'].map(data), 'text'])
    const [first] = message?.content ?? []
    assert.ok(first?.type === 'image' && first.url.endsWith(`;base64,${images.png}`))
  })

  test('results find their calls: by id, by name, in order', () => {
    const result = (fields: JsonObject) => ({ role: 'tool', content: 'r', ...fields })
    const messages = messagesOf(
      USER,
      calling('a', 'b', 'a'),
      result({ tool_name: 'b' }),
      result({ tool_name: 'a' }),
      result({}),
    )
    const ids = messages[1]?.toolCalls?.map(({ id }) => id) ?? []
    assert.deepEqual(
      messages.slice(2).map(({ toolCallId }) => toolCallId),
      [ids[1], ids[0], ids[2]],
    )
    assert.equal(new Set(ids).size, 3)
    const known = { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'a' } }] }
    assert.equal(messagesOf(known, result({ tool_call_id: 'c1' }))[1]?.toolCallId, 'c1')
    assert.equal(messagesOf(result({ tool_name: 'a' }))[0]?.toolCallId, undefined)
  })

  test('a call that the user went past is answered only when no other is open', () => {
    const result = { role: 'tool', content: 'r', tool_name: 'a' }
    const messages = messagesOf(calling('a'), USER, calling('a'), result, result)
    assert.equal(messages[3]?.toolCallId, messages[2]?.toolCalls?.[0]?.id)
    assert.equal(messages[4]?.toolCallId, messages[0]?.toolCalls?.[0]?.id)
  })

  test('odd history is taken as it is', () => {
    const tool_calls = [
      { function: { name: 'f', arguments: '{bad' } },
      { function: {} },
      7,
      { function: { name: 'g' } },
    ]
    const [message] = messagesOf({ role: 'assistant', thinking: 'hm', tool_calls })
    assert.equal(message?.reasoning, 'hm')
    assert.deepEqual(
      message?.toolCalls?.map((call) => call.arguments),
      ['{bad', '{}'],
    )
  })

  test('what is wrong is named, without its text', () => {
    const cases: readonly (readonly [JsonObject, string])[] = [
      [{ messages: 'SECRET' }, 'messages'],
      [{ messages: [{ role: 'SECRET' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'user', content: ['SECRET'] }] }, 'messages[0].content'],
      [{ messages: [{ role: 'user', images: ['https://SECRET'] }] }, 'messages[0].images[0]'],
      [{ format: 'SECRET' }, 'format'],
      [{ think: 3 }, 'think'],
      [{ think: 'SECRET' }, 'think'],
      [{ think: 'none' }, 'think'],
      [{ options: { temperature: 'SECRET' } }, 'options.temperature'],
      [{ options: { stop: [1] } }, 'options.stop[0]'],
    ]
    for (const [fields, param] of cases) {
      assert.throws(
        () => read(fields),
        (error: Error & { param?: string; status?: number }) =>
          error.param === param && error.status === 400 && !error.message.includes('SECRET'),
      )
    }
  })

  test('what is written for a backend is read as the same request', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { body, dropped } = encodeOllamaRequest(request, request.model)
        assert.deepEqual(dropped, [])
        assert.deepEqual(plain(ollamaClientCodec.decodeRequest(plain(body))), plain(request))
      }),
    )
  })
})

const text = fc.string({ unit: 'grapheme', minLength: 1 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const said = text.map((written) => [{ type: 'text' as const, text: written }])
const picture = {
  type: 'image' as const,
  url: `data:image/gif;base64,${Buffer.from('GIF89a').toString('base64')}`,
}

/** A turn: the user asks, the model calls and is answered. */
const turns: fc.Arbitrary<ChatMessage[]> = fc
  .tuple(said, maybe(text), fc.uniqueArray(fc.uuid(), { maxLength: 3 }), fc.boolean())
  .map(([content, reasoning, ids, hasImage]) => {
    const toolCalls = ids.map((id, index) => ({ id, name: `f${index}`, arguments: `{"n":${index}}` }))
    const user: ChatMessage = { role: 'user', content: hasImage ? [picture, ...content] : content }
    const assistant: ChatMessage = {
      role: 'assistant',
      content,
      reasoning,
      ...(ids.length > 0 ? { toolCalls } : {}),
    }
    const results = toolCalls.map(({ id, name }): ChatMessage => ({
      role: 'tool',
      content,
      name,
      toolCallId: id,
    }))
    return [user, assistant, ...results]
  })

const number = fc.integer({ min: 1, max: 99 })
const requests: fc.Arbitrary<ChatRequest> = fc.record({
  model: text,
  messages: fc.array(turns, { minLength: 1, maxLength: 3 }).map((all) => all.flat()),
  stream: fc.boolean(),
  includeUsage: fc.constant(true),
  tools: fc.constantFrom([], [{ name: 'f0', description: 'd', parameters: { type: 'object' } }]),
  responseFormat: fc.constantFrom(
    undefined,
    { type: 'json_object' } as const,
    { type: 'json_schema', name: 'response', schema: { type: 'object' } } as const,
  ),
  maxOutputTokens: maybe(number),
  temperature: maybe(number),
  topP: maybe(number),
  topK: maybe(number),
  seed: maybe(number),
  presencePenalty: maybe(number),
  frequencyPenalty: maybe(number),
  stop: maybe(fc.array(text, { minLength: 1, maxLength: 3 })),
  logprobs: maybe(fc.boolean()),
  topLogprobs: maybe(number),
  reasoningEffort: fc.constantFrom(undefined, 'none', 'low', 'medium', 'high', 'max'),
  dropped: fc.constant([]),
})
