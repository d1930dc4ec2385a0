/** The record store of one machine: a SQLite file. */
import type { DatabaseSync } from 'node:sqlite'
import type { RecordsSettings } from './settings.ts'
import { openConnection } from './sqlite-connection.ts'
import { createReader, type SqliteReader } from './sqlite-read.ts'
import { createPruner } from './sqlite-retention.ts'
import { createSummariser } from './sqlite-summary.ts'
import { createAppender } from './sqlite-write.ts'
import type { RecordBatch, Store, StoreSummary } from './store.ts'

interface Opened extends SqliteReader {
  readonly database: DatabaseSync
  append(batch: RecordBatch): void
  summarise(sinceEpochMs: number): Promise<StoreSummary>
  prune(nowEpochMs: number): boolean
}

/**
 * Never throws: a file that cannot be opened now (locked, read-only, corrupt, its folder not mounted yet) is tried
 * again at each use, and each use rejects with the reason until it can be.
 */
export function openSqliteStore(path: string, settings: RecordsSettings): Store {
  let opened: Opened | null = null
  let closed = false

  function use(): Opened {
    if (closed) throw new Error('the record store is closed')
    opened ??= open(path, settings)
    return opened
  }

  return {
    check: async () => void use(),
    append: async (batch) => use().append(batch),
    summarise: async (sinceEpochMs) => await use().summarise(sinceEpochMs),
    recentLatencies: async (sinceEpochMs) => use().recentLatencies(sinceEpochMs),
    shadowPairs: async (query) => use().shadowPairs(query),
    prune: async (nowEpochMs) => use().prune(nowEpochMs),
    close: async () => {
      closed = true
      // The last connection to close checkpoints the log into the file and removes it.
      opened?.database.close()
      opened = null
    },
  }
}

function open(path: string, settings: RecordsSettings): Opened {
  const database = openConnection(path)
  try {
    return {
      database,
      append: createAppender(database),
      summarise: createSummariser(database),
      prune: createPruner(database, settings),
      ...createReader(database),
    }
  } catch (error) {
    database.close()
    throw error
  }
}
