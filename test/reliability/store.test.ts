/** The records' file in every trouble: answers do not wait for it, and what is lost is counted. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/clock.ts'
import { createMetrics, type Metrics } from '../../src/record/prometheus.ts'
import { createRecorder, QUEUE_RECORDS, type Recorder } from '../../src/record/recorder.ts'
import { DEFAULT_RECORDS } from '../../src/record/settings.ts'
import { openSqliteStore } from '../../src/record/sqlite-store.ts'
import { eventually } from '../support/eventually.ts'
import { inspect, killLoop } from '../support/kill-loop.ts'
import { requestRecord } from '../support/records.ts'
import { startRouterProcess, type RouterProcess } from '../support/router-process.ts'
import { createStage } from '../support/stage.ts'
import { ask } from '../support/start-router.ts'

const POLICY = `
backends: { demo: { type: demo } }
routes: [{ default: demo }]
records: { flushIntervalMs: 20 }
`
const ASKED = 60

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'llr-store-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Asks one after the other, all with success; the median in milliseconds. */
async function medianMs(url: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ASKED; i++) {
    const startedMs = performance.now()
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask('Hello', { stream: i % 2 === 0 })),
    })
    await response.text()
    assert.equal(response.status, 200)
    times.push(performance.now() - startedMs)
  }
  return times.toSorted((a, b) => a - b)[ASKED >> 1] ?? 0
}

interface Figures {
  readonly stored: number
  readonly dropped: number
}

async function figures(url: string): Promise<Figures> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const summary = (await (await fetch(`${url}/v1/metrics`)).json()) as {
    readonly totals: { readonly requests: number }
  }
  return {
    stored: summary.totals.requests,
    dropped: Number(/^llr_records_dropped_total (\d+)$/m.exec(text)?.[1]),
  }
}

async function startProcess(
  t: TestContext,
  setup: Parameters<typeof startRouterProcess>[0],
): Promise<RouterProcess> {
  const router = await startRouterProcess(setup)
  t.after(async () => {
    router.kill('SIGKILL')
    await router.exit
  })
  return router
}

test('A 46: locked for as long as it takes: answers as fast as before, and nothing is lost', async (t) => {
  const db = join(folderOf(t), 'metrics.db')
  const router = await createStage(t).router(POLICY, { dbPath: db })
  await medianMs(router.url)
  const free = await medianMs(router.url)
  const other = new DatabaseSync(db)
  other.exec('BEGIN EXCLUSIVE')
  const locked = await medianMs(router.url)
  assert.ok(locked < free + 30, `median ${locked} ms, without the lock ${free} ms`)
  await eventually('it is told', () => router.logs.some((line) => line.includes('cannot be stored')))
  assert.equal(router.logs.filter((line) => line.includes('cannot be stored')).length, 1, 'once')
  other.exec('ROLLBACK')
  other.close()
  await eventually('all are stored', async () => (await figures(router.url)).stored === 3 * ASKED)
  assert.equal((await figures(router.url)).dropped, 0)
  assert.ok(router.logs.some((line) => line.includes('are stored again')))
  assert.deepEqual(router.defects, [])
})

test('A 46: no room left: serving goes on, and what was stored before is whole', async (t) => {
  const folder = folderOf(t)
  // Files of this process may hold 128 KiB: every write beyond it fails as on a full disk.
  const router = await startProcess(t, { folder, policy: POLICY, limits: '-f 256' })
  let asked = 0
  while (!router.output().includes('cannot be stored')) {
    await medianMs(router.url)
    asked += ASKED
    assert.ok(asked < 6_000, 'it fills')
  }
  const median = await medianMs(router.url)
  assert.ok(median < 50, `${median} ms`)
  const answer = await fetch(`${router.url}/metrics`)
  assert.equal(answer.status, 200)
  router.kill('SIGTERM')
  assert.equal(await router.exit, 0)
  const { quickCheck, stored, torn } = inspect(join(folder, 'metrics.db'))
  assert.deepEqual({ quickCheck, torn }, { quickCheck: 'ok', torn: 0 })
  assert.ok(stored > 0 && stored < asked + ASKED, `${stored} of ${asked + ASKED}`)
})

const NOBODY = 65_534

test('A 46: read-only: it serves, says so, and writes as soon as it may', async (t) => {
  const folder = folderOf(t)
  const volume = mkdtempSync(join(folder, 'volume-'))
  const db = join(volume, 'metrics.db')
  writeFileSync(db, '')
  chmodSync(folder, 0o755)
  chmodSync(db, 0o444)
  chmodSync(volume, 0o555)
  // Root may write anything.
  const isRoot = process.getuid?.() === 0
  const router = await startProcess(t, { folder, policy: POLICY, db, ...(isRoot ? { uid: NOBODY } : {}) })
  await router.until('cannot be stored')
  const median = await medianMs(router.url)
  assert.ok(median < 50, `${median} ms`)
  assert.equal(statSync(db).size, 0)
  chmodSync(volume, 0o777)
  rmSync(db)
  await eventually('all are stored', async () => (await figures(router.url)).stored === ASKED)
  assert.equal((await figures(router.url)).dropped, 0)
})

