/** One `tool_use` block of a stream while it is coming. */
import type { ChatEvent } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { inputText } from './reply-in.ts'

export class OpenCall {
  readonly #index: number
  readonly #input: JsonValue | undefined
  #needsInput = true

  constructor(index: number, block: JsonObject, events: ChatEvent[]) {
    this.#index = index
    this.#input = block['input']
    const id = textOr(block['id'], '') || newId('toolu_')
    events.push({ type: 'tool-start', choice: 0, index, id, name: textOr(block['name'], '') })
  }

  add(text: string, events: ChatEvent[]): void {
    if (text === '') return
    this.#needsInput = false
    events.push({ type: 'tool-arguments', choice: 0, index: this.#index, text })
  }

  /** Without deltas the input is what the block began with. */
  close(events: ChatEvent[]): void {
    if (this.#needsInput) this.add(inputText(this.#input), events)
  }
}
