/** Writes Responses events: one string each, so that each goes out in one write (reference rule 1). */
import type { JsonObject } from '../json.ts'

export class EventWriter {
  #sequence: number

  constructor(sequence = 0) {
    this.#sequence = sequence
  }

  event(type: string, fields: JsonObject): string {
    const data = JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })
    return `event: ${type}\ndata: ${data}\n\n`
  }

  /** An event that carries the response, given as JSON text. */
  lifecycle(type: string, response: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#sequence++},"response":${response}}\n\n`
  }
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** One item of `output` while it is being streamed; its id and index never change (reference 1.7). */
export interface OutputItem {
  /** The events that end it; '' when it has ended before. */
  close(status: ItemStatus): string
  /** As it stands. */
  toJson(): JsonObject
}
