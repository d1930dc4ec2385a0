import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { responsesContext } from '../../../test/fixtures/wire/responses-context.ts'
import type { ChatChoice, ChatReply } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { encodeResponsesReply } from './reply-out.ts'
import { decodeResponsesReply } from './reply-in.ts'

const INCLUDE = ['reasoning.encrypted_content', 'message.output_text.logprobs']
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const choiceOf = (output: JsonObject[], rest: JsonObject = {}) =>
  plain(decodeResponsesReply({ status: 'completed', error: null, output, ...rest }).choices[0])
const said = (text: string, rest: JsonObject = {}) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text, ...rest }],
})

describe('a buffered answer of a Responses backend', () => {
  test('what was written for a client is read as it was', () => {
    const word = fc.string({ minLength: 1 }).filter((text) => text.trim() !== '')
    const seal = fc.record({
      origin: fc.constantFrom('responses', 'messages'),
      value: fc.stringMatching(/^[a-z]{1,9}$/),
    })
    const call = fc.record({
      id: fc.stringMatching(/^call_\w{1,20}$/),
      name: fc.constantFrom('f', 'ns__g'),
      arguments: fc.oneof(fc.constant(''), word),
      kind: fc.constant('function'),
    })
    const count = fc.nat(99)
    const reply = fc.record({
      text: fc.option(word),
      reasoning: word,
      reasoningSeal: seal,
      toolCalls: fc.array(call, { maxLength: 3 }),
      refusal: word,
      usage: fc.record({
        inputTokens: count,
        outputTokens: count,
        cachedInputTokens: count,
        cacheWriteTokens: count,
        reasoningTokens: count,
      }),
      finish: fc.constantFrom('stop', 'length', 'content_filter'),
    })
    const tools = [{ type: 'namespace', name: 'ns', tools: [{ type: 'function', name: 'g' }] }]
    fc.assert(
      fc.property(reply, ({ usage, finish, ...fields }) => {
        const logprobs = { content: [{ token: 'x', logprob: -1, bytes: null, top_logprobs: [] }] }
        const choice = {
          index: 0,
          ...fields,
          finish: finish === 'stop' && fields.toolCalls.length > 0 ? 'tool_calls' : finish,
          ...(fields.text === null ? {} : { logprobs }),
        } as ChatChoice
        const written: ChatReply = { id: 'x', createdAtSeconds: 5, model: 'm', choices: [choice], usage }
        const context = responsesContext({ stream: false, include: INCLUDE, tools })
        const read = plain(decodeResponsesReply(JSON.parse(encodeResponsesReply(written, context))))
        for (const call of read.choices[0].toolCalls) delete call.namespace
        assert.match(read.id, /^resp_/)
        assert.equal(read.model, 'm')
        assert.deepEqual(read.usage, plain(usage))
        assert.deepEqual(read.choices, [plain(choice)])
      }),
    )
  })

  test('hosted items are skipped, messages and thoughts are paragraphs, seals are for one thought', () => {
    const summary = (text: string) => [{ type: 'summary_text', text }]
    const choice = choiceOf([
      { type: 'reasoning', summary: [...summary('a'), ...summary('b')], encrypted_content: 'e1' },
      said('Let me look.'),
      { type: 'web_search_call', id: 'ws', status: 'completed', action: { type: 'search', query: 'x' } },
      {
        type: 'reasoning',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'c' }],
        encrypted_content: 'e2',
      },
      said('Found.'),
      { type: 'image_generation_call', id: 'ig', result: 'AAAA' },
    ])
    assert.deepEqual(choice, {
      index: 0,
      text: 'Let me look.\n\nFound.',
      reasoning: 'a\n\nb\n\nc',
      toolCalls: [],
      finish: 'stop',
    })
    const hidden = choiceOf([{ type: 'reasoning', summary: [], encrypted_content: 'e' }, said('x')])
    assert.deepEqual(hidden.reasoningSeal, { origin: 'responses', value: 'e', redacted: true })
  })

  test('calls: of a namespace, custom, without an id', () => {
    const { toolCalls, finish, text } = choiceOf([
      { type: 'function_call', call_id: 'c1', name: 'close', namespace: 'agents', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'select "1"' },
      { type: 'function_call', id: 'fc_3', name: 'now' },
      { type: 'function_call', call_id: 'nameless' },
    ])
    assert.deepEqual(toolCalls, [
      { id: 'c1', name: 'agents__close', arguments: '{}', namespace: 'agents', kind: 'function' },
      { id: 'c2', name: 'sql', arguments: '{"input":"select \\"1\\""}', kind: 'custom' },
      { id: 'fc_3', name: 'now', arguments: '', kind: 'function' },
    ])
    assert.deepEqual([finish, text], ['tool_calls', null])
  })

  test('a cut answer, and bodies that are none', () => {
    const cut = (reason: string) =>
      choiceOf([said('x')], { status: 'incomplete', incomplete_details: { reason } }).finish
    assert.deepEqual([cut('max_output_tokens'), cut('content_filter')], ['length', 'content_filter'])
    for (const body of [
      null,
      [],
      {},
      { output: 'x' },
      { status: 'failed', output: [] },
      { output: [], error: { code: 'server_error', message: 'SECRET' } },
    ]) {
      assert.throws(
        () => decodeResponsesReply(body),
        (error: Error & { code?: string }) =>
          error.code === 'upstream_error' && !error.message.includes('SECRET'),
      )
    }
  })

  test('as llama.cpp writes it', () => {
    const reply = decodeResponsesReply({
      id: 'resp_x',
      created_at: 7,
      model: 'tiny.gguf',
      status: 'completed',
      output: [said(' Hello', { annotations: [], logprobs: [] })],
      usage: {
        input_tokens: 28,
        output_tokens: 7,
        total_tokens: 35,
        input_tokens_details: { cached_tokens: 27 },
      },
    })
    assert.deepEqual([reply.id, reply.createdAtSeconds, reply.choices[0]?.text], ['resp_x', 7, ' Hello'])
    assert.deepEqual(plain(reply.usage), { inputTokens: 28, outputTokens: 7, cachedInputTokens: 27 })
  })
})
