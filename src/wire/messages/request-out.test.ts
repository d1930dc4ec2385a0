import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChatMessage, ChatRequest } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { passThroughMessagesRequest } from './pass-through.ts'
import { encodeMessagesRequest } from './request-out.ts'

const HI: ChatMessage = { role: 'user', content: [{ type: 'text', text: 'hi' }] }
const base: ChatRequest = {
  model: 'auto',
  messages: [HI],
  stream: false,
  includeUsage: false,
  tools: [],
  dropped: [],
}
const say = (role: ChatMessage['role'], text: string): ChatMessage => ({
  role,
  content: [{ type: 'text', text }],
})
const textBlock = (text: string) => ({ type: 'text', text })

/** What is written on the wire: keys without a value are not. */
function sent(fields: Partial<ChatRequest>) {
  const { body, dropped } = encodeMessagesRequest({ ...base, ...fields }, 'claude')
  return { ...JSON.parse(JSON.stringify(body)), dropped }
}
const turns = (...messages: ChatMessage[]) =>
  sent({ messages }).messages.map(({ role, content }: JsonObject) => [role, content])

describe('a Messages request built from empty', () => {
  test('the least that can be sent', () => {
    assert.deepEqual(sent({}), {
      model: 'claude',
      max_tokens: 8192,
      messages: [{ role: 'user', content: [textBlock('hi')] }],
      stream: false,
      dropped: [],
    })
  })

  test('instructions: in front they are system, later the user’s, alone the question', () => {
    const { system, messages } = sent({
      messages: [say('system', 'one'), say('system', ' '), say('system', 'two'), HI, say('system', 'later')],
    })
    assert.equal(system, 'one\n\ntwo')
    assert.deepEqual(messages, [{ role: 'user', content: [textBlock('hi'), textBlock('later')] }])
    const alone = sent({ messages: [say('system', 'write')] })
    assert.deepEqual(
      [alone.system, alone.messages],
      [undefined, [{ role: 'user', content: [textBlock('write')] }]],
    )
  })

  test('turns alternate, results stand first and right behind their calls', () => {
    const call = (id: string, text: string) => ({ id, name: 'f', arguments: text })
    const toolCalls = [call('a', '{"x":1}'), call('functions.b:0', 'no JSON')]
    const history = turns(
      HI,
      { role: 'assistant', content: [{ type: 'text', text: ' ' }], toolCalls },
      say('system', 'note'),
      { ...say('tool', 'r1'), toolCallId: 'a' },
      { role: 'tool', content: [], toolCallId: 'functions.b:0', isError: true },
      say('tool', 'orphan'),
      say('user', ''),
    )
    const [, [, calls], [role, results]] = history
    assert.deepEqual(calls[0], { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } })
    assert.deepEqual(calls[1].input, { arguments: 'no JSON' })
    assert.match(calls[1].id, /^[a-zA-Z0-9_-]{1,64}$/)
    assert.deepEqual(
      [role, results],
      [
        'user',
        [
          { type: 'tool_result', tool_use_id: 'a', content: [textBlock('r1')] },
          { type: 'tool_result', tool_use_id: calls[1].id, is_error: true },
          textBlock('note'),
          textBlock('orphan'),
        ],
      ],
    )
  })

  test('the first turn is the user’s, and a prefill ends without white space', () => {
    assert.deepEqual(turns(say('assistant', 'So: ')), [
      ['user', [textBlock('…')]],
      ['assistant', [textBlock('So:')]],
    ])
  })

  test('thinking goes back under a seal of this protocol only', () => {
    const assistant = (fields: Partial<ChatMessage>) =>
      turns(HI, { ...say('assistant', 'x'), reasoning: 'hm', ...fields }, HI)[1][1]
    const sealed = (origin: 'messages' | 'responses', redacted?: true) => ({
      reasoningSeal: { origin, value: 's', redacted },
    })
    assert.deepEqual(assistant({}), [textBlock('x')])
    assert.deepEqual(assistant(sealed('responses')), [textBlock('x')])
    assert.deepEqual(assistant(sealed('messages')), [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      textBlock('x'),
    ])
    assert.deepEqual(assistant(sealed('messages', true)), [
      { type: 'redacted_thinking', data: 's' },
      textBlock('x'),
    ])
  })

  test('images and files', () => {
    const user = (part: ChatMessage['content'][number]) => turns({ role: 'user', content: [part] })[0][1][0]
    const file = (file: JsonObject) => user({ type: 'file', value: { type: 'file', file } })
    assert.deepEqual(user({ type: 'image', url: 'data:image/png;base64,AA' }).source, {
      type: 'base64',
      media_type: 'image/png',
      data: 'AA',
    })
    assert.deepEqual(user({ type: 'image', url: 'https://x.example' }).source, {
      type: 'url',
      url: 'https://x.example',
    })
    assert.equal(file({ filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' }).title, 'a.pdf')
    assert.deepEqual(file({ file_data: 'data:text/markdown,gr%C3%BC%C3%9Fe' }).source, {
      type: 'text',
      media_type: 'text/plain',
      data: 'grüße',
    })
    assert.equal(file({ file_url: 'https://x.example/a.pdf' }).source.type, 'url')
    const refused = { code: 'unsupported_value', param: 'messages' }
    assert.throws(() => user({ type: 'audio', value: {} }), refused)
    assert.throws(() => user({ type: 'image', url: 'file:///etc/passwd' }), {
      ...refused,
      message: /^The request has an image that cannot go to this backend: it must be a data: URL/,
    })
    assert.throws(() => user({ type: 'image', url: 'data:image/png,%' }), refused)
    assert.throws(() => file({ file_data: 'data:application/zip;base64,AA' }), refused)
    assert.throws(() => file({ file_id: 'f' }), refused)
  })

  test('tools and how they may be used', () => {
    const tools = [{ name: 'f', parameters: { properties: {} } }]
    const choice = (fields: Partial<ChatRequest>) => sent({ tools, ...fields }).tool_choice
    assert.deepEqual(sent({ tools }).tools, [{ name: 'f', input_schema: { properties: {}, type: 'object' } }])
    assert.equal(choice({}), undefined)
    assert.deepEqual(choice({ toolChoice: 'required' }), { type: 'any' })
    assert.deepEqual(choice({ toolChoice: 'none', parallelToolCalls: false }), { type: 'none' })
    assert.deepEqual(choice({ parallelToolCalls: false }), { type: 'auto', disable_parallel_tool_use: true })
    assert.deepEqual(choice({ toolChoice: { name: 'f' } }), { type: 'tool', name: 'f' })
    assert.equal(sent({ toolChoice: 'required' }).tool_choice, undefined)
  })

  test('effort and thinking, and what a thinking model refuses', () => {
    const { thinking, output_config, dropped, ...rest } = sent({
      reasoningEffort: 'xhigh',
      temperature: 0.2,
      topK: 5,
      topP: 0.5,
    })
    assert.deepEqual([thinking, output_config], [{ type: 'adaptive' }, { effort: 'max' }])
    assert.deepEqual(dropped.toSorted(), ['temperature', 'topK', 'topP'])
    assert.ok(!('temperature' in rest || 'top_k' in rest || 'top_p' in rest))
    assert.deepEqual(sent({ reasoningEffort: 'none' }).thinking, { type: 'disabled' })
    assert.deepEqual(sent({ reasoningEffort: 'high', temperature: 1 }).dropped, [])
    assert.deepEqual(sent({ reasoningEffort: 'odd' }).dropped, ['reasoningEffort'])
    const forced = sent({ reasoningEffort: 'low', tools: [{ name: 'f' }], toolChoice: 'required' })
    assert.deepEqual([forced.thinking, forced.dropped], [undefined, ['reasoningEffort']])
  })

  test('sampling within the protocol’s bounds', () => {
    const sampling = (fields: Partial<ChatRequest>) => {
      const { temperature, top_p, top_k, dropped } = sent(fields)
      return [temperature, top_p, top_k, dropped]
    }
    assert.deepEqual(sampling({ temperature: 1.7, topK: 3 }), [1, undefined, 3, []])
    assert.deepEqual(sampling({ temperature: 0.3, topP: 0.9 }), [0.3, undefined, undefined, ['topP']])
    assert.deepEqual(sampling({ temperature: 0.3, topP: 1 }), [0.3, undefined, undefined, []])
    assert.deepEqual(sampling({ temperature: 1, topP: 0.9 }), [undefined, 0.9, undefined, []])
  })

  test('what has no form is told, and what would be a lie is refused', () => {
    const { stop_sequences, dropped } = sent({
      seed: 1,
      presencePenalty: 1,
      frequencyPenalty: 1,
      logprobs: true,
      topLogprobs: 2,
      stop: ['\n', 'END'],
      responseFormat: { type: 'json_object' },
    })
    assert.deepEqual(stop_sequences, ['END'])
    assert.deepEqual(dropped.toSorted(), [
      'frequencyPenalty',
      'logprobs',
      'presencePenalty',
      'responseFormat',
      'seed',
      'stop',
      'topLogprobs',
    ])
    assert.deepEqual(sent({ choiceCount: 2 }), sent({}))
    assert.equal(sent({ user: 'u'.repeat(300) }).metadata, undefined)
  })
})

describe('a body of the same protocol', () => {
  const thinking = (signature: string) => ({ type: 'thinking', thinking: 'hm', signature })

  test('goes out as it is, but for model and stream', () => {
    const body = { model: 'a', odd: { x: 1 }, messages: [{ role: 'assistant', content: [thinking('sig')] }] }
    assert.deepEqual(passThroughMessagesRequest(body, 'b', true), { ...body, model: 'b', stream: true })
  })

  test('without thinking that another backend did', () => {
    const assistant = (...content: JsonObject[]) => ({ role: 'assistant', content })
    const user = { role: 'user', content: 'x' }
    const messages = [
      user,
      assistant(thinking('llr1.none'), textBlock('a')),
      assistant(thinking('llr1.responses.r'), {
        type: 'redacted_thinking',
        data: 'llr1.responses.redacted.r',
      }),
      assistant(thinking('llr1.messages.mine'), textBlock('b')),
      assistant({ type: 'redacted_thinking', data: 'llr1.messages.redacted.mine' }, thinking('kept')),
    ]
    assert.deepEqual(passThroughMessagesRequest({ messages }, 'm', false)['messages'], [
      user,
      assistant(textBlock('a')),
      assistant(thinking('mine'), textBlock('b')),
      assistant({ type: 'redacted_thinking', data: 'mine' }, thinking('kept')),
    ])
  })
})
