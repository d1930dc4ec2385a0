import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { createManualClock } from '../../test/support/manual-clock.ts'
import {
  storedTurn,
  type StoreUnderTest,
  type WithResponseStore,
} from '../../test/support/response-store-case.ts'
import { testResponseStoreContract } from '../../test/support/response-store-contract.ts'
import { DEFAULT_RESPONSES, type ResponsesSettings } from './response-settings.ts'
import { createResponseStore, type ResponseStore } from './response-store.ts'

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-responses-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function withStore(
  settings: ResponsesSettings,
  disk: string | null,
  use: (under: StoreUnderTest) => Promise<void>,
): Promise<void> {
  const clock = createManualClock()
  const onFault = (error: unknown): void => assert.fail(String(error))
  const store = createResponseStore({ settings: () => under.settings, clock, disk, onFault })
  const under: StoreUnderTest = { store, clock, settings }
  try {
    await use(under)
  } finally {
    await store.close()
  }
  assert.equal(clock.pending(), 0)
}

const inMemory: WithResponseStore = (settings, use) => withStore({ ...settings, store: 'memory' }, null, use)
const onDisk: WithResponseStore = (settings, use) =>
  inFolder((folder) => withStore({ ...settings, store: 'disk' }, join(folder, 'turns.db'), use))

testResponseStoreContract('Responses in memory', inMemory)
testResponseStoreContract('Responses on disk', onDisk)

const DISK: ResponsesSettings = { ...DEFAULT_RESPONSES, store: 'disk' }

interface Trouble {
  readonly store: ResponseStore
  readonly faults: unknown[]
}

function openAt(disk: string, settings = DISK): Trouble {
  const faults: unknown[] = []
  const clock = createManualClock()
  const onFault = (error: unknown): void => void faults.push(error)
  return { store: createResponseStore({ settings: () => settings, clock, disk, onFault }), faults }
}

describe('the file of responses', () => {
  test('is readable by its owner only, with the files beside it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      writeFileSync(path, '', { mode: 0o644 })
      const { store } = openAt(path)
      store.remember(storedTurn('resp_1'))
      for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600)
      await store.close()
      assert.deepEqual(readdirSync(folder), ['turns.db'])
    }))

  test('survives a restart, and knows then what was used last', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const before = openAt(path)
      before.store.remember(storedTurn('resp_1'))
      before.store.remember(storedTurn('resp_2', { previousId: 'resp_1' }))
      await before.store.response('resp_1')
      const { disk } = before.store.bytes()
      await before.store.close()

      const after = openAt(path, { ...DISK, maxBytes: disk + 50 })
      assert.deepEqual(await after.store.response('resp_2'), storedTurn('resp_2', { previousId: 'resp_1' }))
      assert.equal(after.store.bytes().disk, disk)
      await after.store.response('resp_1')
      after.store.remember(storedTurn('resp_3'))
      assert.equal(await after.store.response('resp_2'), null)
      assert.notEqual(await after.store.response('resp_1'), null)
      await after.store.close()
      assert.deepEqual([...before.faults, ...after.faults], [])
    }))

  test('never holds a word of a local-only conversation', () =>
    inFolder(async (folder) => {
      const { store } = openAt(join(folder, 'turns.db'))
      const secret = (id: string) => [{ id, text: 'the blue heron' }]
      store.remember(storedTurn('resp_0'))
      store.remember(storedTurn('resp_1', { sensitive: true, inputItems: secret('a') }))
      store.remember(storedTurn('resp_2', { previousId: 'resp_1', outputItems: secret('b') }))
      assert.equal((await store.item('b'))?.sensitive, true)
      for (const file of readdirSync(folder)) {
        assert.ok(!readFileSync(join(folder, file)).includes('heron'), file)
      }
      await store.close()
    }))

  test('holds nothing of what was forgotten once it is swept', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const clock = createManualClock()
      const store = createResponseStore({ settings: () => DISK, clock, disk: path })
      const text = `the blue heron${' and its wings'.repeat(2000)}`
      store.remember(storedTurn('resp_1', { inputItems: [{ id: 'a', text }] }))
      await store.forget('resp_1')
      clock.advance(60_000)
      await new Promise(setImmediate)
      for (const file of readdirSync(folder)) {
        assert.ok(!readFileSync(join(folder, file)).includes('heron'), file)
      }
      await store.close()
    }))

  test('is not made unless the policy says disk', () =>
    inFolder(async (folder) => {
      for (const store of ['memory', 'off'] as const) {
        const opened = openAt(join(folder, 'turns.db'), { ...DISK, store })
        opened.store.remember(storedTurn('resp_1'))
        assert.equal((await opened.store.response('resp_1'))?.id, store === 'off' ? undefined : 'resp_1')
        await opened.store.close()
      }
      assert.deepEqual(readdirSync(folder), [])
    }))
})

