import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { RouterError } from '../../errors.ts'
import type { JsonObject } from '../json.ts'
import { decodeResponsesRequest } from './request-in.ts'

const decode = (fields: JsonObject) => decodeResponsesRequest({ input: 'hi', ...fields })
const user = { role: 'user', content: [{ type: 'text', text: 'hi' }] }

describe('a Responses request', () => {
  test('text input and instructions', () => {
    assert.deepEqual(decode({ instructions: 'brief' }).messages, [
      { role: 'system', content: [{ type: 'text', text: 'brief' }] },
      user,
    ])
  })

  test('as codex sends it: developer items, thinking with nulls, calls merged, unknown keys', () => {
    const { messages } = decode({
      client_metadata: { x: 1 },
      prompt_cache_key: 'k',
      input: [
        { type: 'message', id: 'm1', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
        { role: 'user', content: 'go' },
        {
          type: 'reasoning',
          id: 'r',
          summary: [{ type: 'summary_text', text: 'plan' }],
          content: null,
          encrypted_content: null,
        },
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c1', name: 'ls', arguments: '{bad' },
        { type: 'function_call', call_id: 'c2', name: 'close', namespace: 'agents', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'a b' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'ok' }] },
        { type: 'web_search_call', id: 'w', status: 'completed' },
      ],
    })
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool', 'tool'],
    )
    assert.equal(messages[2]?.reasoning, 'plan')
    assert.deepEqual(messages[2]?.content, [{ type: 'text', text: 'Looking.' }])
    assert.deepEqual(
      messages[2]?.toolCalls?.map(({ id, name, arguments: text }) => [id, name, text]),
      [
        ['c1', 'ls', '{bad'],
        ['c2', 'agents__close', '{}'],
      ],
    )
    assert.equal(messages[4]?.toolCallId, 'c2')
  })

  test('images, files, and images in tool outputs', () => {
    const { messages } = decode({
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'auto' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:,x' },
          ],
        },
        { type: 'custom_tool_call', call_id: 'c', name: 'shoot', input: 'now' },
        {
          type: 'custom_tool_call_output',
          call_id: 'c',
          output: [{ type: 'input_image', image_url: 'data:,' }],
        },
      ],
    })
    assert.deepEqual(messages[0]?.content[0], {
      type: 'image',
      url: 'data:image/png;base64,AA',
      detail: 'auto',
    })
    assert.deepEqual(messages[0]?.content[1], {
      type: 'file',
      value: { type: 'file', file: { filename: 'a.pdf', file_data: 'data:,x', file_url: undefined } },
    })
    assert.equal(messages[1]?.toolCalls?.[0]?.arguments, '{"input":"now"}')
    assert.equal(messages[2]?.content[0]?.type, 'image')
  })

  test('options', () => {
    const request = decode({
      max_output_tokens: 99,
      reasoning: { effort: 'low', summary: 'auto' },
      text: {
        format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true },
        verbosity: 'low',
      },
      truncation: 'auto',
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
      stream: true,
    })
    assert.deepEqual(request.responseFormat, {
      type: 'json_schema',
      name: 'n',
      schema: { type: 'object' },
      description: undefined,
      strict: true,
    })
    assert.deepEqual(
      [request.maxOutputTokens, request.reasoningEffort, request.topLogprobs, request.stream],
      [99, 'low', 2, true],
    )
    assert.deepEqual(request.dropped, ['truncation', 'text.verbosity'])
    assert.equal(decode({ text: {}, include: [] }).responseFormat, undefined)
  })

  test('a seal goes with the one thought it is of', () => {
    const thought = (text: string, encrypted_content: string) => ({
      type: 'reasoning',
      summary: [{ type: 'summary_text', text }],
      encrypted_content,
    })
    const said = { role: 'assistant', content: 'So.' }
    const include = ['reasoning.encrypted_content']
    const one = decode({ include, input: [thought('hm', 'enc'), said] })
    assert.equal(one.sealedReasoning, true)
    assert.equal(one.messages[0]?.reasoning, 'hm')
    assert.deepEqual(one.messages[0]?.reasoningSeal, { origin: 'responses', value: 'enc' })
    const foreign = decode({ input: [thought('hm', 'llr1.messages.sig'), said] })
    assert.deepEqual(foreign.messages[0]?.reasoningSeal, { origin: 'messages', value: 'sig' })
    assert.equal(foreign.sealedReasoning, undefined)
    const bare = decode({ input: [thought('hm', 'llr1.none'), said] })
    assert.deepEqual([bare.messages[0]?.reasoning, bare.messages[0]?.reasoningSeal], ['hm', undefined])
    const two = decode({ input: [thought('a', 'enc'), said, thought('b', 'enc2'), said] })
    assert.deepEqual([two.messages.length, two.messages[0]?.reasoning], [1, 'a\n\nb'])
    assert.equal(two.messages[0]?.reasoningSeal, undefined)
    const unsaid = decode({ input: [thought('a', 'enc'), { role: 'user', content: 'go on' }, said] })
    assert.equal(unsaid.messages[1]?.reasoning, undefined)
  })

  test('what only a provider of this protocol can do is said so, not refused', () => {
    const part = { type: 'input_image', file_id: 'file-1', detail: 'low' }
    const text = { type: 'input_text', text: 'see' }
    const asked = decode({ input: [{ role: 'user', content: [text, part] }] })
    assert.deepEqual(asked.messages[0]?.content[1], { type: 'file', value: part })
    assert.equal(asked.nativeOnly?.param, 'input[0].content[1].file_id')
    const tools = [{ type: 'web_search' }]
    assert.equal(decode({ tools, tool_choice: { type: 'web_search' } }).nativeOnly?.param, 'tools')
    assert.equal(decode({ tools }).nativeOnly, undefined)
    assert.equal(decode({ previous_response_id: 'resp_1' }).messages.length, 1)
  })

  test('what cannot be done says which parameter it is', () => {
    const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }
    const faults: readonly [JsonObject, string, string][] = [
      [{ input: null }, 'missing_required_parameter', 'input'],
      [{ input: 7 }, 'invalid_value', 'input'],
      [{ input: [] }, 'invalid_value', 'input'],
      [{ background: true }, 'unsupported_parameter', 'background'],
      [{ conversation: 'c' }, 'unsupported_parameter', 'conversation'],
      [{ prompt: { id: 'p' } }, 'unsupported_parameter', 'prompt'],
      [{ input: [{ type: 'item_reference', id: 'm' }] }, 'not_found', 'input'],
      [{ input: [{ id: 'm' }] }, 'not_found', 'input'],
      [{ input: [{ role: 'robot', content: 'x' }] }, 'invalid_value', 'input[0].role'],
      [
        { input: [{ type: 'function_call_output', call_id: 'c', output: 'SECRET' }] },
        'invalid_value',
        'input',
      ],
      [{ input: [call] }, 'invalid_value', 'input'],
      [{ text: { format: { type: 'xml' } } }, 'invalid_value', 'text.format.type'],
    ]
    for (const [fields, code, param] of faults) {
      assert.throws(
        () => decode(fields),
        (error) =>
          error instanceof RouterError &&
          error.code === code &&
          error.param === param &&
          !error.message.includes('SECRET'),
        param,
      )
    }
  })

  test('a call and its output are told by the id that joins them, shortened and plain', () => {
    const id = `call_1 "x"\n${'y'.repeat(100)}`
    const shown = `call_1__x__${'y'.repeat(53)}\\.`
    const call = { type: 'function_call', call_id: id, name: 'f', arguments: '{}' }
    const output = { type: 'function_call_output', call_id: id, output: 'x' }
    assert.throws(() => decode({ input: [call] }), {
      param: 'input',
      message: new RegExp(`^No tool output found for function call ${shown}$`),
    })
    assert.throws(() => decode({ input: [output] }), {
      param: 'input',
      message: new RegExp(`^No tool call found for function call output with call_id ${shown}$`),
    })
    assert.equal(decode({ input: [call, output] }).messages.length, 2)
  })

  test('any items at all are decoded or refused with a status of 4xx', () => {
    const keys = [
      'type',
      'role',
      'content',
      'call_id',
      'name',
      'arguments',
      'output',
      'summary',
      'id',
      'text',
    ]
    const types = fc.constantFrom(
      'message',
      'function_call',
      'function_call_output',
      'reasoning',
      'user',
      'input_text',
      'input_image',
    )
    const item = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), types))
    fc.assert(
      fc.property(fc.array(item), (input) => {
        try {
          decode({ input })
        } catch (error) {
          assert.ok(error instanceof RouterError && error.status < 500)
        }
      }),
    )
  })
})
