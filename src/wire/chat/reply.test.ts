import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RouterError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { chatBackendCodec } from './chat-backend.ts'
import { chatClientCodec } from './chat-client.ts'

const context = (body: JsonObject = {}) => {
  const whole = { messages: [{ role: 'user', content: 'x' }], ...body }
  return {
    requestId: 'req_1',
    body: whole,
    request: chatClientCodec.decodeRequest(whole),
    model: 'target',
    nowSeconds: 1_790_000_001,
    elapsedMs: () => 5,
    estimatedInputTokens: 3,
  }
}
const decodeReply = (body: JsonValue) => chatBackendCodec.decodeReply(body)
const encode = (reply: JsonObject, body?: JsonObject) =>
  JSON.parse(chatClientCodec.encodeReply(decodeReply(reply), context(body)))

describe('a buffered chat completion', () => {
  test('comes out as it went in', () => {
    const usage = {
      prompt_tokens: 1,
      completion_tokens: 2,
      total_tokens: 3,
      prompt_tokens_details: { cached_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 1 },
    }
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const reply = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: 'm',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            refusal: null,
            reasoning_content: 'hm',
            tool_calls: [call],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
        {
          index: 1,
          message: { role: 'assistant', content: 'b', refusal: null },
          logprobs: { content: [] },
          finish_reason: 'length',
        },
      ],
      usage,
    }
    assert.deepEqual(encode(reply), reply)
  })

  test('what small servers leave out is filled in', () => {
    const reply = encode({
      choices: [{ message: { content: '', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] } }],
    })
    assert.equal(reply.model, 'target')
    assert.equal(reply.created, 1_790_000_001)
    assert.match(reply.id, /^chatcmpl-\w{24}$/)
    const [choice] = reply.choices
    assert.equal(choice.finish_reason, 'tool_calls')
    assert.equal(choice.message.content, null)
    assert.match(choice.message.tool_calls[0].id, /^call_\w{24}$/)
    assert.equal(choice.message.tool_calls[0].function.arguments, '{"a":1}')
  })

  test('thinking under its other name, refusals, missing finish', () => {
    const { choices } = decodeReply({
      choices: [{ message: { content: null, reasoning: 'hm', refusal: 'no' } }],
    })
    assert.deepEqual([choices[0]?.reasoning, choices[0]?.refusal, choices[0]?.finish], ['hm', 'no', 'stop'])
  })

  test('custom tools are turned back', () => {
    const tools = [{ type: 'custom', custom: { name: 'sql' } }]
    const call = { id: 'c', type: 'function', function: { name: 'sql', arguments: '{"input":"select 1"}' } }
    const { choices } = encode({ choices: [{ message: { content: null, tool_calls: [call] } }] }, { tools })
    assert.deepEqual(choices[0].message.tool_calls, [
      { id: 'c', type: 'custom', custom: { name: 'sql', input: 'select 1' } },
    ])
  })

  test('what is no answer is an upstream error', () => {
    for (const body of [
      null,
      [],
      'x',
      {},
      { choices: [] },
      { choices: [{}] },
      { error: { message: 'x' } },
      { choices: ['x'] },
    ]) {
      assert.throws(() => decodeReply(body), { code: 'upstream_error' })
    }
  })

  test('errors are OpenAI’s envelope', () => {
    const error = new RouterError('invalid_value', 'no', { param: 'n' })
    assert.deepEqual(JSON.parse(chatClientCodec.encodeError(error, 'req_1')), {
      error: { message: 'no', type: 'invalid_request_error', param: 'n', code: 'invalid_value' },
    })
  })
})
