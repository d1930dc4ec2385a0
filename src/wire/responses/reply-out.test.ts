import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withCannedAnswer } from '../../../test/fixtures/wire/canned-server.ts'
import { RESPONSE_KEYS, responsesContext } from '../../../test/fixtures/wire/responses-context.ts'
import type { ChatChoice, ChatReply } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { encodeResponsesReply } from './reply-out.ts'

const reply = (choice: Partial<ChatChoice>, rest: Partial<ChatReply> = {}): ChatReply => ({
  id: 'chatcmpl-1',
  createdAtSeconds: 0,
  model: 'm',
  choices: [{ index: 0, text: null, toolCalls: [], finish: 'stop', ...choice }],
  ...rest,
})
const encode = (choice: Partial<ChatChoice>, body?: JsonObject, rest?: Partial<ChatReply>) =>
  JSON.parse(encodeResponsesReply(reply(choice, rest), responsesContext({ stream: false, ...body })))

describe('a buffered Responses envelope', () => {
  test('has every key, the output and output_text', () => {
    const usage = { inputTokens: 9, outputTokens: 4, cachedInputTokens: 2 }
    const response = encode(
      { text: 'Hello', reasoning: 'hm' },
      { metadata: { a: 'b' }, instructions: 'x' },
      { usage },
    )
    assert.deepEqual(
      RESPONSE_KEYS.filter((key) => !(key in response)),
      [],
    )
    assert.match(response.id, /^resp_\w{24}$/)
    assert.equal(response.model, 'm')
    assert.equal(response.output_text, 'Hello')
    assert.equal(response.status, 'completed')
    assert.equal(response.completed_at, 1_790_000_001)
    assert.deepEqual([response.store, response.previous_response_id], [true, null])
    assert.deepEqual(response.metadata, { a: 'b' })
    assert.deepEqual(response.text, { format: { type: 'text' } })
    assert.deepEqual(response.usage, {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 13,
    })
    const [thought, message] = response.output
    assert.deepEqual(thought.summary, [{ type: 'summary_text', text: 'hm' }])
    assert.deepEqual(message.content, [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }])
  })

  test('calls, un-flattened and unwrapped; white space before them is no message', () => {
    const tools = [
      { type: 'namespace', name: 'ns', tools: [{ type: 'function', name: 'f' }] },
      { type: 'custom', name: 'sql' },
    ]
    const toolCalls = [
      { id: `id with spaces ${'x'.repeat(80)}`, name: 'ns__f', arguments: '{}' },
      { id: '', name: 'sql', arguments: '{"input":"select 1"}' },
    ]
    const { output, output_text } = encode({ text: '\n\n', toolCalls, finish: 'tool_calls' }, { tools })
    assert.equal(output.length, 2)
    assert.equal(output_text, '\n\n')
    assert.deepEqual([output[0].type, output[0].name, output[0].namespace], ['function_call', 'f', 'ns'])
    assert.match(output[0].call_id, /^[\w-]{64}$/)
    assert.deepEqual([output[1].type, output[1].input], ['custom_tool_call', 'select 1'])
    assert.match(output[1].call_id, /^call_\w{24}$/)
  })

  test('a cut answer is incomplete, and its last item too', () => {
    const cut = encode({ text: 'Hel', finish: 'length' })
    assert.deepEqual(
      [cut.status, cut.incomplete_details, cut.completed_at],
      ['incomplete', { reason: 'max_output_tokens' }, null],
    )
    assert.equal(cut.output[0].status, 'incomplete')
    assert.deepEqual(encode({ text: '', finish: 'content_filter' }).incomplete_details, {
      reason: 'content_filter',
    })
    assert.deepEqual(
      encode({ reasoning: 'hm', finish: 'length' }).output.map(({ type }: { type: string }) => type),
      ['reasoning'],
    )
  })

  test('refusals, empty answers, usage estimated when there is none', () => {
    assert.deepEqual(encode({ refusal: 'No.' }).output[0].content, [{ type: 'refusal', refusal: 'No.' }])
    const empty = encode({ text: '' })
    assert.equal(empty.output[0].content[0].text, '')
    assert.deepEqual([empty.usage.input_tokens, empty.usage.output_tokens], [3, 0])
    assert.equal(encode({ text: 'eight ch' }).usage.output_tokens, 2)
  })

  test('a seal is told to who asked for it, thinking or not', () => {
    const include = ['reasoning.encrypted_content']
    const seal = { origin: 'messages', value: 'sig' } as const
    const [thought] = encode({ text: 'x', reasoning: 'hm', reasoningSeal: seal }, { include }).output
    assert.deepEqual([thought.summary.length, thought.encrypted_content], [1, 'llr1.messages.sig'])
    const [hidden] = encode({ text: 'x', reasoningSeal: { ...seal, redacted: true } }, { include }).output
    assert.deepEqual([hidden.type, hidden.summary], ['reasoning', []])
    assert.equal(hidden.encrypted_content, 'llr1.messages.redacted.sig')
    assert.equal(encode({ text: 'x', reasoningSeal: seal }).output[0].type, 'message')
  })

  test('what the client said about keeping is echoed', () => {
    const echo = encode({ text: 'x' }, { store: false, previous_response_id: 'resp_1' })
    assert.deepEqual([echo.store, echo.previous_response_id], [false, 'resp_1'])
  })

  test('function tools and schemas are echoed whole', () => {
    const format = { type: 'json_schema', name: 'n', schema: {} }
    const echo = encode(
      { text: 'x' },
      { tools: [{ type: 'function', name: 'f' }], text: { format }, reasoning: { effort: 'low' } },
    )
    assert.deepEqual(echo.tools, [
      { type: 'function', name: 'f', description: null, parameters: null, strict: null },
    ])
    assert.deepEqual(echo.text.format, { ...format, description: null, strict: null })
    assert.deepEqual(echo.reasoning, { effort: 'low', summary: null })
  })

  test('the openai package reads it', async () => {
    const body = encodeResponsesReply(reply({ text: 'Hello' }), responsesContext({ stream: false }))
    const response = await withCannedAnswer({ body, contentType: 'application/json' }, (client) =>
      client.responses.create({ model: 'x', input: 'x' }),
    )
    assert.equal(response.output_text, 'Hello')
  })
})
