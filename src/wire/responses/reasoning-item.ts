/**
 * A model's thinking, told as a summary: the only form that every client shows and none rejects
 * (reference rule 8).
 */
import type { ReasoningSeal } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { encodeSeal } from '../reasoning-seal.ts'
import type { EventWriter, ItemStatus, OutputItem } from './event-writer.ts'

/** By it the item is known again when a client sends it back without anything else that would tell. */
const OWN_ID = 'rs_llr'

export function newReasoningId(): string {
  return newId(OWN_ID)
}

/** No provider knows it: on passing through, such an item stays here. */
export function isOwnReasoningId(id: string): boolean {
  return id.startsWith(OWN_ID)
}

/**
 * `encrypted_content` when the client asked for it, a seal or not: the AI SDK only sends an item back on the next
 * turn when it had one (rule 9).
 */
export function reasoningJson(id: string, text: string, encrypted: string | undefined): JsonObject {
  const summary = text === '' ? [] : [{ type: 'summary_text', text }]
  return { id, type: 'reasoning', summary, encrypted_content: encrypted }
}

export class ReasoningItem implements OutputItem {
  readonly #id = newReasoningId()
  readonly #writer: EventWriter
  readonly #index: number
  readonly #isSealed: boolean
  #seal: ReasoningSeal | undefined
  #text = ''
  #stage: 'new' | 'added' | 'speaking' | 'closed' = 'new'

  constructor(writer: EventWriter, index: number, isSealed: boolean) {
    this.#writer = writer
    this.#index = index
    this.#isSealed = isSealed
  }

  add(text: string): string {
    const opening = this.#open() + this.#openPart()
    this.#text += text
    return opening + this.#event('response.reasoning_summary_text.delta', { delta: text })
  }

  /** Known only when the thinking has ended, so it stands in the item's last event alone. */
  seal(seal: ReasoningSeal): string {
    this.#seal = seal
    return this.#open()
  }

  close(_status: ItemStatus): string {
    if (this.#stage === 'closed') return ''
    const closing = this.#stage === 'speaking' ? this.#closePart() : ''
    this.#stage = 'closed'
    return (
      closing +
      this.#writer.event('response.output_item.done', { output_index: this.#index, item: this.toJson() })
    )
  }

  toJson(): JsonObject {
    const isWhole = this.#isSealed && this.#stage === 'closed'
    return reasoningJson(this.#id, this.#text, isWhole ? encodeSeal(this.#seal, 'responses') : undefined)
  }

  #open(): string {
    if (this.#stage !== 'new') return ''
    this.#stage = 'added'
    return this.#writer.event('response.output_item.added', {
      output_index: this.#index,
      item: this.toJson(),
    })
  }

  #openPart(): string {
    if (this.#stage !== 'added') return ''
    this.#stage = 'speaking'
    return this.#event('response.reasoning_summary_part.added', { part: { type: 'summary_text', text: '' } })
  }

  #closePart(): string {
    const text = this.#text
    return (
      this.#event('response.reasoning_summary_text.done', { text }) +
      this.#event('response.reasoning_summary_part.done', { part: { type: 'summary_text', text } })
    )
  }

  #event(type: string, fields: JsonObject): string {
    return this.#writer.event(type, {
      item_id: this.#id,
      output_index: this.#index,
      summary_index: 0,
      ...fields,
    })
  }
}
