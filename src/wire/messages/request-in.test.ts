import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { RouterError } from '../../errors.ts'
import type { ChatRequest } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeMessagesRequest } from './request-in.ts'

const ASKED = [{ role: 'user', content: 'hi' }]
const decode = (fields: JsonObject): ChatRequest =>
  decodeMessagesRequest({ model: 'm', max_tokens: 10, messages: ASKED, ...fields })
/** Keys without a value count as absent. */
const messagesOf = (messages: JsonValue) => JSON.parse(JSON.stringify(decode({ messages }).messages))

describe('a Messages request', () => {
  test('as Claude Code sends it: system blocks, a system turn, results, thinking', () => {
    const cached = { cache_control: { type: 'ephemeral' } }
    const request = decode({
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=1; cch=ab12;' },
        { type: 'text', text: 'You are a tool.', ...cached },
        { type: 'text', text: 'Be brief.', ...cached },
      ],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Run it', ...cached }] },
        { role: 'system', content: 'A reminder.' },
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'ls' } }],
        },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'and now?' },
            { type: 'tool_result', tool_use_id: 't1', content: 'files', is_error: false, ...cached },
          ],
        },
      ],
      metadata: { user_id: 'u' },
      max_tokens: 32_000,
      thinking: { type: 'adaptive', display: 'omitted' },
      context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
      output_config: { effort: 'high' },
      stream: true,
      service_tier: 'auto',
      betas: ['x'],
    })
    assert.deepEqual(
      request.messages.map(({ role, content }) => [
        role,
        content.map((part) => part.type === 'text' && part.text),
      ]),
      [
        ['system', ['You are a tool.', 'Be brief.']],
        ['user', ['Run it']],
        ['system', ['A reminder.']],
        ['assistant', []],
        ['tool', ['files']],
        ['user', ['and now?']],
      ],
    )
    assert.deepEqual(request.messages[3]?.toolCalls, [
      { id: 't1', name: 'Bash', arguments: '{"command":"ls"}' },
    ])
    assert.deepEqual([request.messages[4]?.toolCallId, request.messages[4]?.isError], ['t1', undefined])
    const { reasoningEffort, sealedReasoning, user, maxOutputTokens, stream, dropped } = request
    assert.deepEqual(
      [reasoningEffort, sealedReasoning, user, maxOutputTokens, stream, dropped],
      ['high', true, 'u', 32_000, true, ['context_management']],
    )
  })

  test('thinking keeps its seal when it is one piece', () => {
    const assistant = (...content: JsonObject[]) => {
      const [{ reasoning, reasoningSeal }] = messagesOf([{ role: 'assistant', content }])
      return [reasoning, reasoningSeal]
    }
    const thinking = (thinking: string, signature: string) => ({ type: 'thinking', thinking, signature })
    assert.deepEqual(assistant(thinking('a', 'sig')), ['a', { origin: 'messages', value: 'sig' }])
    assert.deepEqual(assistant(thinking('', 'sig')), [undefined, { origin: 'messages', value: 'sig' }])
    assert.deepEqual(assistant(thinking('a', 'llr1.responses.x')), ['a', { origin: 'responses', value: 'x' }])
    assert.deepEqual(assistant(thinking('a', 'llr1.none')), ['a', undefined])
    assert.deepEqual(assistant({ type: 'redacted_thinking', data: 'd' }), [
      undefined,
      { origin: 'messages', value: 'd', redacted: true },
    ])
    assert.deepEqual(assistant(thinking('a', 's1'), thinking('b', 's2')), ['a\n\nb', undefined])
  })

  test('effort by its name, its budget, or not at all', () => {
    const effort = (fields: JsonObject) => {
      const { reasoningEffort, sealedReasoning } = decode(fields)
      return [reasoningEffort, sealedReasoning]
    }
    const enabled = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } })
    assert.deepEqual(effort({}), [undefined, undefined])
    assert.deepEqual(effort({ thinking: { type: 'disabled' } }), ['none', undefined])
    assert.deepEqual(effort({ thinking: { type: 'adaptive' } }), [undefined, true])
    assert.deepEqual(effort(enabled(1024)), ['low', true])
    assert.deepEqual(effort(enabled(4096)), ['medium', true])
    assert.deepEqual(effort(enabled(16_384)), ['high', true])
    assert.deepEqual(effort({ ...enabled(1024), output_config: { effort: 'max' } }), ['max', true])
  })

  test('tools, and those that only their provider has', () => {
    const tools = [
      { name: 'read', description: 'Reads.', input_schema: { type: 'object' }, defer_loading: true },
      { type: 'custom', name: 'write', input_schema: {} },
      { type: 'web_search_20250305', name: 'web_search' },
    ]
    const free = decode({ tools })
    assert.deepEqual(
      free.tools.map(({ name, description }) => [name, description]),
      [
        ['read', 'Reads.'],
        ['write', undefined],
      ],
    )
    assert.deepEqual([free.dropped, free.toolChoice, free.nativeOnly], [['tools[2]'], undefined, undefined])
    const forced = decode({ tools, tool_choice: { type: 'tool', name: 'web_search' } })
    assert.equal(forced.nativeOnly?.param, 'tools')
    const any = decode({ tools: tools.slice(2), tool_choice: { type: 'any' } })
    assert.equal(any.nativeOnly?.param, 'tools')
    const alone = decode({ tools, tool_choice: { type: 'any', disable_parallel_tool_use: true } })
    assert.deepEqual(
      [alone.toolChoice, alone.parallelToolCalls, alone.nativeOnly],
      ['required', false, undefined],
    )
    assert.deepEqual(decode({ tools, tool_choice: { type: 'tool', name: 'read' } }).toolChoice, {
      name: 'read',
    })
  })

  test('the format, at both of its places', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const wanted = { ...format, name: 'answer' }
    assert.deepEqual(decode({ output_config: { format } }).responseFormat, wanted)
    assert.deepEqual(decode({ output_format: format }).responseFormat, wanted)
  })

  test('what is wrong is named', () => {
    const wrong: [JsonObject, string, string][] = [
      [{ max_tokens: null }, 'missing_required_parameter', 'max_tokens'],
      [{ max_tokens: 0 }, 'invalid_value', 'max_tokens'],
      [{ messages: null }, 'missing_required_parameter', 'messages'],
      [{ messages: [] }, 'invalid_value', 'messages'],
      [{ messages: [{ role: 'tool', content: 'x' }] }, 'invalid_value', 'messages[0].role'],
      [{ messages: [{ role: 'user' }] }, 'missing_required_parameter', 'messages[0].content'],
      [
        { messages: [{ role: 'user', content: [{ text: 'x' }] }] },
        'missing_required_parameter',
        'messages[0].content[0].type',
      ],
      [
        { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
        'missing_required_parameter',
        'messages[0].content[0].tool_use_id',
      ],
      [{ tools: [{ input_schema: {} }] }, 'missing_required_parameter', 'tools[0].name'],
      [{ tool_choice: { type: 'some' } }, 'invalid_value', 'tool_choice.type'],
      [{ output_config: { format: { type: 'xml' } } }, 'invalid_value', 'output_config.format.type'],
      [{ stop_sequences: [1] }, 'invalid_value', 'stop_sequences[0]'],
      [{ system: 7 }, 'invalid_value', 'system'],
    ]
    for (const [fields, code, param] of wrong) assert.throws(() => decode(fields), { code, param })
  })

  test('any body is read or refused, never more', () => {
    const keys = [
      'messages',
      'system',
      'tools',
      'tool_choice',
      'thinking',
      'output_config',
      'metadata',
      'stop_sequences',
    ]
    const value = fc.jsonValue().map((value): JsonValue => JSON.parse(JSON.stringify(value)))
    const block = fc.record(
      {
        type: fc.constantFrom('text', 'image', 'document', 'tool_use', 'tool_result', 'thinking', 'odd'),
        content: value,
        source: value,
        text: value,
        input: value,
      },
      { requiredKeys: ['type'] },
    )
    const messages = fc.array(
      fc.record({
        role: fc.constantFrom('user', 'assistant', 'system'),
        content: fc.oneof(fc.array(block), value),
      }),
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...keys), value),
        messages,
        fc.boolean(),
        (fields, messages, whole) => {
          try {
            decode(whole ? { ...fields, messages } : fields)
          } catch (error) {
            assert.ok(error instanceof RouterError && error.status === 400)
          }
        },
      ),
    )
  })
})