test('A 46: no database at all: it serves, the file is left alone, and what is lost is counted', async (t) => {
  const db = join(folderOf(t), 'metrics.db')
  const diary = 'this is a diary, not a database. '.repeat(300)
  writeFileSync(db, diary)
  const router = await createStage(t).router(POLICY, { dbPath: db })
  const median = await medianMs(router.url)
  assert.ok(median < 50, `${median} ms`)
  assert.equal((await fetch(`${router.url}/metrics`)).status, 200)
  assert.equal(statSync(db).size, diary.length)
  assert.deepEqual(router.defects, [])
})

test('A 46: broken while it runs: it goes on serving', async (t) => {
  const db = join(folderOf(t), 'metrics.db')
  const router = await createStage(t).router(POLICY, { dbPath: db })
  await medianMs(router.url)
  await figures(router.url)
  for (const path of [`${db}-wal`, db]) {
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(fstatSync(file).size, 0xa5), 0)
    closeSync(file)
  }
  const median = await medianMs(router.url)
  assert.ok(median < 50, `${median} ms`)
  assert.equal((await fetch(`${router.url}/metrics`)).status, 200)
  assert.deepEqual(router.defects, [])
})

interface Written {
  readonly recorder: Recorder
  readonly metrics: Metrics
  readonly db: string
}

function startRecorder(t: TestContext): Written {
  const db = join(folderOf(t), 'metrics.db')
  const metrics = createMetrics({ version: '0', routes: [], backends: [] })
  const recorder = createRecorder({
    store: openSqliteStore(db, DEFAULT_RECORDS),
    clock: systemClock,
    settings: { flushIntervalMs: 20 },
    log: { info: () => undefined, warn: () => undefined },
    observers: [metrics],
    onDropped: (count) => metrics.recordsDropped(count),
  })
  t.after(() => recorder.close())
  return { recorder, metrics, db }
}

test('A 46: what waits for a locked file is bounded; beyond it every record is counted', async (t) => {
  const { recorder, metrics, db } = startRecorder(t)
  recorder.record(requestRecord())
  await recorder.flush()
  const other = new DatabaseSync(db)
  other.exec('BEGIN IMMEDIATE')
  for (let i = 0; i < QUEUE_RECORDS + 321; i++) recorder.record(requestRecord())
  await recorder.flush()
  assert.equal(recorder.dropped(), 321)
  assert.match(await metrics.text(), /^llr_records_dropped_total 321$/m)
  other.exec('ROLLBACK')
  other.close()
  await recorder.flush()
  await recorder.close()
  assert.equal(inspect(db).stored, 1 + QUEUE_RECORDS)
})

test('A 46: whatever the file does and when, every record is stored or counted', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 300 }) }),
    fc.record({ kind: fc.constantFrom('lock' as const, 'free' as const, 'flush' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { recorder, db } = startRecorder(t)
      await recorder.flush()
      recorder.record(requestRecord())
      await recorder.flush()
      const other = new DatabaseSync(db)
      let written = 1
      for (const one of steps) {
        if (one.kind === 'write') {
          for (let i = 0; i < one.count; i++) recorder.record(requestRecord())
          written += one.count
        } else if (one.kind === 'flush') await recorder.flush()
        else if (one.kind === 'lock' && !other.isTransaction) other.exec('BEGIN IMMEDIATE')
        else if (one.kind === 'free' && other.isTransaction) other.exec('ROLLBACK')
      }
      const closing = recorder.close()
      await closing
      other.close()
      const { stored, quickCheck, torn } = inspect(db)
      assert.deepEqual({ quickCheck, torn }, { quickCheck: 'ok', torn: 0 })
      assert.equal(stored + recorder.dropped(), written)
    }),
    { numRuns: 25 },
  )
})

/** Most of it is ten starts of a process. */
const KILLS = { timeout: 120_000 }

test('A 47: SIGKILL while it writes, ten times: nothing that was told as stored is lost', KILLS, async () => {
  const reports = await killLoop(10, Math.random)
  let before = 0
  for (const { acknowledged, stored, quickCheck, torn } of reports) {
    assert.deepEqual({ quickCheck, torn }, { quickCheck: 'ok', torn: 0 })
    assert.ok(acknowledged > before, 'each round had something to lose, and began with what was there')
    assert.ok(stored >= acknowledged, `${stored} stored, ${acknowledged} told as stored`)
    before = stored
  }
})

/** What `journal_size_limit` leaves of it once it could be checkpointed. */
const WAL_LIMIT = 16 * 2 ** 20

test('A 48: a long reader holds the log only for as long as it reads', async (t) => {
  const { recorder, db } = startRecorder(t)
  const write = async (records: number): Promise<void> => {
    for (let left = records; left > 0; left -= 1_000) {
      for (let i = 0; i < Math.min(left, 1_000); i++) recorder.record(requestRecord())
      await recorder.flush()
    }
  }
  const walBytes = (): number => statSync(`${db}-wal`).size
  await write(10_000)
  const usual = walBytes()
  const reader = new DatabaseSync(db, { readOnly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM requests').get()
  await write(60_000)
  const held = walBytes()
  assert.ok(held > WAL_LIMIT, `the reader holds it: ${held} bytes`)
  reader.exec('ROLLBACK')
  await write(2_000)
  assert.ok(walBytes() <= WAL_LIMIT, `${walBytes()} bytes after the reader has gone, ${usual} before it came`)
  reader.close()
  assert.equal(recorder.dropped(), 0)
  await recorder.close()
  assert.deepEqual(inspect(db), { quickCheck: 'ok', stored: 72_000, torn: 0 })
})
