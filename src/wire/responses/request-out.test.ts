import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { decodeChatRequest } from '../chat/request-in.ts'
import type { ChatMessage, ChatRequest } from '../exchange.ts'
import { decodeResponsesRequest } from './request-in.ts'
import { encodeResponsesRequest } from './request-out.ts'

const text = (text: string) => ({ type: 'text', text }) as const
const message = (role: ChatMessage['role'], ...texts: string[]): ChatMessage => ({
  role,
  content: texts.map(text),
})
const ask = (fields: Partial<ChatRequest> = {}): ChatRequest => ({
  ...decodeResponsesRequest({ input: 'hi' }),
  ...fields,
})
/** As it goes over the wire: without the keys that are undefined. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))
const body = (fields: Partial<ChatRequest>) => plain(encodeResponsesRequest(ask(fields), 'm').body)

describe('a Responses request to a backend', () => {
  test('the least: model, input, nothing kept', () => {
    assert.deepEqual(body({}), {
      model: 'm',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
      store: false,
      stream: false,
    })
  })

  test('the opening system messages are instructions, later ones keep their place', () => {
    const { instructions, input } = body({
      messages: [
        message('system', 'a', 'b'),
        message('system', 'c'),
        message('user', 'x'),
        message('system', 'late'),
      ],
    })
    assert.equal(instructions, 'a\nb\n\nc')
    assert.deepEqual(
      input.map(({ role }: { role: string }) => role),
      ['user', 'system'],
    )
    const alone = body({ messages: [message('system', 'only')] })
    assert.deepEqual([alone.instructions, alone.input.length], [undefined, 1])
  })

  test('a whole turn with a tool: thinking with its seal, text, calls, outputs', () => {
    const { input } = body({
      messages: [
        message('user', 'go'),
        {
          role: 'assistant',
          content: [text('Looking.')],
          reasoning: 'plan',
          reasoningSeal: { origin: 'responses', value: 'enc' },
          toolCalls: [
            { id: 'c 1', name: 'ls', arguments: '{bad' },
            { id: 'c2', name: 'sql', arguments: '{"input":"x"}', kind: 'custom' },
          ],
        },
        { role: 'tool', content: [text('a'), text('b')], toolCallId: 'c 1' },
        { role: 'tool', content: [text('shot'), { type: 'image', url: 'data:,x' }] },
      ],
    })
    assert.deepEqual(input.slice(1), [
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'plan' }], encrypted_content: 'enc' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking.' }] },
      { type: 'function_call', call_id: 'c_1', name: 'ls', arguments: '{"arguments":"{bad"}' },
      { type: 'function_call', call_id: 'c2', name: 'sql', arguments: '{"input":"x"}' },
      { type: 'function_call_output', call_id: 'c_1', output: 'a\nb' },
      {
        type: 'function_call_output',
        call_id: 'c2',
        output: [
          { type: 'input_text', text: 'shot' },
          { type: 'input_image', image_url: 'data:,x' },
        ],
      },
    ])
  })

  test('thinking goes nowhere without this provider’s own seal, or with nothing behind it', () => {
    const thought = (fields: Partial<ChatMessage>): ChatMessage[] => [
      message('user', 'x'),
      { role: 'assistant', content: [text('y')], reasoning: 'hm', ...fields },
    ]
    const types = (messages: readonly ChatMessage[]) =>
      body({ messages }).input.map(({ type }: { type: string }) => type)
    assert.deepEqual(types(thought({})), ['message', 'message'])
    const foreign = { origin: 'messages', value: 's' } as const
    assert.deepEqual(types(thought({ reasoningSeal: foreign })), ['message', 'message'])
    const own = { origin: 'responses', value: 's' } as const
    assert.deepEqual(types(thought({ reasoningSeal: own })), ['message', 'reasoning', 'message'])
    assert.deepEqual(types(thought({ reasoningSeal: own, content: [] })), ['message'])
  })

  test('files, as chat and as Responses clients write them', () => {
    const file = { filename: 'a.pdf', file_data: 'data:,x' }
    const native = { type: 'input_image', file_id: 'f' }
    const { input } = body({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'file', value: { type: 'file', file } },
            { type: 'file', value: native },
          ],
        },
      ],
    })
    assert.deepEqual(input[0].content, [{ type: 'input_file', ...file }, native])
    const unknown: ChatMessage = { role: 'user', content: [{ type: 'file', value: { type: 'video_url' } }] }
    assert.throws(() => body({ messages: [unknown] }), { code: 'unsupported_value', param: 'messages' })
  })

  test('tools and options', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } } }
    const sent = body({
      tools: [{ name: 'ls', description: 'list', parameters, strict: true }, { name: 'now' }],
      toolChoice: { name: 'ls' },
      parallelToolCalls: false,
      responseFormat: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true },
      maxOutputTokens: 4,
      logprobs: true,
      topLogprobs: 2,
      reasoningEffort: 'low',
      sealedReasoning: true,
    })
    assert.deepEqual(sent.tools, [
      { type: 'function', name: 'ls', description: 'list', parameters, strict: true },
      { type: 'function', name: 'now', parameters: { type: 'object', properties: {} }, strict: false },
    ])
    assert.deepEqual(sent.tool_choice, { type: 'function', name: 'ls' })
    assert.equal(sent.parallel_tool_calls, false)
    assert.deepEqual(sent.text.format, {
      type: 'json_schema',
      name: 'n',
      schema: { type: 'object' },
      strict: true,
    })
    assert.deepEqual([sent.max_output_tokens, sent.top_logprobs], [16, 2])
    assert.deepEqual(sent.reasoning, { effort: 'low', summary: 'auto' })
    assert.deepEqual(sent.include, ['reasoning.encrypted_content', 'message.output_text.logprobs'])
    const without = body({ toolChoice: 'required', parallelToolCalls: true, topLogprobs: 2 })
    assert.deepEqual(Object.keys(without), ['model', 'input', 'store', 'stream'])
  })

  test('what has no form: refused where silence would lie, else told', () => {
    assert.throws(() => body({ stop: ['x'] }), { code: 'unsupported_value', param: 'stop' })
    assert.deepEqual(body({ choiceCount: 2 }), body({}))
    const { dropped } = encodeResponsesRequest(ask({ stop: [], seed: 1, topK: 2, presencePenalty: 1 }), 'm')
    assert.deepEqual(dropped, ['seed', 'topK', 'presencePenalty'])
  })

  test('what a Responses client would read of it is what was asked', () => {
    const word = fc.string({ minLength: 1 })
    const user = word.map((content) => [{ role: 'user', content }])
    const turn = fc
      .record({ content: word, name: fc.stringMatching(/^[a-z]{1,9}$/), argument: word, output: word })
      .map(({ content, name, argument, output }, index = 0) => [
        {
          role: 'assistant',
          content,
          tool_calls: [
            {
              id: `c${index}`,
              type: 'function',
              function: { name, arguments: JSON.stringify({ argument }) },
            },
          ],
        },
        { role: 'tool', tool_call_id: `c${index}`, content: output },
      ])
    const chat = fc.record({
      messages: fc
        .tuple(user, fc.array(fc.oneof(user, turn)))
        .map(([first, rest]) => [...first, ...rest.flat()]),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      max_completion_tokens: fc.integer({ min: 16, max: 9999 }),
      stream: fc.boolean(),
      reasoning_effort: fc.constantFrom('low', 'high'),
      tools: fc.constant([
        { type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } },
      ]),
      tool_choice: fc.constantFrom('auto', 'none', 'required'),
    })
    fc.assert(
      fc.property(chat, (fields) => {
        const asked = decodeChatRequest({ model: 'm', ...fields })
        const read = decodeResponsesRequest(plain(encodeResponsesRequest(asked, 'm').body))
        const { includeUsage: _always, messages, ...options } = plain(read)
        const { includeUsage: _asked, messages: wanted, ...wantedOptions } = plain(asked)
        assert.deepEqual(options, wantedOptions)
        assert.deepEqual(merged(messages), merged(wanted))
      }),
    )
  })
})

/** An item's `kind` is known on the way back, where chat leaves it out. */
function merged(messages: readonly { toolCalls?: { kind?: string }[] }[]) {
  return messages.map(({ toolCalls, ...message }) => ({
    ...message,
    toolCalls: toolCalls?.map(({ kind: _kind, ...call }) => call),
  }))
}
