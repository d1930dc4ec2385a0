/**
 * The stored turns of one client. An id of a backend is no secret (Ollama's are short and count up), so a client must
 * not be able to read or go on from another's turn by it: each has names of its own in the one store.
 */
import type { JsonObject } from '../wire/json.ts'
import type { StoredTurn } from '../wire/responses/stored-turns.ts'
import type { ResponseStore } from './response-store.ts'

/** The whole store where clients need no keys: then there are none to tell apart. */
export function turnsOf(store: ResponseStore, client: string | null): ResponseStore {
  if (client === null) return store
  // No name of a client has a slash in it.
  const prefix = `${client}/`
  const inward = (id: string): string => prefix + id
  const outward = (id: string): string => id.slice(prefix.length)
  return {
    isKeeping: () => store.isKeeping(),
    remember: (turn) => store.remember(renamed(turn, inward)),
    forget: (id) => store.forget(inward(id)),
    async response(id) {
      const turn = await store.response(inward(id))
      return turn === null ? null : renamed(turn, outward)
    },
    async item(id) {
      const found = await store.item(inward(id))
      return found === null ? null : { ...found, item: renamedItem(found.item, outward) }
    },
    bytes: () => store.bytes(),
    close: () => store.close(),
  }
}

type Rename = (id: string) => string

function renamed(turn: StoredTurn, rename: Rename): StoredTurn {
  return {
    ...turn,
    id: rename(turn.id),
    previousId: turn.previousId === null ? null : rename(turn.previousId),
    inputItems: turn.inputItems.map((item) => renamedItem(item, rename)),
    outputItems: turn.outputItems.map((item) => renamedItem(item, rename)),
  }
}

function renamedItem(item: JsonObject, rename: Rename): JsonObject {
  return typeof item['id'] === 'string' ? { ...item, id: rename(item['id']) } : item
}
