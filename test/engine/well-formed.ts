/** Is this an answer that a strict client of the protocol can read to its end? Written from the protocol alone. */
import assert from 'node:assert/strict'
import type { Answer } from './captures.ts'

interface Json {
  readonly [key: string]: Json | undefined
}

/** A value that may be anything, for messages and comparisons. */
function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}

/** `ANSWERED` or the reason of a refusal; throws AssertionError for anything that is neither. */
export function outcomeOf(path: string, answer: Answer): string {
  if (answer.status !== 200) return refusal(answer)
  const isStream = show(answer.headers['content-type']).startsWith('text/event-stream')
  if (path === '/v1/chat/completions') {
    if (isStream) checkChatStream(answer.text)
    else checkChatReply(JSON.parse(answer.text) as Json)
  } else if (path === '/v1/responses') {
    if (isStream) checkResponsesStream(answer.text)
    else checkResponse(JSON.parse(answer.text) as Json)
  } else if (path === '/v1/models') {
    const list = JSON.parse(answer.text) as Json
    assert.equal(list['object'], 'list')
    assert.ok(items(list['data']).length > 0)
  } else {
    assert.fail(`nothing is known of ${path}`)
  }
  return 'answered'
}

function items(value: unknown): readonly Json[] {
  assert.ok(Array.isArray(value), 'a list')
  return value as readonly Json[]
}

function refusal(answer: Answer): string {
  assert.ok(
    answer.status >= 400 && answer.status < 500,
    `HTTP ${answer.status}: ${answer.text.slice(0, 300)}`,
  )
  const error = (JSON.parse(answer.text) as Json)['error']
  assert.ok(error !== undefined && 'param' in error, 'an error with all its fields')
  assert.ok(show(error['message']).length > 10, 'a message')
  assert.equal(typeof error['type'], 'string')
  assert.match(show(error['code']), /^[a-z_]+$/)
  assert.ok(answer.headers['x-llr-request-id'], 'a request id')
  return `${answer.status} ${show(error['code'])}`
}

const FINISHES = new Set(['stop', 'length', 'tool_calls', 'content_filter'])

function checkChatReply(reply: Json): void {
  assert.equal(reply['object'], 'chat.completion')
  const [choice] = items(reply['choices'])
  assert.equal(choice?.['message']?.['role'], 'assistant')
  assert.ok(FINISHES.has(show(choice?.['finish_reason'])))
}

interface Event {
  readonly name: string
  readonly data: string
}

/** Every event whole, ended by a blank line; nothing left over. */
function eventsOf(text: string): readonly Event[] {
  assert.ok(text.endsWith('\n\n'), 'the stream ends with a whole event')
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const lines = block.split('\n')
      const field = (name: string): string =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
      return { name: field('event'), data: field('data') }
    })
}

function checkChatStream(text: string): void {
  const events = eventsOf(text)
  assert.equal(events.at(-1)?.data, '[DONE]', 'terminal')
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.data) as Json)
  let content = ''
  let finish: string | undefined
  const calls = new Map<number, string>()
  for (const chunk of chunks) {
    assert.equal(chunk['error'], undefined, 'an error inside the stream')
    assert.equal(chunk['object'], 'chat.completion.chunk')
    for (const choice of items(chunk['choices'])) {
      assert.equal(finish, undefined, 'nothing follows the finish')
      const delta = choice['delta']
      if (typeof delta?.['content'] === 'string') content += show(delta['content'])
      for (const call of items(delta?.['tool_calls'] ?? [])) {
        const index = Number(call['index'])
        if (!calls.has(index)) assert.equal(typeof call['id'], 'string', 'a call begins with its id')
        calls.set(index, `${calls.get(index) ?? ''}${show(call['function']?.['arguments'] ?? '')}`)
      }
      if (choice['finish_reason']) finish = show(choice['finish_reason'])
    }
  }
  assert.ok(FINISHES.has(finish ?? ''), `finish ${finish}`)
  for (const text of calls.values()) JSON.parse(text)
  assert.ok(content !== '' || calls.size > 0, 'says something')
}

function checkResponse(response: Json): void {
  assert.equal(response['object'], 'response')
  assert.ok(
    ['completed', 'incomplete'].includes(show(response['status'])),
    `status ${show(response['status'])}`,
  )
  assert.ok(items(response['output']).length > 0, 'says something')
  const usage = response['usage']
  assert.equal(typeof usage?.['input_tokens_details']?.['cached_tokens'], 'number')
  assert.equal(typeof usage?.['output_tokens_details']?.['reasoning_tokens'], 'number')
}

function checkResponsesStream(text: string): void {
  const events = eventsOf(text).filter((event) => event.data !== '[DONE]')
  const bodies = events.map((event) => JSON.parse(event.data) as Json)
  const open = new Set<number>()
  let itemCount = 0
  for (const [i, body] of bodies.entries()) {
    const type = show(body['type'])
    assert.equal(events[i]?.name, type, 'event name and type are the same')
    assert.equal(body['sequence_number'], i, 'numbered without a gap')
    const index = Number(body['output_index'])
    if (type === 'response.output_item.added') {
      assert.equal(index, itemCount++)
      open.add(index)
    } else if (type === 'response.output_item.done') {
      assert.ok(open.delete(index), 'an item ends once, after it began')
    } else if ('output_index' in body) {
      assert.ok(open.has(index), `${type} belongs to an open item`)
    }
  }
  assert.equal(open.size, 0, 'every item ends')
  assert.deepEqual(
    bodies.slice(0, 2).map((body) => body['type']),
    ['response.created', 'response.in_progress'],
  )
  const last = bodies.at(-1)
  assert.ok(['response.completed', 'response.incomplete'].includes(show(last?.['type'])), 'terminal')
  assert.ok(last?.['response'] !== undefined)
  checkResponse(last['response'])
  assert.equal(items(last['response']['output']).length, itemCount)
}
