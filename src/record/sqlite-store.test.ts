import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { requestRecord, shadowRecord } from '../../test/support/records.ts'
import { testStoreContract } from '../../test/support/store-contract.ts'
import { DEFAULT_RECORDS, type RecordsSettings } from './settings.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { Store } from './store.ts'

const BATCH = { requests: [requestRecord()], shadows: [shadowRecord()] }

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-store-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function withSqlite(settings: RecordsSettings, use: (store: Store) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const store = openSqliteStore(join(folder, 'metrics.db'), settings)
    try {
      await use(store)
    } finally {
      await store.close()
    }
  })
}

testStoreContract('SQLite store', withSqlite)

describe('SQLite file', () => {
  test('is readable by its owner only, with the files beside it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      writeFileSync(path, '', { mode: 0o644 })
      const store = openSqliteStore(path, DEFAULT_RECORDS)
      await store.append(BATCH)
      for (const suffix of ['', '-wal', '-shm'])
        assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
      await store.close()
      assert.throws(() => statSync(`${path}-wal`), 'the log is merged when the store closes')
    }))

  test('is found again, records and all', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      for (const expected of [1, 2]) {
        const store = openSqliteStore(path, DEFAULT_RECORDS)
        await store.append(BATCH)
        assert.equal((await store.summarise(0)).totals.requests, expected)
        await store.close()
      }
    }))

  test('keeps every column of a record, and no other text', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      const store = openSqliteStore(path, DEFAULT_RECORDS)
      await store.append({ ...BATCH, requests: [requestRecord({ findings: ['email', 'iban'] })] })
      await store.close()
      const database = new DatabaseSync(path, { readOnly: true })
      const row = database.prepare('SELECT * FROM requests').get() ?? {}
      database.close()
      assert.equal(row['findings'], 'email,iban')
      assert.equal(row['usage_source'], 'reported')
      const fields = Object.keys(requestRecord()).length
      assert.equal(Object.keys(row).length, fields, 'an id, and every field but the attempts')
    }))

  test('loses no attempts to another request when rows are deleted', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      const store = openSqliteStore(path, { ...DEFAULT_RECORDS, maxRows: 3 })
      await store.append({ requests: Array.from({ length: 10 }, () => requestRecord()), shadows: [] })
      await store.prune(0)
      await store.close()
      const database = new DatabaseSync(path, { readOnly: true })
      const ids = database.prepare('SELECT group_concat(id) AS ids FROM requests').get()?.['ids']
      const owners = database.prepare('SELECT group_concat(request) AS ids FROM attempts').get()?.['ids']
      database.close()
      assert.equal(ids, '8,9,10')
      assert.equal(owners, ids)
    }))
})

describe('SQLite store in trouble', () => {
  test('does not throw when the file is no database, and leaves it alone', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      const garbage = 'this is a diary, not a database. '.repeat(200)
      writeFileSync(path, garbage)
      const store = openSqliteStore(path, DEFAULT_RECORDS)
      await assert.rejects(store.check(), /not a database/)
      await assert.rejects(store.append(BATCH))
      await store.close()
      assert.equal(statSync(path).size, garbage.length)
    }))

  test('works as soon as the folder is there', () =>
    inFolder(async (folder) => {
      const later = join(folder, 'volume')
      const store = openSqliteStore(join(later, 'metrics.db'), DEFAULT_RECORDS)
      await assert.rejects(store.append(BATCH), /ENOENT/)
      mkdirSync(later)
      await store.append(BATCH)
      await store.close()
    }))

  test('gives up quickly on a lock and writes when it is gone', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      const store = openSqliteStore(path, DEFAULT_RECORDS)
      await store.append(BATCH)
      const other = new DatabaseSync(path)
      other.exec('BEGIN IMMEDIATE')
      const startedMs = performance.now()
      await assert.rejects(store.append(BATCH), /locked/)
      assert.ok(performance.now() - startedMs < 1000)
      other.exec('ROLLBACK')
      other.close()
      await store.append(BATCH)
      assert.equal((await store.summarise(0)).totals.requests, 2)
      await store.close()
    }))

  test('refuses a file of a later version', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      const database = new DatabaseSync(path)
      database.exec('PRAGMA user_version = 99')
      database.close()
      await assert.rejects(openSqliteStore(path, DEFAULT_RECORDS).check(), /version 99/)
    }))

  test('reports a file it may not write', { skip: process.getuid?.() === 0 }, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'metrics.db')
      writeFileSync(path, '')
      chmodSync(folder, 0o500)
      await assert.rejects(openSqliteStore(path, DEFAULT_RECORDS).append(BATCH))
      chmodSync(folder, 0o700)
    }),
  )
})
