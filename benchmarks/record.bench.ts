/** What remembering a request costs, the write behind the reply included; and what the reports cost. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/clock.ts'
import { createLatencyBook } from '../src/record/latency.ts'
import { createMetrics } from '../src/record/prometheus.ts'
import { createRecorder, type Recorder } from '../src/record/recorder.ts'
import type { RequestRecord } from '../src/record/request-record.ts'
import { DEFAULT_RECORDS } from '../src/record/settings.ts'
import { openSqliteStore } from '../src/record/sqlite-store.ts'
import type { Store } from '../src/record/store.ts'
import { createSummariser } from '../src/record/summary.ts'
import { requestRecord } from '../test/support/records.ts'

const ROUNDS = 200
const BURST = 500
const WARM_UP_ROUNDS = 20

interface Cost {
  readonly recordUs: readonly number[]
  readonly flushUs: readonly number[]
}

export async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-bench-'))
  const store = openSqliteStore(join(folder, 'metrics.db'), DEFAULT_RECORDS)
  const metrics = createMetrics({ routes: ['default'], backends: ['local'], version: '0' })
  const latency = createLatencyBook(systemClock)
  const log = { info: () => {}, warn: () => {} }
  const onDropped = (records: number): void => metrics.recordsDropped(records)
  const recorder = createRecorder({
    store,
    clock: systemClock,
    settings: DEFAULT_RECORDS,
    log,
    observers: [metrics, latency],
    onDropped,
  })
  try {
    const cost = await measureRecords(recorder)
    return render(cost, await measureSummary(store, recorder), recorder.dropped())
  } finally {
    await recorder.close()
    rmSync(folder, { recursive: true })
  }
}

function burst(): readonly RequestRecord[] {
  const now = Date.now()
  return Array.from({ length: BURST }, (_, nth) =>
    requestRecord({ requestId: `req_${nth}`, receivedAtEpochMs: now, totalMs: 200 + nth }),
  )
}

async function measureRecords(recorder: Recorder): Promise<Cost> {
  const recordUs: number[] = []
  const flushUs: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const records = burst()
    const startedMs = performance.now()
    for (const record of records) recorder.record(record)
    const recordedMs = performance.now()
    await recorder.flush()
    if (round < 0) continue
    recordUs.push(((recordedMs - startedMs) * 1000) / BURST)
    flushUs.push(((performance.now() - recordedMs) * 1000) / BURST)
  }
  return { recordUs, flushUs }
}

/** Time of the whole summary, and the longest that anything else had to wait for it. */
async function measureSummary(
  store: Store,
  recorder: Recorder,
): Promise<{ totalMs: number; stallMs: number }> {
  const summarise = createSummariser({ store, recorder, clock: systemClock })
  let stallMs = 0
  let lastMs = performance.now()
  const ticker = setInterval(() => {
    stallMs = Math.max(stallMs, performance.now() - lastMs)
    lastMs = performance.now()
  }, 1)
  const startedMs = performance.now()
  await summarise(24)
  const totalMs = performance.now() - startedMs
  clearInterval(ticker)
  return { totalMs, stallMs }
}

function render(cost: Cost, summary: { totalMs: number; stallMs: number }, dropped: number): string {
  const rows = ROUNDS + WARM_UP_ROUNDS
  const row = (name: string, values: readonly number[]): string => {
    const sorted = values.toSorted((a, b) => a - b)
    const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(2)
    return `| ${name} | ${at(0.5)} | ${at(0.95)} | ${at(1)} |`
  }
  const both = cost.recordUs.map((us, index) => us + (cost.flushUs[index] ?? 0))
  return [
    '## Records',
    '',
    `A request with one attempt: counters, latency book and queue on the way of the request; the write to SQLite behind it. ${ROUNDS} bursts of ${BURST}; ${dropped} dropped.`,
    '',
    '| µs a request | p50 of bursts | p95 | worst burst |',
    '|---|---|---|---|',
    row('`record()`', cost.recordUs),
    row('written, behind the reply', cost.flushUs),
    row('both', both),
    '',
    `\`GET /v1/metrics\` over these ${(rows * BURST).toLocaleString('en')} requests: ${summary.totalMs.toFixed(0)} ms in slices; nothing waited for it longer than ${summary.stallMs.toFixed(0)} ms.`,
    '',
  ].join('\n')
}

if (import.meta.main) process.stdout.write(await run())
