/**
 * Sums up a window of records, newest rows first, a slice at a time with a rest for the event loop in between: a
 * million rows take three seconds of work, and no request should wait for more than a slice of it. (The sorting at the
 * end is the longest: some twenty milliseconds.)
 */
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as rest } from 'node:timers/promises'
import { createSliceReader, type SliceReader, type TimeSlice } from './sqlite-slice.ts'
import type { BackendSummary, StoreSummary, TrafficSummary } from './store.ts'
import { AttemptCollector, entryOf, TrafficCollector } from './tally.ts'

/** Percentiles are exact over the newest requests up to about so many (whole slices). */
const PERCENTILE_ROWS = 50_000

export function createSummariser(database: DatabaseSync): (sinceEpochMs: number) => Promise<StoreSummary> {
  const reader = createSliceReader(database)
  return async (sinceEpochMs) => {
    const since = Math.ceil(sinceEpochMs)
    const collector = new WindowCollector()
    for (let slice = reader.newest(since); slice !== null; slice = reader.before(slice, since)) {
      collector.add(reader, slice)
      await rest()
    }
    return collector.summary(reader.shadows(since))
  }
}

interface BackendCollector {
  readonly all: AttemptCollector
  readonly models: Map<string, AttemptCollector>
  primaryRequests: number
  fellBack: number
  inputTokens: number
  outputTokens: number
}

const newBackend = (): BackendCollector => ({
  all: new AttemptCollector(),
  models: new Map(),
  primaryRequests: 0,
  fellBack: 0,
  inputTokens: 0,
  outputTokens: 0,
})

class WindowCollector {
  readonly #totals = new TrafficCollector()
  readonly #routes = new Map<string, TrafficCollector>()
  readonly #tasks = new Map<string, TrafficCollector>()
  readonly #backends = new Map<string, BackendCollector>()
  #percentilesOver = 0

  add(reader: SliceReader, slice: TimeSlice): void {
    const requests = this.#addTallies(reader, slice)
    if (this.#percentilesOver >= PERCENTILE_ROWS) return
    this.#percentilesOver += requests
    this.#addLatencies(reader, slice)
  }

  summary(shadows: StoreSummary['shadows']): StoreSummary {
    return {
      totals: this.#totals.summary(),
      routes: summaries(this.#routes),
      tasks: summaries(this.#tasks),
      backends: [...this.#backends].map(([backend, collector]) => backendSummary(backend, collector)),
      shadows,
      percentilesOver: this.#percentilesOver,
    }
  }

  #addTallies(reader: SliceReader, slice: TimeSlice): number {
    let requests = 0
    for (const group of reader.tallies(slice)) {
      requests += group.requests
      this.#totals.add(group)
      entryOf(this.#routes, group.route, newTraffic).add(group)
      entryOf(this.#tasks, group.task, newTraffic).add(group)
      if (group.primaryBackend !== null) {
        const primary = entryOf(this.#backends, group.primaryBackend, newBackend)
        primary.primaryRequests += group.requests
        primary.fellBack += group.fellBack
      }
      if (group.backend !== null) {
        const answering = entryOf(this.#backends, group.backend, newBackend)
        answering.inputTokens += group.inputTokens
        answering.outputTokens += group.outputTokens
      }
    }
    for (const group of reader.attemptTallies(slice)) {
      const backend = entryOf(this.#backends, group.backend, newBackend)
      backend.all.add(group)
      entryOf(backend.models, group.model, newAttempts).add(group)
    }
    return requests
  }

  #addLatencies(reader: SliceReader, slice: TimeSlice): void {
    for (const row of reader.latencies(slice)) {
      this.#totals.latency.add(row.totalMs, row.firstTokenMs)
      entryOf(this.#routes, row.route, newTraffic).latency.add(row.totalMs, row.firstTokenMs)
      entryOf(this.#tasks, row.task, newTraffic).latency.add(row.totalMs, row.firstTokenMs)
    }
    for (const row of reader.attemptLatencies(slice)) {
      const backend = entryOf(this.#backends, row.backend, newBackend)
      backend.all.latency.add(row.totalMs, row.firstTokenMs)
      entryOf(backend.models, row.model, newAttempts).latency.add(row.totalMs, row.firstTokenMs)
    }
  }
}

const newTraffic = (): TrafficCollector => new TrafficCollector()
const newAttempts = (): AttemptCollector => new AttemptCollector()

function summaries(collectors: ReadonlyMap<string, TrafficCollector>): Map<string, TrafficSummary> {
  return new Map([...collectors].map(([name, collector]) => [name, collector.summary()]))
}

function backendSummary(backend: string, collector: BackendCollector): BackendSummary {
  const { all, models, ...sums } = collector
  return {
    backend,
    ...all.summary(),
    ...sums,
    models: [...models].map(([model, attempts]) => ({ model, ...attempts.summary() })),
  }
}
