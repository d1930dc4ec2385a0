/**
 * The output items of a stream by the names its events give them: `output_index` where there is one, since some
 * servers give an item another id in every event; else `item_id`, since llama.cpp has no index (reference 7).
 */
import type { ChatEvent } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { objectsOf } from './output-in.ts'
import {
  IncomingCall,
  IncomingMessage,
  IncomingReasoning,
  type StreamItem,
  type Told,
} from './stream-item.ts'

interface Kinds {
  readonly message: IncomingMessage
  readonly reasoning: IncomingReasoning
  readonly function_call: IncomingCall
  readonly custom_tool_call: IncomingCall
}
type Kind = keyof Kinds

const MAKE: { readonly [K in Kind]: () => Kinds[K] } = {
  message: () => new IncomingMessage(),
  reasoning: () => new IncomingReasoning(),
  function_call: () => new IncomingCall('function_call'),
  custom_tool_call: () => new IncomingCall('custom_tool_call'),
}

function isKind(value: JsonValue | undefined): value is Kind {
  return typeof value === 'string' && Object.hasOwn(MAKE, value)
}

export class StreamItems {
  readonly told: Told = { events: [], calls: 0, anyText: false, anyRefusal: false, anyReasoning: false }
  readonly #byName = new Map<JsonValue, StreamItem>()
  readonly #all: StreamItem[] = []

  /** Whatever has been told since the last time. */
  takeEvents(): ChatEvent[] {
    return this.told.events.splice(0)
  }

  /** `output_item.added`. Hosted items have no form here. */
  add({ item, output_index: index }: JsonObject): void {
    const [added] = objectsOf([item ?? null])
    if (added === undefined || !isKind(added['type'])) return
    const made = this.#make(added['type'], [index, added['id']])
    if (made instanceof IncomingCall) made.start(added, this.told)
  }

  /** `output_item.done`: of an item that came without any other event as well. */
  finish({ item, output_index: index }: JsonObject): void {
    const [done] = objectsOf([item ?? null])
    if (done === undefined || !isKind(done['type'])) return
    const kind = done['type']
    const known = this.#known(kind, index) ?? this.#known(kind, done['id'])
    const found = known ?? this.#make(kind, [index, done['id']])
    found.finish(done, this.told)
  }

  /** The terminal's `output`: what it holds beyond the items before it. */
  finishAll(output: JsonValue | undefined): void {
    const counts = new Map<Kind, number>()
    objectsOf(output).forEach((item, index) => {
      const { type, id } = item
      if (!isKind(type)) return
      const count = counts.get(type) ?? 0
      counts.set(type, count + 1)
      const named = this.#known(type, id) ?? this.#known(type, index)
      // Neither name need be the one that the events used; the order is.
      const known = named ?? this.#all.filter((seen) => seen.type === type)[count]
      const found = known ?? this.#make(type, [index, id])
      found.finish(item, this.told)
    })
  }

  /** The item that a delta is of; made when nothing announced it. */
  of<K extends Kind>(kind: K, { output_index: index, item_id: id }: JsonObject): Kinds[K] {
    const isNamed = typeof index === 'number' || typeof id === 'string'
    const last = isNamed ? undefined : this.#all.findLast(({ type }) => type === kind)
    const known = this.#known(kind, index) ?? this.#known(kind, id) ?? (last as Kinds[K] | undefined)
    return known ?? this.#make(kind, [index, id])
  }

  #known<K extends Kind>(kind: K, name: JsonValue | undefined): Kinds[K] | undefined {
    const item = name === undefined ? undefined : this.#byName.get(name)
    return item?.type === kind ? (item as Kinds[K]) : undefined
  }

  #make<K extends Kind>(kind: K, names: readonly (JsonValue | undefined)[]): Kinds[K] {
    const item = MAKE[kind]()
    this.#all.push(item)
    for (const name of names) {
      if (typeof name === 'number' || typeof name === 'string') this.#byName.set(name, item)
    }
    return item
  }
}
