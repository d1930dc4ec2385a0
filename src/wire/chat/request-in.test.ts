import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { RouterError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeChatRequest } from './request-in.ts'

const USER = { role: 'user', content: 'hi' }
const decode = (fields: JsonObject) => decodeChatRequest({ messages: [USER], ...fields })
const refusedFor = (param: string) => (error: unknown) =>
  error instanceof RouterError && error.status === 400 && error.param === param

describe('a Chat Completions request', () => {
  test('messages of every role and shape', () => {
    const { messages } = decode({
      messages: [
        { role: 'developer', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image_url', image_url: { url: 'data:,', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning_content: 'hm',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{oops' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
        { role: 'assistant', content: '', function_call: { name: 'g', arguments: '{}' } },
        { role: 'function', name: 'g', content: '1' },
      ],
    })
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool', 'assistant', 'tool'],
    )
    assert.deepEqual(messages[1]?.content[1], { type: 'image', url: 'data:,', detail: 'low' })
    assert.equal(messages[2]?.reasoning, 'hm')
    assert.deepEqual(messages[2]?.toolCalls, [{ id: 'c1', name: 'f', arguments: '{oops' }])
    assert.equal(messages[3]?.toolCallId, 'c1')
    assert.equal(messages[4]?.toolCalls?.[0]?.id, messages[5]?.toolCallId)
  })

  test('parts of kinds that few backends take are kept as they are', () => {
    const file = { type: 'file', file: { file_id: 'f' } }
    const video = { type: 'video_url', video_url: { url: 'data:,' } }
    const audio = { type: 'input_audio', input_audio: { data: '', format: 'wav' } }
    assert.deepEqual(
      decode({ messages: [{ role: 'user', content: [file, video, audio] }] }).messages[0]?.content,
      [
        { type: 'file', value: file },
        { type: 'file', value: video },
        { type: 'audio', value: audio },
      ],
    )
  })

  test('the smaller of the two token limits wins; no limit is no limit', () => {
    assert.equal(decode({ max_tokens: 10, max_completion_tokens: 20 }).maxOutputTokens, 10)
    assert.equal(decode({ max_tokens: 30, max_completion_tokens: 20 }).maxOutputTokens, 20)
    assert.equal(decode({ max_tokens: -1 }).maxOutputTokens, undefined)
  })

  test('options, stop as text or list, usage only in streams', () => {
    const request = decode({
      stop: 'x',
      n: 2,
      seed: 1,
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: 'low',
    })
    assert.deepEqual(
      [request.stop, request.choiceCount, request.seed, request.includeUsage],
      [['x'], 2, 1, true],
    )
    assert.deepEqual(decode({ stop: ['a', 'b'] }).stop, ['a', 'b'])
    assert.equal(decode({ stream_options: { include_usage: true } }).includeUsage, false)
    assert.equal(decode({}).model, '')
  })

  test('tools, the old and the custom kind, and what only a vendor can run', () => {
    const request = decode({
      tools: [
        { type: 'function', function: { name: 'f', parameters: { $schema: 'x', type: 'object' } } },
        { type: 'custom', custom: { name: 'c', format: { type: 'text' } } },
        { type: 'web_search' },
      ],
      functions: [{ name: 'old' }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      logit_bias: { 1: 1 },
    })
    assert.deepEqual(
      request.tools.map(({ name, kind }) => [name, kind]),
      [
        ['f', undefined],
        ['c', 'custom'],
        ['old', undefined],
      ],
    )
    assert.deepEqual(request.toolChoice, { name: 'f' })
    assert.deepEqual(request.dropped, ['tools[2]', 'logit_bias'])
  })

  test('allowed_tools leaves only those', () => {
    const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name } }))
    const allowed = { mode: 'required', tools: [{ type: 'function', function: { name: 'b' } }] }
    const request = decode({ tools, tool_choice: { type: 'allowed_tools', allowed_tools: allowed } })
    assert.deepEqual([request.tools.map(({ name }) => name), request.toolChoice], [['b'], 'required'])
  })

  test('each fault names its parameter', () => {
    const faults: readonly [JsonObject, string][] = [
      [{ messages: null }, 'messages'],
      [{ messages: [] }, 'messages'],
      [{ messages: ['x'] }, 'messages[0]'],
      [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'toString', content: 'x' }] }, 'messages[0].role'],
      [{ messages: [USER, { role: 'user', content: 7 }] }, 'messages[1].content'],
      [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
        'messages[0].content[0].image_url',
      ],
      [
        { messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] },
        'messages[0].tool_calls[0].function',
      ],
      [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
      [{ tool_choice: 'maybe' }, 'tool_choice'],
      [{ temperature: 'hot' }, 'temperature'],
      [{ stream: 'yes' }, 'stream'],
      [{ n: 0 }, 'n'],
      [{ stop: [1] }, 'stop[0]'],
      [{ model: 7 }, 'model'],
      [{ response_format: { type: 'xml' } }, 'response_format.type'],
      [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
    ]
    for (const [fields, param] of faults) assert.throws(() => decode(fields), refusedFor(param), param)
  })

  test('any JSON at all is decoded or refused with a status of 400, and never quoted', () => {
    const json = fc.jsonValue().map((value) => value as JsonValue)
    const keys = [
      'role',
      'content',
      'tool_calls',
      'function_call',
      'name',
      'type',
      'text',
      'function',
      'arguments',
    ]
    const object = fc.dictionary(fc.constantFrom(...keys), fc.oneof(json, fc.constant('SECRET')))
    const body = fc.record({
      messages: fc.oneof(json, fc.array(object)),
      tools: fc.oneof(json, fc.array(object)),
      stop: json,
    })
    fc.assert(
      fc.property(body, (body) => {
        try {
          decodeChatRequest(body)
        } catch (error) {
          assert.ok(error instanceof RouterError && error.status === 400)
          assert.ok(!error.message.includes('SECRET'))
        }
      }),
    )
  })

  test('unknown keys never matter', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().map((key) => `x_${key}`),
          fc.jsonValue(),
        ),
        (extra) => {
          assert.deepEqual(decode(extra as JsonObject), decode({}))
        },
      ),
    )
  })
})
