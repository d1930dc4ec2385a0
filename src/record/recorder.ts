/**
 * Takes records off the way of a request: into a bounded queue, and from there to the store in one transaction a tick.
 * Nothing here can slow or fail a request; what cannot be kept is counted and dropped.
 */
import type { Clock, Timer } from '../clock.ts'
import { createFaultReport, type RecordLog } from './fault-report.ts'
import type { RecordObserver } from './observer.ts'
import type { RequestRecord, ShadowRecord } from './request-record.ts'
import { startRetention } from './retention.ts'
import type { RecordsSettings } from './settings.ts'
import type { Store } from './store.ts'

/** Queue bound: some ten megabytes, and ten seconds of a thousand requests a second with a store that is away. */
export const QUEUE_RECORDS = 10_000
/** A batch of a hundred holds the event loop for a fifth of a millisecond (performance.md). */
const BATCH_RECORDS = 128

export type { RecordLog } from './fault-report.ts'

export interface RecorderParts {
  readonly store: Store
  readonly clock: Clock
  readonly settings: Pick<RecordsSettings, 'flushIntervalMs'>
  readonly log: RecordLog
  readonly observers: readonly RecordObserver[]
  readonly onDropped: (records: number) => void
}

export interface Recorder {
  record(record: RequestRecord): void
  recordShadow(record: ShadowRecord): void
  /** Resolves when all that was recorded before is stored, or could not be. Never rejects. */
  flush(): Promise<void>
  /** Stores what is left and closes the store. Never rejects. */
  close(): Promise<void>
  /** Records lost since the start. */
  readonly dropped: () => number
}

export function createRecorder(parts: RecorderParts): Recorder {
  const { store, clock, settings } = parts
  const report = createFaultReport(parts.log)
  let requests: RequestRecord[] = []
  let shadows: ShadowRecord[] = []
  let dropped = 0
  let closed = false
  let flushTimer: Timer | null = null
  const retention = startRetention({ store, clock, onFault: report.failed })
  let writing: Promise<boolean> | null = null

  const queued = (): number => requests.length + shadows.length

  function drop(records: number): void {
    if (records === 0) return
    dropped += records
    parts.onDropped(records)
  }

  function enqueue<T>(queue: T[], record: T, observe: (observer: RecordObserver) => void): void {
    try {
      for (const observer of parts.observers) observe(observer)
    } catch (error) {
      report.failed(error)
    }
    if (closed || queued() >= QUEUE_RECORDS) return drop(1)
    queue.push(record)
    if (queued() === BATCH_RECORDS && !report.isFailing()) arm(0)
    else if (flushTimer === null) arm(settings.flushIntervalMs)
  }

  function arm(ms: number): void {
    flushTimer?.cancel()
    flushTimer = clock.setTimer(ms, () => void onTick(), { background: true })
  }

  async function onTick(): Promise<void> {
    flushTimer = null
    const stored = await writeBatch()
    // A store that failed is left alone until the next tick.
    if (queued() > 0 && flushTimer === null && !closed) arm(stored ? 0 : settings.flushIntervalMs)
  }

  /** One batch at a time; a second caller gets the batch that is being written. */
  function writeBatch(): Promise<boolean> {
    writing ??= storeBatch().finally(() => (writing = null))
    return writing
  }

  async function storeBatch(): Promise<boolean> {
    const batch = { requests: requests.slice(0, BATCH_RECORDS), shadows: shadows.slice(0, BATCH_RECORDS) }
    if (batch.requests.length + batch.shadows.length === 0) return true
    try {
      await store.append(batch)
    } catch (error) {
      report.failed(error)
      return false
    }
    requests = requests.slice(batch.requests.length)
    shadows = shadows.slice(batch.shadows.length)
    report.succeeded()
    return true
  }

  async function flush(): Promise<void> {
    if (writing !== null) await writing
    // Records that arrive meanwhile are for the next flush: a busy router must not hold this one for ever.
    for (let left = queued(); left > 0; left -= BATCH_RECORDS) {
      if (!(await writeBatch())) return
    }
  }

  return {
    record: (record) => enqueue(requests, record, (observer) => observer.observeRequest(record)),
    recordShadow: (record) => enqueue(shadows, record, (observer) => observer.observeShadow(record)),
    flush,
    async close() {
      if (closed) return
      closed = true
      flushTimer?.cancel()
      retention.stop()
      await flush()
      drop(queued())
      await store.close().catch(report.failed)
    },
    dropped: () => dropped,
  }
}
