import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { withCannedMessage } from '../../../test/fixtures/wire/canned-anthropic.ts'
import { messagesContext } from '../../../test/fixtures/wire/messages-exchange.ts'
import { RouterError } from '../../errors.ts'
import type { ChatChoice, ChatReply } from '../exchange.ts'
import { messagesBackendCodec } from './messages-backend.ts'
import { messagesClientCodec } from './messages-client.ts'

function encode(choice: Partial<ChatChoice>, rest: Partial<ChatReply> = {}) {
  const whole: ChatChoice = { index: 0, text: null, toolCalls: [], finish: 'stop', ...choice }
  const reply = { id: 'chatcmpl-1', createdAtSeconds: 0, model: '', choices: [whole], ...rest }
  return JSON.parse(messagesClientCodec.encodeReply(reply, messagesContext()))
}

describe('a buffered message', () => {
  test('every part of an answer', () => {
    const usage = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 6, cacheWriteTokens: 1 }
    const call = { id: 'functions.f:0', name: 'f', arguments: '{"a":1}' }
    const { id, content, ...message } = encode(
      { text: 'Hi', reasoning: 'hm', toolCalls: [call, { ...call, id: '' }] },
      { usage },
    )
    assert.match(id, /^msg_\w{24}$/)
    assert.deepEqual(content.slice(0, 2), [
      { type: 'thinking', thinking: 'hm', signature: 'llr1.none' },
      { type: 'text', text: 'Hi' },
    ])
    assert.deepEqual([content[2].type, content[2].name, content[2].input], ['tool_use', 'f', { a: 1 }])
    for (const { id } of content.slice(2)) assert.match(id, /^[a-zA-Z0-9_-]{1,64}$/)
    assert.deepEqual(message, {
      type: 'message',
      role: 'assistant',
      model: 'target',
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: {
        input_tokens: 3,
        cache_creation_input_tokens: 1,
        cache_read_input_tokens: 6,
        output_tokens: 4,
      },
    })
  })

  test('seals and redacted thinking', () => {
    const seal = (reasoningSeal: ChatChoice['reasoningSeal'], reasoning?: string) =>
      encode({ reasoning, reasoningSeal }).content
    assert.deepEqual(seal({ origin: 'messages', value: 's' }), [
      { type: 'thinking', thinking: '', signature: 's' },
    ])
    assert.equal(seal({ origin: 'responses', value: 's' }, 'x')[0].signature, 'llr1.responses.s')
    assert.deepEqual(seal({ origin: 'messages', value: 's', redacted: true }), [
      { type: 'redacted_thinking', data: 's' },
    ])
  })

  test('why it stopped', () => {
    const stop = (choice: Partial<ChatChoice>) => {
      const { stop_reason, stop_sequence } = encode(choice)
      return [stop_reason, stop_sequence]
    }
    assert.deepEqual(stop({}), ['end_turn', null])
    assert.deepEqual(stop({ finish: 'length' }), ['max_tokens', null])
    assert.deepEqual(stop({ finish: 'content_filter' }), ['refusal', null])
    assert.deepEqual(stop({ stopSequence: 'END' }), ['stop_sequence', 'END'])
    const refused = encode({ refusal: 'No.' })
    assert.deepEqual([refused.stop_reason, refused.content], ['refusal', [{ type: 'text', text: 'No.' }]])
  })

  test('nothing said, nothing counted', () => {
    const { content, usage } = encode({ text: ' ' })
    assert.deepEqual([content, usage.input_tokens, usage.output_tokens], [[], 3, 1])
    assert.equal(encode({}, { choices: [] }).stop_reason, 'end_turn')
  })

  test('the package reads it', async () => {
    const body = JSON.stringify(encode({ text: 'Hi', toolCalls: [{ id: 'a', name: 'f', arguments: 'x' }] }))
    const message = await withCannedMessage({ body, contentType: 'application/json' }, (client) =>
      client.messages.create({ model: 'x', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }),
    )
    assert.deepEqual(
      message.content.map(({ type }) => type),
      ['text', 'tool_use'],
    )
  })
})

