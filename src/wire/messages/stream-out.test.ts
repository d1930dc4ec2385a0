import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { finalMessage } from '../../../test/fixtures/wire/canned-anthropic.ts'
import { messagesContext } from '../../../test/fixtures/wire/messages-exchange.ts'
import { RouterError } from '../../errors.ts'
import type { ChatEvent, FinishReason, ReasoningSeal } from '../exchange.ts'
import { MessagesStreamEncoder } from './stream-out.ts'

const START: ChatEvent = { type: 'start', id: 'chatcmpl-1', model: 'm', createdAtSeconds: 0 }
const text = (text: string): ChatEvent => ({ type: 'text', choice: 0, text })
const think = (text: string): ChatEvent => ({ type: 'reasoning', choice: 0, text })
const seal = (seal: ReasoningSeal): ChatEvent => ({ type: 'reasoning-seal', choice: 0, seal })
const call = (index: number, name: string, id = `call_${index}`): ChatEvent => {
  return { type: 'tool-start', choice: 0, index, id, name }
}
const args = (index: number, text: string): ChatEvent => ({ type: 'tool-arguments', choice: 0, index, text })
const finished = (reason: FinishReason, stopSequence?: string): ChatEvent[] => [
  { type: 'finish', choice: 0, reason, stopSequence },
  { type: 'usage', usage: { inputTokens: 9, outputTokens: 4, cachedInputTokens: 5 } },
  { type: 'end' },
]

function encodeAll(...events: readonly ChatEvent[]): string {
  const encoder = new MessagesStreamEncoder(messagesContext())
  return events.map((event) => encoder.encode(event)).join('')
}

function parse(stream: string) {
  return stream
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const [event, data] = frame.split('\n')
      const parsed = JSON.parse(data?.slice(6) ?? '')
      assert.equal(event, `event: ${parsed.type}`)
      return parsed
    })
}

/** `text|Hel|lo;`: every block's type and deltas, checked to be one behind the other. */
function blocks(stream: string): string {
  let open: number | undefined
  let next = 0
  return parse(stream)
    .filter(({ type }) => type.startsWith('content_block'))
    .map(({ type, index, content_block: block, delta }) => {
      if (type === 'content_block_start') {
        assert.deepEqual([open, index], [undefined, next++])
        open = index
        return block.type
      }
      assert.equal(index, open)
      if (type === 'content_block_delta')
        return `|${delta.text ?? delta.thinking ?? delta.partial_json ?? delta.signature}`
      open = undefined
      return ';'
    })
    .join('')
}