describe('storage of responses in trouble', () => {
  /** Everything works as from memory, and the fault is told. */
  async function worksFromMemory({ store, faults }: Trouble): Promise<void> {
    store.remember(storedTurn('resp_1'))
    store.remember(storedTurn('resp_2', { previousId: 'resp_1' }))
    assert.equal((await store.response('resp_2'))?.previousId, 'resp_1')
    assert.equal((await store.item('msg_in_resp_1'))?.item['id'], 'msg_in_resp_1')
    assert.ok(faults.length >= 2)
    assert.equal(await store.response('resp_9'), null)
    assert.equal(await store.forget('resp_1'), true)
    assert.equal(await store.forget('resp_9'), false)
    assert.ok(store.bytes().memory > 0)
  }

  test('works from memory when the file is no database, and leaves it alone', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const garbage = 'this is a diary, not a database. '.repeat(200)
      writeFileSync(path, garbage)
      const trouble = openAt(path)
      await worksFromMemory(trouble)
      await trouble.store.close()
      assert.equal(readFileSync(path, 'utf8'), garbage)
    }))

  test('works from memory without a folder, and on disk as soon as there is one', () =>
    inFolder(async (folder) => {
      const trouble = openAt(join(folder, 'later', 'turns.db'))
      await worksFromMemory(trouble)
      mkdirSync(join(folder, 'later'))
      trouble.store.remember(storedTurn('resp_3', { previousId: 'resp_2' }))
      assert.ok(trouble.store.bytes().disk > 0)
      assert.equal((await trouble.store.response('resp_2'))?.id, 'resp_2')
      await trouble.store.close()
    }))

  test('refuses a file of a later version, and works from memory', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const database = new DatabaseSync(path)
      database.exec('PRAGMA user_version = 99')
      database.close()
      const trouble = openAt(path)
      await worksFromMemory(trouble)
      assert.match(String(trouble.faults[0]), /version 99/)
      await trouble.store.close()
    }))

  test('gives up quickly on a lock, and still reads', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const { store, faults } = openAt(path)
      store.remember(storedTurn('resp_0'))
      const other = new DatabaseSync(path)
      other.exec('BEGIN IMMEDIATE')
      const startedMs = performance.now()
      store.remember(storedTurn('resp_1'))
      assert.ok(performance.now() - startedMs < 1000)
      assert.match(String(faults[0]), /locked/)
      assert.equal((await store.response('resp_0'))?.id, 'resp_0')
      assert.equal((await store.response('resp_1'))?.id, 'resp_1')
      other.exec('ROLLBACK')
      other.close()
      store.remember(storedTurn('resp_2'))
      assert.equal(faults.length, 1)
      await store.close()
    }))

  test('reports a file that is damaged under it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'turns.db')
      const { store, faults } = openAt(path)
      store.remember(storedTurn('resp_1'))
      const other = new DatabaseSync(path)
      other.exec("UPDATE items SET item = '{'; DROP TABLE total")
      other.close()
      assert.equal(await store.response('resp_1'), null)
      assert.equal(await store.item('msg_in_resp_1'), null)
      store.remember(storedTurn('resp_2'))
      assert.equal((await store.response('resp_2'))?.id, 'resp_2')
      assert.equal(store.bytes().disk, 0)
      assert.ok(faults.length >= 4)
      await store.close()
    }))
})
