/** Opens the database file so that writing is cheap, waiting is short and nobody else can read it. */
import { closeSync, constants, fchmodSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { migrate } from './sqlite-schema.ts'

/** A lock holds up the whole process, so it is waited for only briefly; the recorder tries again at its next tick. */
const BUSY_TIMEOUT_MS = 25

const PRAGMAS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA trusted_schema = OFF;`

/** `prepare` brings the tables up to date. Throws when the file cannot be opened, is no database, or is too new. */
export function openConnection(
  path: string,
  prepare: (database: DatabaseSync) => void = migrate,
): DatabaseSync {
  if (path !== ':memory:') makePrivate(path)
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    database.exec(PRAGMAS)
    inTransaction(database, () => prepare(database))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Before SQLite opens it: the -wal and -shm files beside it inherit its mode. A link is not followed: whoever may write
 * to the folder could have another file of ours opened, and its mode changed, by one.
 */
function makePrivate(path: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
  try {
    fchmodSync(file, 0o600)
  } finally {
    closeSync(file)
  }
}

export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk may have ended the transaction already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
