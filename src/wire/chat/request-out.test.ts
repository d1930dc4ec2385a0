import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../json.ts'
import { passThroughChatRequest } from './pass-through.ts'
import { decodeChatRequest } from './request-in.ts'
import { encodeChatRequest } from './request-out.ts'

/** What is written on the wire: keys without a value are not. */
const sent = (body: JsonObject) =>
  JSON.parse(JSON.stringify(encodeChatRequest(decodeChatRequest(body), 'm').body))

describe('a Chat Completions request built from empty', () => {
  test('carries what the exchange carries, and nothing unknown', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const body = {
      messages: [
        { role: 'system', content: 's' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image_url', image_url: { url: 'data:,', detail: 'low' } },
          ],
        },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', content: 'r', tool_call_id: 'c' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: { type: 'object' }, strict: true },
      },
      temperature: 0,
      stop: ['x'],
      seed: 4,
      reasoning_effort: 'low',
    }
    assert.deepEqual(sent({ ...body, max_tokens: 5, stream: true, x_unknown: 1 }), {
      ...body,
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 5,
    })
  })

  test('no tools, no tool options', () => {
    assert.deepEqual(
      Object.keys(
        sent({ messages: [{ role: 'user', content: 'x' }], tool_choice: 'auto', parallel_tool_calls: true }),
      ),
      ['model', 'messages', 'stream'],
    )
  })

  test('leading system messages are one, a later one is of the user’s turn; several text parts are one text', () => {
    const { messages } = sent({
      messages: [
        { role: 'system', content: 'a' },
        { role: 'developer', content: 'b' },
        {
          role: 'user',
          content: [
            { type: 'text', text: '1' },
            { type: 'text', text: '2' },
          ],
        },
        { role: 'system', content: 'later' },
      ],
    })
    assert.deepEqual(messages, [
      { role: 'system', content: 'a\n\nb' },
      { role: 'user', content: '1\n2\nlater' },
    ])
  })

  test('images in tool results follow behind the last result of the turn', () => {
    const image = { type: 'image_url', image_url: { url: 'data:,' } }
    const { messages } = sent({
      messages: [
        { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'seen' }, image] },
        { role: 'tool', tool_call_id: 'b', content: 'ok' },
        { role: 'user', content: 'go' },
      ],
    })
    assert.deepEqual(messages, [
      { role: 'tool', content: 'seen', tool_call_id: 'a' },
      { role: 'tool', content: 'ok', tool_call_id: 'b' },
      { role: 'user', content: [image] },
      { role: 'user', content: 'go' },
    ])
  })
})

describe('a Chat Completions request passed through', () => {
  test('keeps what nobody heard of, replaces the model, asks for usage', () => {
    const body = {
      model: 'auto',
      messages: [],
      x_new: { a: [1] },
      stream: true,
      stream_options: { include_obfuscation: false },
    }
    assert.deepEqual(passThroughChatRequest(body, 'm', true), {
      ...body,
      model: 'm',
      stream_options: { include_obfuscation: false, include_usage: true },
    })
    assert.equal(body.model, 'auto')
  })

  test('without a stream there are no stream options', () => {
    const body = { messages: [], stream: true, stream_options: { include_usage: true } }
    assert.deepEqual(passThroughChatRequest(body, 'm', false), { messages: [], model: 'm', stream: false })
  })
})
