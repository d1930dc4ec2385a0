/** The events of a Responses stream, held to their exact sequence (reference 1.10). */
import { isDeepStrictEqual } from 'node:util'
import { demand, fieldsOf, jsonOf, nameOf, oneOf, stringOf, type Fields } from './demand.ts'
import { emptyAnswer, eventsOf, type Reply } from './http.ts'
import type { Answered } from './neutral.ts'
import { readFinished, readItem, readPart, readResponse } from './responses-object.ts'

export function readResponsesStream(reply: Reply): Answered {
  const events = eventsOf(reply)
  const reader = new Reader()
  for (const { event, data } of events) {
    if (data === '[DONE]') reader.done(event)
    else reader.take(event, fieldsOf(jsonOf(data, 'event'), 'event'))
  }
  return { ...emptyAnswer(reply), events: events.length, ...reader.result() }
}

interface OpenItem {
  readonly id: string
  readonly type: string
  /** The open part of a message or summary; what a call's arguments are so far. */
  part: string | null
  parts: string[]
  done: Fields | null
}

class Reader {
  readonly #items: OpenItem[] = []
  #sequence = 0
  #state: 'new' | 'created' | 'running' | 'ended' | 'over' = 'new'
  #id = ''
  #answer: Partial<Answered> = {}

  result(): Partial<Answered> {
    const seen = (type: string): string =>
      this.#items.flatMap((item) => (item.type === type ? [...item.parts, item.part ?? ''] : [])).join('')
    return { text: seen('message'), reasoning: seen('reasoning'), ...this.#answer }
  }

  done(event: string | null): void {
    demand(event === null && this.#state === 'ended', 'responses: [DONE] out of place')
    demand(this.#answer.terminated === true, 'responses: [DONE] behind a failure')
    this.#state = 'over'
  }

  take(event: string | null, fields: Fields): void {
    const type = nameOf(fields['type'], 'type')
    demand(event === type, `responses: the event ${event} says that it is ${type}`)
    demand(fields['sequence_number'] === this.#sequence++, `responses: ${type} is out of sequence`)
    const name = /^response\.(created|in_progress|completed|incomplete|failed)$/.exec(type)?.[1]
    if (name !== undefined) return this.#lifecycle(name, fields['response'])
    demand(this.#state === 'running', `responses: ${type} while ${this.#state}`)
    if (type === 'error') return this.#error(fields)
    const index = fields['output_index']
    demand(typeof index === 'number', `${type}: no output_index`)
    if (type === 'response.output_item.added') return this.#added(index, fieldsOf(fields['item'], 'item'))
    const item = this.#items[index]
    demand(item !== undefined && item.done === null, `${type}: no item is open at ${index}`)
    if (type === 'response.output_item.done') return this.#itemDone(item, fieldsOf(fields['item'], 'item'))
    demand(fields['item_id'] === item.id, `${type}: the id of another item`)
    this.#inItem(item, type.slice('response.'.length), fields)
  }

  #lifecycle(name: string, value: unknown): void {
    const response = readResponse(fieldsOf(value, 'response'))
    demand(response['status'] === (name === 'created' ? 'in_progress' : name), `${name}: another status`)
    if (name === 'created') {
      demand(this.#state === 'new', 'responses: created twice')
      this.#state = 'created'
      this.#id = nameOf(response['id'], 'id')
      return
    }
    demand(response['id'] === this.#id, `${name}: the id changes`)
    if (name === 'in_progress') {
      demand(this.#state === 'created' || this.#state === 'running', `in_progress while ${this.#state}`)
      this.#state = 'running'
      return
    }
    demand(this.#state === 'running', `${name} while ${this.#state}`)
    this.#state = 'ended'
    if (name === 'failed') {
      const error = fieldsOf(response['error'], 'error')
      const code = nameOf(error['code'], 'error.code')
      this.#answer = { error: { code, type: null, message: nameOf(error['message'], 'error.message') } }
      return
    }
    demand(this.#answer.error === undefined, `${name} behind an error`)
    const done = this.#items.map((item) => item.done)
    demand(isDeepStrictEqual(response['output'], done), `${name}: the output is not the items that were done`)
    const finished = readFinished(response)
    const shown = this.result()
    demand(finished.text === shown.text, `${name}: another text than was streamed`)
    demand(finished.reasoning === shown.reasoning, `${name}: another reasoning than was streamed`)
    this.#answer = { ...finished, terminated: true }
  }

  /** Flat, nested or both; `response.failed` has to follow, since codex sees nothing else. */
  #error(fields: Fields): void {
    const error = fields['error'] === undefined ? fields : fieldsOf(fields['error'], 'error')
    nameOf(error['message'], 'error.message')
    this.#answer = { error: { code: null, type: null, message: 'no response.failed behind the error' } }
  }

  #added(index: number, item: Fields): void {
    demand(index === this.#items.length, `output_item.added: ${index} out of turn`)
    const type = oneOf(item['type'], ['message', 'reasoning', 'function_call'], 'item.type')
    const id = nameOf(item['id'], 'item.id')
    demand(
      this.#items.every((other) => other.id !== id),
      'item.id: twice',
    )
    if (type === 'function_call') {
      demand(item['arguments'] === '', 'output_item.added: arguments already')
      nameOf(item['call_id'], 'call_id')
      nameOf(item['name'], 'name')
    } else {
      const parts = type === 'message' ? item['content'] : item['summary']
      demand(isDeepStrictEqual(parts, []), 'output_item.added: parts already')
    }
    if (type !== 'reasoning') oneOf(item['status'], ['in_progress'], 'item.status')
    this.#items.push({ id, type, part: type === 'function_call' ? '' : null, parts: [], done: null })
  }

  #itemDone(item: OpenItem, done: Fields): void {
    demand(done['id'] === item.id && done['type'] === item.type, 'output_item.done: another item')
    demand(item.part === null, 'output_item.done: a part is open')
    const read = readItem(done)
    const said = read.type === 'call' ? JSON.stringify(read.call.arguments) : read.text
    const shown =
      read.type === 'call' ? JSON.stringify(jsonOf(item.parts.join(''), 'deltas')) : item.parts.join('')
    demand(said === shown, `output_item.done: ${said}, but the deltas were ${shown}`)
    item.done = done
  }

  #inItem(item: OpenItem, name: string, fields: Fields): void {
    const [owner, verb] =
      {
        'content_part.added': ['message', 'open'],
        'output_text.delta': ['message', 'delta'],
        'output_text.done': ['message', 'text'],
        'content_part.done': ['message', 'close'],
        'reasoning_summary_part.added': ['reasoning', 'open'],
        'reasoning_summary_text.delta': ['reasoning', 'delta'],
        'reasoning_summary_text.done': ['reasoning', 'text'],
        'reasoning_summary_part.done': ['reasoning', 'close'],
        'function_call_arguments.delta': ['function_call', 'delta'],
        'function_call_arguments.done': ['function_call', 'close'],
      }[name] ?? []
    demand(owner === item.type, `${name}: unknown, or not of a ${item.type}`)
    const partType = owner === 'message' ? 'output_text' : 'summary_text'
    if (owner !== 'function_call') {
      const index = fields[owner === 'message' ? 'content_index' : 'summary_index']
      demand(index === item.parts.length, `${name}: the index of another part`)
    }
    if (verb === 'open') {
      demand(item.part === null && readPart(fields['part'], partType) === '', `${name}: out of place`)
      item.part = ''
      return
    }
    demand(item.part !== null, `${name}: no part is open`)
    if (verb === 'delta') item.part += stringOf(fields['delta'], 'delta')
    else if (verb === 'text') demand(fields['text'] === item.part, `${name}: another text`)
    else {
      if (owner === 'function_call') nameOf(fields['name'], `${name}: name`)
      const text = owner === 'function_call' ? fields['arguments'] : readPart(fields['part'], partType)
      demand(text === item.part, `${name}: another text`)
      item.parts.push(item.part)
      item.part = null
    }
  }
}