describe('a message of a backend', () => {
  test('several thoughts and texts become one each; the provider’s own tools are not heard', () => {
    const reply = messagesBackendCodec.decodeReply({
      id: 'msg_1',
      model: 'm',
      content: [
        { type: 'thinking', thinking: 'a', signature: 's1' },
        { type: 'redacted_thinking', data: 'x' },
        { type: 'text', text: 'one ' },
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
        { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
        { type: 'thinking', thinking: 'b', signature: 's2' },
        { type: 'text', text: 'two' },
        { type: 'tool_use', id: 't', name: 'f' },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 4 },
    })
    const [choice] = reply.choices
    assert.deepEqual(
      [choice?.reasoning, choice?.reasoningSeal, choice?.text],
      ['a\n\nb', undefined, 'one two'],
    )
    assert.deepEqual(choice?.toolCalls, [{ id: 't', name: 'f', arguments: '{}' }])
    assert.equal(choice?.finish, 'tool_calls')
    assert.deepEqual([reply.usage?.inputTokens, reply.usage?.cachedInputTokens], [5, 4])
  })

  test('what is none is an upstream error', () => {
    for (const body of [null, 'x', [], {}, { content: 'x' }]) {
      assert.throws(() => messagesBackendCodec.decodeReply(body), { code: 'upstream_error' })
    }
  })

  test('its failures', () => {
    const failure = messagesBackendCodec.decodeFailure({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
    })
    assert.deepEqual(
      [failure.contextOverflow, failure.promptTokens, failure.contextTokens],
      [true, 210_000, 200_000],
    )
  })
})

describe('errors', () => {
  const shown = (...[code, message, details]: ConstructorParameters<typeof RouterError>) => {
    const error = new RouterError(code, message, details)
    const { type, message: text } = JSON.parse(messagesClientCodec.encodeError(error, 'req_1')).error
    return [messagesClientCodec.errorStatus(error), type, text]
  }

  test('status and type', () => {
    assert.deepEqual(shown('invalid_value', 'm'), [400, 'invalid_request_error', 'm'])
    assert.deepEqual(shown('model_not_found', 'm'), [404, 'not_found_error', 'm'])
    assert.deepEqual(shown('request_too_large', 'm'), [413, 'request_too_large', 'm'])
    assert.deepEqual(shown('rate_limit_exceeded', 'm'), [429, 'rate_limit_error', 'm'])
    assert.deepEqual(shown('upstream_error', 'm'), [502, 'api_error', 'm'])
    assert.deepEqual(shown('backend_unavailable', 'm'), [529, 'overloaded_error', 'm'])
    assert.deepEqual(shown('privacy_no_local_target', 'm'), [400, 'invalid_request_error', 'm'])
    assert.deepEqual(shown('upstream_timeout', 'm'), [504, 'timeout_error', 'm'])
  })

  test('an overflow in the words that clients know', () => {
    const tokens = { prompt: 9000, context: 8192 }
    assert.equal(
      shown('context_length_exceeded', 'Full.', { tokens })[2],
      'prompt is too long: 9000 tokens > 8192 maximum. Full.',
    )
    assert.equal(shown('context_length_exceeded', 'Full.')[2], 'prompt is too long: Full.')
  })

  test('the package raises them as its own', async () => {
    const error = new RouterError('model_not_found', 'No such model.')
    const body = messagesClientCodec.encodeError(error, 'req_1')
    const asked = withCannedMessage({ status: 404, contentType: 'application/json', body }, (client) =>
      client.messages.create({ model: 'x', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }),
    )
    await assert.rejects(
      asked,
      (raised) => raised instanceof Anthropic.NotFoundError && /No such model/.test(raised.message),
    )
  })
})
