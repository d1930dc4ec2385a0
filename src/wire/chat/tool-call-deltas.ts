/**
 * Puts streamed tool calls together the way servers really cut them: `index` may be missing (Gemini's dialect)
 * or 0 for all, the name may come after arguments, id and name may be repeated on every piece.
 */
import type { ChatEvent } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'

interface PartialCall {
  readonly index: number
  id: string
  started: boolean
  /** Arguments that came before the name. */
  held: string
}

export class ToolCallDeltas {
  readonly #choice: number
  readonly #byKey = new Map<number, PartialCall>()
  #count = 0
  #announced = false
  #last: PartialCall | undefined

  constructor(choice: number) {
    this.#choice = choice
  }

  /** True when a call has been announced. */
  get any(): boolean {
    return this.#announced
  }

  add(delta: JsonObject, events: ChatEvent[]): void {
    const named = isJsonObject(delta['function']) ? delta['function'] : {}
    const id = textOr(delta['id'], '')
    const name = textOr(named['name'], '')
    const call = this.#find(delta['index'], id, name)
    if (id !== '' && !call.started) call.id = id
    if (name !== '' && !call.started) this.#start(call, name, events)
    const text = argumentsText(named['arguments'])
    if (text === '') return
    if (call.started) events.push({ type: 'tool-arguments', choice: this.#choice, index: call.index, text })
    else call.held += text
  }

  #start(call: PartialCall, name: string, events: ChatEvent[]): void {
    const { index, held } = call
    call.started = true
    this.#announced = true
    call.id ||= newId('call_')
    events.push({ type: 'tool-start', choice: this.#choice, index, id: call.id, name })
    if (held !== '') events.push({ type: 'tool-arguments', choice: this.#choice, index, text: held })
    call.held = ''
  }

  #find(key: JsonValue | undefined, id: string, name: string): PartialCall {
    const known = typeof key === 'number' ? this.#byKey.get(key) : this.#last
    // A second id together with a name is a second call, whatever the index says.
    const isOther = known !== undefined && name !== '' && id !== '' && known.id !== '' && known.id !== id
    if (known !== undefined && !isOther) return known
    const call: PartialCall = { index: this.#count++, id, started: false, held: '' }
    if (typeof key === 'number') this.#byKey.set(key, call)
    this.#last = call
    return call
  }
}

function argumentsText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
