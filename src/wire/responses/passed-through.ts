/**
 * What must be known of a stream whose bytes went to the client as the backend wrote them, to end it with a
 * `response.failed` that fits: clients hold the id and the items of a response against each other (reference 1.10).
 */
import type { Frame } from '../codec.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject, parseJson } from '../json.ts'

/** Only these frames are parsed a second time: a few an answer, where deltas are thousands. */
const ITEM_EVENT = '"response.output_item.'
const COLON = 58

export class PassedThrough {
  #frames = 0
  #start: { readonly id: string; readonly model: string; readonly createdAtSeconds: number } | undefined
  readonly #items = new Map<number, JsonObject>()

  add({ raw, events }: Frame): void {
    // A comment is no event and has no number.
    if (raw[0] !== COLON) this.#frames++
    for (const event of events) if (event.type === 'start') this.#start = event
    if (raw.includes(ITEM_EVENT)) this.#addItem(raw.toString('utf8'))
  }

  get start() {
    return this.#start
  }

  /** The number of the next event: they count from 0. */
  get sequence(): number {
    return this.#frames
  }

  get items(): readonly JsonObject[] {
    return [...this.#items.values()]
  }

  #addItem(text: string): void {
    const data = text.split('\n').find((line) => line.startsWith('data:'))
    const event = parseJson(data?.slice('data:'.length) ?? '')
    if (!isJsonObject(event) || !isJsonObject(event['item'])) return
    const index = event['output_index']
    this.#items.set(typeof index === 'number' ? index : this.#items.size, event['item'])
  }
}
