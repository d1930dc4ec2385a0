/**
 * A place that turns are kept in, and the form they are kept in: text, so that their size is known. Shelves are
 * synchronous and may throw; the store that has them never does.
 */
import type { JsonObject } from '../wire/json.ts'
import { isJsonObject, parseJson } from '../wire/json.ts'
import type { StoredItem, StoredTurn } from '../wire/responses/stored-turns.ts'

export interface KeptItem {
  readonly id: string
  readonly isOutput: boolean
  readonly text: string
}

type TurnFacts = Pick<StoredTurn, 'id' | 'previousId' | 'response' | 'sensitive' | 'continuable'>

export interface KeptTurn extends TurnFacts {
  readonly storedAtEpochMs: number
  /** Input, then output, each in its order. */
  readonly items: readonly KeptItem[]
  /** UTF-8, of all text and ids. What an engine needs around it is not counted. */
  readonly bytes: number
}

export interface Bounds {
  readonly maxBytes: number
  /** What was stored before is too old to be seen. */
  readonly sinceEpochMs: number
}

export interface Shelf {
  /** In place of one with the same id. Makes room by what was used least recently. */
  put(turn: KeptTurn, bounds: Bounds): void
  /** Reading is using. */
  turn(id: string, bounds: Bounds): StoredTurn | null
  /** The newest of that id. */
  item(id: string, bounds: Bounds): StoredItem | null
  /** Whether there was one to be seen. */
  remove(id: string, bounds: Bounds): boolean
  /** Deletes what is beyond the bounds. True when there may be more. */
  sweep(bounds: Bounds): boolean
  bytes(): number
  close(): void
}

export function keptTurn(turn: StoredTurn, storedAtEpochMs: number): KeptTurn {
  const { id, previousId, response, sensitive, continuable } = turn
  const items = [
    ...turn.inputItems.map((item) => keptItem(item, false)),
    ...turn.outputItems.map((item) => keptItem(item, true)),
  ]
  const texts = [id, previousId ?? '', response, ...items.flatMap((item) => [item.id, item.text])]
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  return { id, previousId, response, sensitive, continuable, storedAtEpochMs, items, bytes }
}

function keptItem(item: JsonObject, isOutput: boolean): KeptItem {
  const id = typeof item['id'] === 'string' ? item['id'] : ''
  return { id, isOutput, text: JSON.stringify(item) }
}

export function readTurn(facts: TurnFacts, items: readonly Omit<KeptItem, 'id'>[]): StoredTurn {
  const read = (isOutput: boolean) =>
    items.filter((item) => item.isOutput === isOutput).map((item) => readItem(item.text))
  const { id, previousId, response, sensitive, continuable } = facts
  return {
    id,
    previousId,
    response,
    sensitive,
    continuable,
    inputItems: read(false),
    outputItems: read(true),
  }
}

export function readItem(text: string): JsonObject {
  const item = parseJson(text)
  if (!isJsonObject(item)) throw new Error('a stored item cannot be read')
  return item
}
