/** The events of a Messages stream, held to their exact sequence (reference 4). */
import {
  allKeys,
  demand,
  fieldsOf,
  integerOf,
  jsonOf,
  nameOf,
  oneOf,
  stringOf,
  type Fields,
} from './demand.ts'
import { emptyAnswer, eventsOf, type Reply } from './http.ts'
import type { Answered, Call, Usage } from './neutral.ts'

export const STOPS = { end_turn: 'stop', max_tokens: 'length', tool_use: 'tool_calls' } as const

export function readMessagesStream(reply: Reply): Answered {
  const events = eventsOf(reply)
  const reader = new Reader()
  for (const { event, data } of events) reader.take(event, fieldsOf(jsonOf(data, 'event'), 'event'))
  return { ...emptyAnswer(reply), events: events.length, ...reader.result() }
}

export function toolUse(block: Fields, input: Fields): Call {
  const id = nameOf(block['id'], 'tool_use.id')
  demand(/^[a-zA-Z0-9_-]+$/.test(id), `tool_use.id: ${id}`)
  return { id, name: nameOf(block['name'], 'tool_use.name'), arguments: input }
}

/** All that was read is `input_tokens` and both kinds of cached ones. */
export function readUsage(usage: Fields): Usage {
  const count = (key: string): number => (usage[key] === null ? 0 : integerOf(usage[key] ?? 0, key))
  const cached = count('cache_read_input_tokens')
  const input =
    integerOf(usage['input_tokens'], 'input_tokens') + cached + count('cache_creation_input_tokens')
  return { input, output: integerOf(usage['output_tokens'], 'output_tokens'), cached, reasoning: null }
}

const ERROR_TYPES = [
  'invalid_request_error',
  'authentication_error',
  'billing_error',
  'permission_error',
  'not_found_error',
  'conflict_error',
  'request_too_large',
  'rate_limit_error',
  'api_error',
  'timeout_error',
  'overloaded_error',
] as const

export function readError(body: Fields): NonNullable<Answered['error']> {
  oneOf(body['type'], ['error'], 'type')
  const error = fieldsOf(body['error'], 'error')
  const type = oneOf(error['type'], ERROR_TYPES, 'error.type')
  return { code: null, type, message: nameOf(error['message'], 'error.message') }
}

interface OpenBlock {
  readonly type: 'text' | 'thinking' | 'tool_use'
  readonly begun: Fields
  json: string
}

class Reader {
  #state: 'new' | 'running' | 'stopping' | 'over' = 'new'
  #block: OpenBlock | null = null
  #count = 0
  #answer = { text: '', reasoning: '', seal: null as string | null, calls: [] as Call[] }
  #end: Partial<Answered> = {}
  #input: Fields = {}

  result(): Partial<Answered> {
    return { ...this.#answer, ...this.#end }
  }

  take(event: string | null, fields: Fields): void {
    const type = nameOf(fields['type'], 'type')
    demand(event === type, `messages: the event ${event} says that it is ${type}`)
    demand(this.#state !== 'over', `messages: ${type} behind the end`)
    switch (type) {
      case 'ping':
        return
      case 'error':
        this.#end = { error: readError(fields) }
        this.#state = 'over'
        return
      case 'message_start':
        return this.#start(fieldsOf(fields['message'], 'message'))
      case 'content_block_start':
        return this.#blockStart(fields['index'], fieldsOf(fields['content_block'], 'content_block'))
      case 'content_block_delta':
        return this.#delta(fields['index'], fieldsOf(fields['delta'], 'delta'))
      case 'content_block_stop':
        return this.#blockStop(fields['index'])
      case 'message_delta':
        return this.#messageDelta(fields)
      default:
        demand(type === 'message_stop', `messages: unknown event ${type}`)
        demand(this.#state === 'stopping', 'message_stop: without message_delta')
        this.#state = 'over'
        this.#end = { ...this.#end, terminated: true }
    }
  }

  #start(message: Fields): void {
    demand(this.#state === 'new', 'message_start: twice')
    allKeys(message, 'id type role model content stop_reason stop_sequence usage', 'message')
    nameOf(message['id'], 'message.id')
    nameOf(message['model'], 'message.model')
    oneOf(message['type'], ['message'], 'message.type')
    oneOf(message['role'], ['assistant'], 'message.role')
    demand(message['stop_reason'] === null, 'message.stop_reason: null')
    this.#input = fieldsOf(message['usage'], 'message.usage')
    readUsage(this.#input)
    this.#state = 'running'
  }

  #blockStart(index: unknown, begun: Fields): void {
    demand(this.#state === 'running' && this.#block === null, 'content_block_start: out of place')
    demand(index === this.#count++, 'content_block_start: index out of turn')
    const type = oneOf(begun['type'], ['text', 'thinking', 'tool_use'], 'content_block.type')
    if (type === 'tool_use') {
      demand(Object.keys(fieldsOf(begun['input'], 'input')).length === 0, 'tool_use: input already')
      toolUse(begun, {})
    } else {
      demand(begun[type] === '', `content_block: ${type} already`)
      if (type === 'thinking') stringOf(begun['signature'], 'content_block.signature')
    }
    this.#block = { type, begun, json: '' }
  }

  #delta(index: unknown, delta: Fields): void {
    const block = this.#block
    demand(block !== null && index === this.#count - 1, 'content_block_delta: no block is open there')
    const type = nameOf(delta['type'], 'delta.type')
    if (type === 'text_delta' && block.type === 'text') this.#answer.text += stringOf(delta['text'], 'text')
    else if (type === 'thinking_delta' && block.type === 'thinking') {
      this.#answer.reasoning += stringOf(delta['thinking'], 'thinking')
    } else if (type === 'signature_delta' && block.type === 'thinking') {
      this.#answer.seal = (this.#answer.seal ?? '') + nameOf(delta['signature'], 'signature')
    } else {
      demand(type === 'input_json_delta' && block.type === 'tool_use', `${type} in a block of ${block.type}`)
      block.json += stringOf(delta['partial_json'], 'partial_json')
    }
  }

  #blockStop(index: unknown): void {
    const block = this.#block
    demand(block !== null && index === this.#count - 1, 'content_block_stop: no block is open there')
    this.#block = null
    if (block.type !== 'tool_use') return
    const input = block.json === '' ? {} : jsonOf(block.json, 'input')
    this.#answer.calls.push(toolUse(block.begun, fieldsOf(input, 'input')))
  }

  #messageDelta(fields: Fields): void {
    demand(this.#state === 'running' && this.#block === null, 'message_delta: out of place')
    const delta = fieldsOf(fields['delta'], 'delta')
    allKeys(delta, 'stop_reason stop_sequence', 'message_delta')
    const reason = oneOf(delta['stop_reason'], ['end_turn', 'max_tokens', 'tool_use'], 'stop_reason')
    const usage = fieldsOf(fields['usage'], 'usage')
    integerOf(usage['output_tokens'], 'output_tokens')
    // Counts of the end take the place of those of the start.
    this.#end = { finish: STOPS[reason], usage: readUsage({ ...this.#input, ...usage }) }
    this.#state = 'stopping'
  }
}
