/** The assistant's message: parts of text and refusal, one open at a time. */
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import type { EventWriter, ItemStatus, OutputItem } from './event-writer.ts'

type PartType = 'output_text' | 'refusal'

interface Part {
  readonly type: PartType
  text: string
  readonly logprobs: JsonValue[]
}

function partJson(part: Part): JsonObject {
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text }
  return { type: 'output_text', text: part.text, annotations: [], logprobs: part.logprobs }
}

export function messageJson(id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content }
}

/** The parts of a whole answer. */
export function messageContent(
  text: string,
  refusal: string | undefined,
  logprobs: JsonValue[],
): JsonObject[] {
  const parts: Part[] = []
  if (text !== '' || refusal === undefined) parts.push({ type: 'output_text', text, logprobs })
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal, logprobs: [] })
  return parts.map(partJson)
}

/** Chat's `logprobs: {content: […]}` as the list that Responses has. */
export function logprobList(logprobs: JsonValue | undefined): JsonValue[] {
  const list = isJsonObject(logprobs) ? logprobs['content'] : undefined
  return isJsonArray(list) ? [...list] : []
}

export class MessageItem implements OutputItem {
  readonly #id = newId('msg_')
  readonly #writer: EventWriter
  readonly #index: number
  readonly #parts: Part[] = []
  #status: ItemStatus = 'in_progress'

  constructor(writer: EventWriter, index: number) {
    this.#writer = writer
    this.#index = index
  }

  addText(delta: string, logprobs: JsonValue[]): string {
    const opening = this.#openPart('output_text')
    const part = this.#parts.at(-1)
    if (part === undefined) return opening
    part.text += delta
    part.logprobs.push(...logprobs)
    return opening + this.#event('response.output_text.delta', { delta, logprobs })
  }

  addRefusal(delta: string): string {
    const opening = this.#openPart('refusal')
    const part = this.#parts.at(-1)
    if (part !== undefined) part.text += delta
    return opening + this.#event('response.refusal.delta', { delta })
  }

  close(status: ItemStatus): string {
    if (this.#status !== 'in_progress') return ''
    const closing = this.#closePart()
    this.#status = status
    return (
      closing +
      this.#writer.event('response.output_item.done', { output_index: this.#index, item: this.toJson() })
    )
  }

  toJson(): JsonObject {
    return messageJson(this.#id, this.#status, this.#parts.map(partJson))
  }

  #openPart(type: PartType): string {
    const open = this.#parts.at(-1)
    if (open?.type === type) return ''
    const before =
      open === undefined
        ? this.#writer.event('response.output_item.added', { output_index: this.#index, item: this.toJson() })
        : this.#closePart()
    const part: Part = { type, text: '', logprobs: [] }
    this.#parts.push(part)
    return before + this.#event('response.content_part.added', { part: partJson(part) })
  }

  #closePart(): string {
    const part = this.#parts.at(-1)
    if (part === undefined) return ''
    const done =
      part.type === 'refusal'
        ? this.#event('response.refusal.done', { refusal: part.text })
        : this.#event('response.output_text.done', { text: part.text, logprobs: part.logprobs })
    return done + this.#event('response.content_part.done', { part: partJson(part) })
  }

  #event(type: string, fields: JsonObject): string {
    const content_index = this.#parts.length - 1
    return this.#writer.event(type, {
      item_id: this.#id,
      output_index: this.#index,
      content_index,
      ...fields,
    })
  }
}
