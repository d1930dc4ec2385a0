/** Counters and histograms in Prometheus form. Label values come from the policy only: a client cannot add any. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Guards } from '../dispatch/guards.ts'
import { addGuardGauges } from './guard-gauges.ts'
import { createInstruments, type Instruments } from './instruments.ts'
import type { RecordObserver } from './observer.ts'
import type { RequestRecord, ShadowRecord } from './request-record.ts'

export interface MetricNames {
  readonly routes: Iterable<string>
  readonly backends: Iterable<string>
}

export interface MetricsOptions extends MetricNames {
  readonly version: string
  /** The process's own: memory, event loop, garbage collection. */
  readonly processMetrics?: boolean
  readonly guards?: Guards
}

export interface Metrics extends RecordObserver {
  readonly contentType: string
  /** The exposition text of `GET /metrics`. */
  text(): Promise<string>
  requestStarted(): void
  requestEnded(): void
  /** Turned away before it was understood (bad JSON, too large): there is nothing to record of it but this. */
  requestRefused(): void
  shadowSkipped(backend: string): void
  recordsDropped(records: number): void
  /** After a reload: whether it took, and the names of the policy that now serves. */
  policyReloaded(success: boolean, names?: MetricNames): void
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const instruments = createInstruments(registry)
  let routes = new Set(options.routes)
  let backends = new Set(options.backends)
  const route = (name: string): string => (routes.has(name) ? name : 'other')
  const backend = (name: string | null): string =>
    name === null ? 'none' : backends.has(name) ? name : 'other'

  instruments.buildInfo(options.version, process.version).set(1)
  instruments.policyReload.set(1)
  if (options.guards !== undefined) addGuardGauges(registry, options.guards)
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry })

  return {
    contentType: registry.contentType,
    text() {
      instruments.settle()
      return registry.metrics()
    },
    requestStarted: () => instruments.inflight.inc(),
    requestEnded: () => instruments.inflight.dec(),
    requestRefused: () => instruments.requests('none', 'none', 'refused').inc(),
    observeRequest(record) {
      countRequest(instruments, record, { route: route(record.route), backend: backend(record.backend) })
      for (const attempt of record.attempts)
        instruments.attempts(backend(attempt.backend), attempt.result).inc()
    },
    observeShadow(record: ShadowRecord) {
      instruments.shadows(backend(record.candidateBackend), record.candidateResult).inc()
    },
    shadowSkipped: (name) => instruments.shadowsSkipped(backend(name)).inc(),
    recordsDropped: (records) => instruments.recordsDropped.inc(records),
    policyReloaded(success, names) {
      instruments.policyReload.set(success ? 1 : 0)
      if (names === undefined) return
      routes = new Set(names.routes)
      backends = new Set(names.backends)
    },
  }
}

function countRequest(
  instruments: Instruments,
  record: RequestRecord,
  labels: { readonly route: string; readonly backend: string },
): void {
  const { route, backend } = labels
  instruments.requests(route, backend, record.result).inc()
  if (isAmount(record.totalMs)) instruments.duration(route, backend).observe(record.totalMs / 1000)
  if (record.stream && isAmount(record.firstTokenMs)) {
    instruments.firstToken(backend).observe(record.firstTokenMs / 1000)
  }
  if (record.fellBack) instruments.fallbacks(route).inc()
  if (record.shiftedFrom !== null) instruments.shifts(route).inc()
  if (record.label === 'local-only') instruments.heldLocal.inc()
  if (isAmount(record.inputTokens)) instruments.tokens(backend, 'input').inc(record.inputTokens)
  if (isAmount(record.outputTokens)) instruments.tokens(backend, 'output').inc(record.outputTokens)
}

/** prom-client throws on anything else; a record with a hole must not cost the counters after it. */
function isAmount(value: number | null): value is number {
  return value !== null && value >= 0 && value < Number.POSITIVE_INFINITY
}
