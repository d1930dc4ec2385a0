/**
 * Stored turns of the Responses API. In memory; on disk where the policy says so, but never one of a local-only
 * conversation. Nothing here fails a request: what cannot be written to disk stays in memory, and what cannot be read
 * is not found.
 */
import type { Clock } from '../clock.ts'
import type { StoredItem, StoredTurn, StoredTurns } from '../wire/responses/stored-turns.ts'
import type { ResponsesSettings } from './response-settings.ts'
import { createDiskShelf } from './response-store-disk.ts'
import { createMemoryShelf } from './response-store-memory.ts'
import { type Bounds, keptTurn, type Shelf } from './response-store-shelf.ts'
import { startRetention } from './retention.ts'

export interface ResponseStoreParts {
  /** Read at each use: a reload changes them. */
  readonly settings: () => ResponsesSettings
  readonly clock: Clock
  /** The file, where there is a place for one. */
  readonly disk: string | null
  /** Of the file, once for each use that it failed. */
  readonly onFault?: (error: unknown) => void
}

/** UTF-8 bytes of text; each is at most `maxBytes`. */
export interface StoredBytes {
  readonly memory: number
  readonly disk: number
}

export interface ResponseStore extends StoredTurns {
  /** In place of one with the same id. One that is larger than all there is room for is not remembered. */
  remember(turn: StoredTurn): void
  /** Whether there was one. */
  forget(id: string): Promise<boolean>
  bytes(): StoredBytes
  close(): Promise<void>
}

export function createResponseStore(parts: ResponseStoreParts): ResponseStore {
  const { settings, clock, onFault = () => undefined } = parts
  const memory = createMemoryShelf()
  const disk = parts.disk === null ? null : createDiskShelf(parts.disk)
  let closed = false

  /** Null when nothing may be stored; what was stored before such a reload is gone then. */
  function bounds(): Bounds | null {
    const { store, maxBytes, maxAgeMinutes } = settings()
    if (closed || store === 'off') {
      memory.clear()
      return null
    }
    return { maxBytes, sinceEpochMs: clock.epochMs() - maxAgeMinutes * 60_000 }
  }

  function onDisk<T>(otherwise: T, work: (shelf: Shelf) => T): T {
    if (disk === null || settings().store !== 'disk') return otherwise
    try {
      return work(disk)
    } catch (error) {
      onFault(error)
      return otherwise
    }
  }

  function remember(turn: StoredTurn): void {
    const limits = bounds()
    if (limits === null) return
    // Once local-only, always local-only, whatever the caller found in the later turns alone.
    const sensitive = turn.sensitive || (turn.previousId !== null && memory.isSensitive(turn.previousId))
    const kept = keptTurn({ ...turn, sensitive }, clock.epochMs())
    if (kept.bytes > limits.maxBytes) return
    const isWritten =
      !sensitive &&
      onDisk(false, (shelf) => {
        shelf.put(kept, limits)
        return true
      })
    if (isWritten) memory.remove(turn.id, limits)
    else memory.put(kept, limits)
  }

  function item(id: string): StoredItem | null {
    const limits = bounds()
    if (limits === null) return null
    return memory.item(id, limits) ?? onDisk(null, (shelf) => shelf.item(id, limits))
  }

  function sweep(): boolean {
    const limits = bounds()
    if (limits === null) return false
    memory.sweep(limits)
    return onDisk(false, (shelf) => shelf.sweep(limits))
  }

  const retention = startRetention({ store: { prune: async () => sweep() }, clock, onFault })

  return {
    isKeeping: () => !closed && settings().store !== 'off',
    remember,
    response: async (id) => {
      const limits = bounds()
      if (limits === null) return null
      return memory.turn(id, limits) ?? onDisk(null, (shelf) => shelf.turn(id, limits))
    },
    item: async (id) => item(id),
    forget: async (id) => {
      const limits = bounds()
      if (limits === null) return false
      const wasOnDisk = onDisk(false, (shelf) => shelf.remove(id, limits))
      return memory.remove(id, limits) || wasOnDisk
    },
    bytes: () => ({ memory: memory.bytes(), disk: closed ? 0 : onDisk(0, (shelf) => shelf.bytes()) }),
    close: async () => {
      if (closed) return
      closed = true
      retention.stop()
      memory.close()
      try {
        disk?.close()
      } catch (error) {
        onFault(error)
      }
    },
  }
}
