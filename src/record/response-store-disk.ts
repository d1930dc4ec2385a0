/** Turns in a SQLite file. Never one of a local-only conversation: the store sees to that. */
import type { DatabaseSync } from 'node:sqlite'
import { openResponseFile } from './response-store-file.ts'
import { type KeptTurn, readItem, readTurn, type Shelf } from './response-store-shelf.ts'
import { inTransaction } from './sqlite-connection.ts'

/** Turns deleted for their age in one pass: a few milliseconds of the event loop. */
const SWEEP_TURNS = 200

interface TurnRow {
  readonly key: number
  readonly id: string
  readonly previousId: string | null
  readonly continuable: number
  readonly response: string
}

interface ItemRow {
  readonly turn: string
  readonly isOutput: number
  readonly text: string
}

/** Opened at the first use, and tried again at each use until it can be. */
export function createDiskShelf(path: string): Shelf {
  let opened: ReturnType<typeof prepare> | null = null
  let hasDeleted = false
  /** Used since the last write, in that order. Reading thereby needs no lock. */
  const touched = new Set<string>()

  function use(): ReturnType<typeof prepare> {
    opened ??= open(path)
    return opened
  }

  function touch(id: string): void {
    touched.delete(id)
    touched.add(id)
  }

  /** All of it or nothing, and what was used meanwhile with it. */
  function write<T>(work: (file: ReturnType<typeof prepare>) => T): T {
    const file = use()
    const result = inTransaction(file.database, () => {
      for (const id of touched) file.touch.run(id)
      return work(file)
    })
    touched.clear()
    return result
  }

  function makeRoom(file: ReturnType<typeof prepare>, maxBytes: number): void {
    while (file.bytes() > maxBytes && file.dropOldest.run().changes > 0) hasDeleted = true
  }

  return {
    put(turn, { maxBytes }) {
      write((file) => {
        if (file.drop.run(turn.id).changes > 0) hasDeleted = true
        makeRoom(file, maxBytes - turn.bytes)
        file.insert(turn)
      })
    },
    turn(id, { sinceEpochMs }) {
      const file = use()
      const row = file.turn.get(id, sinceEpochMs) as unknown as TurnRow | undefined
      if (row === undefined) return null
      const items = file.itemsOf.all(row.key) as unknown as readonly ItemRow[]
      const turn = readTurn(
        { ...row, continuable: row.continuable !== 0, sensitive: false },
        items.map((item) => ({ text: item.text, isOutput: item.isOutput !== 0 })),
      )
      touch(id)
      return turn
    },
    item(id, { sinceEpochMs }) {
      const row = use().item.get(id, sinceEpochMs) as unknown as ItemRow | undefined
      if (row === undefined) return null
      touch(row.turn)
      return { item: readItem(row.text), sensitive: false }
    },
    remove: (id, { sinceEpochMs }) =>
      write((file) => {
        const isSeen = file.turn.get(id, sinceEpochMs) !== undefined
        if (file.drop.run(id).changes > 0) hasDeleted = true
        return isSeen
      }),
    sweep(bounds) {
      const swept = write((file) => {
        const count = Number(file.dropOld.run(bounds.sinceEpochMs).changes)
        if (count > 0) hasDeleted = true
        makeRoom(file, bounds.maxBytes)
        return count
      })
      // The log may still hold text that the file no longer does.
      if (hasDeleted) use().database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      hasDeleted = false
      return swept >= SWEEP_TURNS
    },
    bytes: () => use().bytes(),
    close() {
      if (opened === null) return
      try {
        write(() => undefined)
      } finally {
        opened.database.close()
        opened = null
      }
    },
  }
}

function open(path: string): ReturnType<typeof prepare> {
  const database = openResponseFile(path)
  try {
    return prepare(database)
  } catch (error) {
    database.close()
    throw error
  }
}

const TURN = `SELECT t.key, t.id, t.previous_id AS previousId, t.continuable, a.response
  FROM turns t JOIN answers a ON a.turn = t.key WHERE t.id = ? AND t.stored_at >= ?`
const ITEMS_OF = 'SELECT is_output AS isOutput, item AS text FROM items WHERE turn = ? ORDER BY key'
const ITEM = `SELECT t.id AS turn, i.item AS text FROM items i JOIN turns t ON t.key = i.turn
  WHERE i.id = ? AND t.stored_at >= ? ORDER BY i.key DESC LIMIT 1`
const NEXT_USE = '(SELECT coalesce(max(used), 0) + 1 FROM turns)'

function prepare(database: DatabaseSync) {
  const total = database.prepare('SELECT bytes FROM total')
  const insertTurn = database.prepare(
    `INSERT INTO turns (id, previous_id, continuable, stored_at, used, bytes)
     VALUES (?, ?, ?, ?, ${NEXT_USE}, ?)`,
  )
  const insertAnswer = database.prepare('INSERT INTO answers (turn, response) VALUES (?, ?)')
  const insertItem = database.prepare('INSERT INTO items (turn, id, is_output, item) VALUES (?, ?, ?, ?)')
  return {
    database,
    bytes: () => Number(total.get()?.['bytes'] ?? 0),
    turn: database.prepare(TURN),
    itemsOf: database.prepare(ITEMS_OF),
    item: database.prepare(ITEM),
    touch: database.prepare(`UPDATE turns SET used = ${NEXT_USE} WHERE id = ?`),
    drop: database.prepare('DELETE FROM turns WHERE id = ?'),
    dropOldest: database.prepare(
      'DELETE FROM turns WHERE key = (SELECT key FROM turns ORDER BY used LIMIT 1)',
    ),
    dropOld: database.prepare(
      `DELETE FROM turns WHERE key IN
         (SELECT key FROM turns WHERE stored_at < ? ORDER BY stored_at LIMIT ${SWEEP_TURNS})`,
    ),
    insert(turn: KeptTurn): void {
      const { id, previousId, continuable, storedAtEpochMs, bytes, response } = turn
      const stored = Math.floor(storedAtEpochMs)
      const key = insertTurn.run(id, previousId, continuable ? 1 : 0, stored, bytes).lastInsertRowid
      insertAnswer.run(key, response)
      for (const item of turn.items) insertItem.run(key, item.id, item.isOutput ? 1 : 0, item.text)
    },
  }
}
