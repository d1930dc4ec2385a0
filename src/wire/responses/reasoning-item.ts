/**
 * A local model's thinking, told as a summary: the only form that every client shows and none rejects
 * (reference rule 8).
 */
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import type { EventWriter, ItemStatus, OutputItem } from './event-writer.ts'

/**
 * The AI SDK only sends an item back on the next turn when it had `encrypted_content` (rule 9). What matters is
 * in the summary, so this is a mark and no secret.
 */
const REPLAY_MARK = 'llr.reasoning-is-in-the-summary'

export function reasoningJson(id: string, text: string, encrypted: boolean): JsonObject {
  const summary = text === '' ? [] : [{ type: 'summary_text', text }]
  return { id, type: 'reasoning', summary, encrypted_content: encrypted ? REPLAY_MARK : undefined }
}

export class ReasoningItem implements OutputItem {
  readonly #id = newId('rs_')
  readonly #writer: EventWriter
  readonly #index: number
  readonly #encrypted: boolean
  #text = ''
  #closed = false

  constructor(writer: EventWriter, index: number, encrypted: boolean) {
    this.#writer = writer
    this.#index = index
    this.#encrypted = encrypted
  }

  add(text: string): string {
    const opening = this.#text === '' ? this.#open() : ''
    this.#text += text
    return opening + this.#event('response.reasoning_summary_text.delta', { delta: text })
  }

  close(_status: ItemStatus): string {
    if (this.#closed) return ''
    this.#closed = true
    return (
      this.#event('response.reasoning_summary_text.done', { text: this.#text }) +
      this.#event('response.reasoning_summary_part.done', {
        part: { type: 'summary_text', text: this.#text },
      }) +
      this.#writer.event('response.output_item.done', { output_index: this.#index, item: this.toJson() })
    )
  }

  toJson(): JsonObject {
    return reasoningJson(this.#id, this.#text, this.#encrypted)
  }

  #open(): string {
    return (
      this.#writer.event('response.output_item.added', { output_index: this.#index, item: this.toJson() }) +
      this.#event('response.reasoning_summary_part.added', { part: { type: 'summary_text', text: '' } })
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
