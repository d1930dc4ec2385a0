import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeChatRequest } from '../chat/request-in.ts'
import type { JsonObject } from '../json.ts'
import { encodeOllamaRequest } from './request-out.ts'

const sent = (fields: JsonObject) => {
  const request = decodeChatRequest({ messages: [{ role: 'user', content: 'x' }], ...fields })
  return JSON.parse(JSON.stringify(encodeOllamaRequest(request, 'm').body))
}
const TOOLS = ['a', 'b'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object' } },
}))
const toolNames = (choice: JsonObject | string) =>
  sent({ tools: TOOLS, tool_choice: choice }).tools?.map(
    (tool: { function: { name: string } }) => tool.function.name,
  )

describe('a native Ollama request', () => {
  test('says stream and truncate outright, and never num_ctx', () => {
    assert.deepEqual(sent({}), {
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      stream: false,
      truncate: false,
    })
    assert.deepEqual(
      sent({
        max_tokens: 5,
        temperature: 0,
        top_p: 1,
        seed: 2,
        stop: 'x',
        presence_penalty: 0.1,
        frequency_penalty: 0.2,
        stream: true,
      }),
      {
        model: 'm',
        messages: [{ role: 'user', content: 'x' }],
        stream: true,
        truncate: false,
        options: {
          num_predict: 5,
          temperature: 0,
          top_p: 1,
          seed: 2,
          stop: ['x'],
          presence_penalty: 0.1,
          frequency_penalty: 0.2,
        },
      },
    )
  })

  test('images as raw base64, arguments as objects whatever was written, results by tool name', () => {
    const call = (id: string, text: string) => ({
      id,
      type: 'function',
      function: { name: `f${id}`, arguments: text },
    })
    const { messages } = sent({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning: 'hm',
          tool_calls: [call('1', '{"a":1}'), call('2', '{bad'), call('3', ''), call('4', '[1]')],
        },
        { role: 'tool', tool_call_id: '1', content: 'r' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,ABC' } }] },
      ],
    })
    assert.deepEqual(messages[0], { role: 'user', content: 'see', images: ['QUJD'] })
    assert.equal(messages[1].thinking, 'hm')
    assert.deepEqual(
      messages[1].tool_calls.map(
        (sentCall: { function: { arguments: JsonObject } }) => sentCall.function.arguments,
      ),
      [{ a: 1 }, { arguments: '{bad' }, {}, { arguments: [1] }],
    )
    assert.deepEqual(messages[2], { role: 'tool', content: 'r', tool_call_id: '1', tool_name: 'f1' })
    assert.deepEqual(messages[3].images, ['QUJD'])
  })

  test('what it cannot take is refused by name, and nothing is fetched', () => {
    for (const part of [
      { type: 'image_url', image_url: { url: 'https://example.test/SECRET.png' } },
      { type: 'image_url', image_url: { url: 'data:,%ZZSECRET' } },
      { type: 'file', file: { file_id: 'SECRET' } },
    ]) {
      assert.throws(
        () => sent({ messages: [{ role: 'user', content: [part] }] }),
        (error: Error & { code?: string; param?: string }) =>
          error.code === 'unsupported_value' &&
          error.param === 'messages' &&
          /^The request has an? (?:image|file) that cannot go to this backend: /.test(error.message) &&
          !error.message.includes('SECRET'),
      )
    }
  })

  test('tool choice by what is shown', () => {
    assert.deepEqual(toolNames('auto'), ['a', 'b'])
    assert.equal(toolNames('none'), undefined)
    assert.deepEqual(toolNames({ type: 'function', function: { name: 'b' } }), ['b'])
  })

  test('effort and format', () => {
    const think = (reasoning_effort: string) => sent({ reasoning_effort }).think
    assert.deepEqual(['none', 'minimal', 'medium', 'xhigh', 'odd'].map(think), [
      false,
      'low',
      'medium',
      'max',
      undefined,
    ])
    assert.equal(sent({ response_format: { type: 'json_object' } }).format, 'json')
    const schema = { type: 'object' }
    assert.deepEqual(
      sent({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } }).format,
      schema,
    )
    assert.equal(sent({ response_format: { type: 'text' } }).format, undefined)
  })
})