describe('the events of a streamed message', () => {
  test('text: the exact sequence', () => {
    const events = parse(encodeAll(START, text('Hel'), text('lo'), ...finished('stop')))
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ],
    )
    const { message } = events[0]
    assert.match(message.id, /^msg_/)
    assert.deepEqual([message.model, message.usage.input_tokens, message.stop_reason], ['m', 3, null])
    const counts = {
      input_tokens: 4,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 5,
      output_tokens: 4,
    }
    assert.deepEqual(events.at(-2).usage, counts)
  })

  test('thinking is signed before its end, by its own seal or by none', () => {
    const sealed = seal({ origin: 'messages', value: 'sig' })
    const redacted = seal({ origin: 'messages', value: 'd', redacted: true })
    const unsealed = encodeAll(think('a'), think('b'), text('x'), ...finished('stop'))
    assert.equal(blocks(unsealed), 'thinking|a|b|llr1.none;text|x;')
    const both = encodeAll(think('a'), sealed, think('b'), ...finished('stop'))
    assert.equal(blocks(both), 'thinking|a|sig;thinking|b|llr1.none;')
    const hidden = encodeAll(sealed, text('x'), ...finished('stop'))
    assert.equal(blocks(hidden), 'thinking|sig;text|x;')
    const inside = encodeAll(think('a'), redacted, text('x'), ...finished('stop'))
    assert.equal(blocks(inside), 'thinking|a|llr1.none;redacted_thinking;text|x;')
    assert.equal(parse(inside)[5].content_block.data, 'd')
    const late = encodeAll(think('a'), text('x'), sealed, ...finished('stop'))
    assert.equal(blocks(late), 'thinking|a|llr1.none;text|x;')
  })

  test('parallel calls that interleave are told one behind the other', async () => {
    const stream = encodeAll(
      call(0, 'one'),
      call(1, 'two'),
      args(1, '{"b"'),
      args(0, '{"a":"}'),
      args(0, '"}'),
      text('done'),
      args(1, ':[2]}'),
      ...finished('tool_calls'),
    )
    assert.equal(blocks(stream), 'tool_use|{"a":"}|"};tool_use|{"b"|:[2]};text|done;')
    const { content, stop_reason } = await finalMessage(stream)
    assert.deepEqual(
      content.map((block) => (block.type === 'tool_use' ? block.input : block.type)),
      [{ a: '}' }, { b: [2] }, 'text'],
    )
    assert.equal(stop_reason, 'tool_use')
  })

  test('a call is told while it comes, not at its end', () => {
    const encoder = new MessagesStreamEncoder(messagesContext())
    encoder.encode(call(0, 'f'))
    assert.match(encoder.encode(args(0, '{"long":"')), /input_json_delta/)
  })

  test('the package accepts text, thinking, calls, odd calls, refusals and nothing', async () => {
    const answer = await finalMessage(
      encodeAll(START, think('hm'), text('Hi 🦙'), ...finished('stop', 'END')),
    )
    assert.deepEqual([answer.stop_reason, answer.stop_sequence], ['stop_sequence', 'END'])
    assert.deepEqual(answer.content.at(-1), { type: 'text', text: 'Hi 🦙' })
    assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [4, 4])
    const odd = [
      call(0, 'a', 'functions.a:0'),
      args(0, '"text"'),
      call(1, 'b', ''),
      call(2, 'c'),
      args(2, '{}{}'),
    ]
    const called = await finalMessage(encodeAll(...odd, ...finished('stop')))
    assert.deepEqual(
      called.content.map((block) => block.type === 'tool_use' && block.input),
      [{ arguments: 'text' }, {}, {}],
    )
    for (const block of called.content) assert.ok(block.type === 'tool_use' && /^[\w-]{1,64}$/.test(block.id))
    const refused = await finalMessage(
      encodeAll({ type: 'refusal', choice: 0, text: 'No.' }, ...finished('stop')),
    )
    assert.equal(refused.stop_reason, 'refusal')
    const cut = await finalMessage(encodeAll(call(0, 'f'), args(0, '{"a":"b'), ...finished('length')))
    assert.equal(cut.stop_reason, 'max_tokens')
    const empty = await finalMessage(encodeAll(START, { type: 'end' }))
    assert.deepEqual([empty.content, empty.stop_reason], [[], 'end_turn'])
  })

  test('white space: kept before text, dropped before a call and at the end', () => {
    const said = (...events: ChatEvent[]) => blocks(encodeAll(...events, ...finished('stop')))
    assert.equal(said(text('\n'), text(' x')), 'text|\n x;')
    assert.equal(said(text(' \n'), call(0, 'f')), 'tool_use;')
    assert.equal(said(text(' \n')), '')
  })

  test('without usage it is estimated; other choices are not heard, nor anything behind the end', () => {
    const stream = encodeAll(
      text('12345678'),
      { type: 'text', choice: 1, text: 'not to be heard' },
      { type: 'end' },
      text('much too late'),
    )
    const { usage } = parse(stream).at(-2)
    assert.deepEqual([usage.input_tokens, usage.output_tokens], [3, 2])
    assert.ok(!/not to be heard|much too late/.test(stream))
  })

  test('signs of life anywhere, and a failure that the package raises', async () => {
    const encoder = new MessagesStreamEncoder(messagesContext())
    const alive = encoder.keepAlive()
    const begun = alive + encoder.encode(START) + alive + encoder.encode(text('x')) + alive
    const rest = finished('stop').map((event) => encoder.encode(event))
    assert.deepEqual((await finalMessage(begun + rest.join(''))).content, [{ type: 'text', text: 'x' }])
    const failed = encoder.fail(new RouterError('upstream_truncated', 'The backend stopped.'))
    assert.deepEqual(parse(failed), [
      { type: 'error', error: { type: 'api_error', message: 'The backend stopped.' }, request_id: 'req_1' },
    ])
    await assert.rejects(finalMessage(begun + failed), /The backend stopped/)
  })
})
