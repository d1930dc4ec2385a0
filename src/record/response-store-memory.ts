/** Turns in memory: one buffer each, outside of the garbage-collected heap and exactly as large as it is counted. */
import type { StoredItem } from '../wire/responses/stored-turns.ts'
import { type Bounds, type KeptTurn, readItem, readTurn, type Shelf } from './response-store-shelf.ts'

interface Entry extends Omit<KeptTurn, 'response' | 'items'> {
  /** The response's text, then each item's. */
  readonly packed: Buffer
  /** Where each of them ends. */
  readonly ends: readonly number[]
  readonly areOutput: readonly boolean[]
  /** Where an item of an id is; of several with the same one, the last: a client may send it as often as it likes. */
  readonly itemsById: ReadonlyMap<string, number>
}

export interface MemoryShelf extends Shelf {
  isSensitive(id: string): boolean
  clear(): void
}

export function createMemoryShelf(): MemoryShelf {
  /** Least recently used first: a Map keeps the order of insertion. */
  const entries = new Map<string, Entry>()
  /** Who has an item, the newest last: clients send items again in later turns. */
  const holders = new Map<string, Set<Entry>>()
  let bytes = 0

  function drop(entry: Entry): void {
    entries.delete(entry.id)
    bytes -= entry.bytes
    for (const id of entry.itemsById.keys()) {
      const left = holders.get(id)
      left?.delete(entry)
      if (left?.size === 0) holders.delete(id)
    }
  }

  function touch(entry: Entry): void {
    entries.delete(entry.id)
    entries.set(entry.id, entry)
  }

  function makeRoom(maxBytes: number): void {
    for (const entry of entries.values()) {
      if (bytes <= maxBytes) return
      drop(entry)
    }
  }

  function find(id: string, { sinceEpochMs }: Bounds): Entry | undefined {
    const entry = entries.get(id)
    return entry !== undefined && entry.storedAtEpochMs >= sinceEpochMs ? entry : undefined
  }

  function clear(): void {
    entries.clear()
    holders.clear()
    bytes = 0
  }

  return {
    put(turn, { maxBytes }) {
      const old = entries.get(turn.id)
      if (old !== undefined) drop(old)
      makeRoom(maxBytes - turn.bytes)
      const entry = pack(turn)
      entries.set(entry.id, entry)
      bytes += entry.bytes
      for (const id of entry.itemsById.keys()) {
        const others = holders.get(id)
        if (others === undefined) holders.set(id, new Set([entry]))
        else others.add(entry)
      }
    },
    turn(id, bounds) {
      const entry = find(id, bounds)
      if (entry === undefined) return null
      touch(entry)
      const items = entry.areOutput.map((isOutput, index) => ({ isOutput, text: textOf(entry, index + 1) }))
      return readTurn({ ...entry, response: textOf(entry, 0) }, items)
    },
    item(id, { sinceEpochMs }): StoredItem | null {
      const young = [...(holders.get(id) ?? [])].filter((entry) => entry.storedAtEpochMs >= sinceEpochMs)
      const newest = young.at(-1)
      const index = newest?.itemsById.get(id)
      if (newest === undefined || index === undefined) return null
      touch(newest)
      const sensitive = young.some((entry) => entry.sensitive)
      return { item: readItem(textOf(newest, index + 1)), sensitive }
    },
    remove(id, bounds) {
      const entry = entries.get(id)
      const isSeen = find(id, bounds) !== undefined
      if (entry !== undefined) drop(entry)
      return isSeen
    },
    sweep({ maxBytes, sinceEpochMs }) {
      for (const entry of entries.values()) if (entry.storedAtEpochMs < sinceEpochMs) drop(entry)
      makeRoom(maxBytes)
      return false
    },
    bytes: () => bytes,
    close: clear,
    isSensitive: (id) => entries.get(id)?.sensitive ?? false,
    clear,
  }
}

function pack(turn: KeptTurn): Entry {
  const { response, items, ...facts } = turn
  const texts = [response, ...items.map(({ text }) => text)]
  const ends: number[] = []
  let size = 0
  for (const text of texts) ends.push((size += Buffer.byteLength(text)))
  // Of its own: a piece of Node's pool would keep the whole pool.
  const packed = Buffer.allocUnsafeSlow(size)
  for (const [index, text] of texts.entries()) packed.write(text, ends[index - 1] ?? 0)
  const itemsById = new Map(items.map(({ id }, index) => [id, index]))
  return { ...facts, packed, ends, itemsById, areOutput: items.map(({ isOutput }) => isOutput) }
}

function textOf({ packed, ends }: Entry, index: number): string {
  return packed.toString('utf8', ends[index - 1] ?? 0, ends[index])
}
