/** `GET /v1/metrics`: what happened in the last hours, as JSON. */
import type { Clock } from '../clock.ts'
import { RouterError } from '../errors.ts'
import { createPaced } from './paced.ts'
import type { Recorder } from './recorder.ts'
import type { RecordsSettings } from './settings.ts'
import type {
  AttemptTally,
  BackendSummary,
  LatencyFigures,
  Store,
  StoreSummary,
  TrafficSummary,
} from './store.ts'

const DEFAULT_HOURS = 24
const HOUR_MS = 3_600_000

/** The `hours` of a query: default 24, from 1 to as far back as records are kept. */
export function parseHours(raw: string | undefined, settings: Pick<RecordsSettings, 'maxDays'>): number {
  if (raw === undefined) return DEFAULT_HOURS
  const max = settings.maxDays * 24
  const hours = /^\d{1,6}$/.test(raw) ? Number(raw) : 0
  if (hours < 1 || hours > max) {
    throw new RouterError('invalid_value', `hours must be a whole number from 1 to ${max}`, {
      param: 'hours',
    })
  }
  return hours
}

export interface SummariserParts {
  readonly store: Store
  readonly recorder: Pick<Recorder, 'flush' | 'dropped'>
  readonly clock: Clock
}

export type MetricsSummary = ReturnType<typeof render>

/** Rejects when the store does. */
export function createSummariser(parts: SummariserParts): (hours: number) => Promise<MetricsSummary> {
  return createPaced(parts.clock, async (hours: number) => {
    await parts.recorder.flush()
    const to = parts.clock.epochMs()
    const from = to - hours * HOUR_MS
    const summary = await parts.store.summarise(from)
    return render(summary, { hours, from, to, dropped: parts.recorder.dropped() })
  })
}

interface Frame {
  readonly hours: number
  readonly from: number
  readonly to: number
  readonly dropped: number
}

function render(summary: StoreSummary, frame: Frame) {
  return {
    window_hours: frame.hours,
    from: new Date(frame.from).toISOString(),
    to: new Date(frame.to).toISOString(),
    totals: traffic(summary.totals),
    routes: named('route', summary.routes),
    backends: summary.backends.toSorted((a, b) => b.attempts - a.attempts).map(backend),
    by_task: named('task', summary.tasks),
    shadows: summary.shadows,
    /** The newest requests that the percentiles were taken over. */
    percentiles_over: summary.percentilesOver,
    dropped_records: frame.dropped,
  }
}

function named<K extends string>(key: K, summaries: ReadonlyMap<string, TrafficSummary>) {
  return [...summaries]
    .toSorted(([, a], [, b]) => b.requests - a.requests)
    .map(
      ([name, summary]) =>
        ({ [key]: name, ...traffic(summary) }) as Record<K, string> & ReturnType<typeof traffic>,
    )
}

function traffic(summary: TrafficSummary) {
  return {
    requests: summary.requests,
    success: summary.success,
    failure: summary.failure,
    aborted: summary.aborted,
    refused: summary.refused,
    success_rate: successRate(summary),
    fallback_rate: share(summary.fellBack, summary.requests),
    shift_rate: share(summary.shifted, summary.requests),
    local_only: summary.localOnly,
    ...latency(summary),
    input_tokens: summary.inputTokens,
    output_tokens: summary.outputTokens,
    requests_without_usage: summary.withoutUsage,
  }
}

function backend(summary: BackendSummary) {
  return {
    backend: summary.backend,
    ...attempts(summary),
    primary_requests: summary.primaryRequests,
    fallback_rate: share(summary.fellBack, summary.primaryRequests),
    input_tokens: summary.inputTokens,
    output_tokens: summary.outputTokens,
    models: summary.models.map((target) => ({ model: target.model, ...attempts(target) })),
  }
}

function attempts(summary: AttemptTally & LatencyFigures) {
  return {
    attempts: summary.attempts,
    success: summary.success,
    failure: summary.failure,
    aborted: summary.aborted,
    success_rate: successRate(summary),
    ...latency(summary),
  }
}

function latency(figures: LatencyFigures) {
  return {
    p50_ms: tenths(figures.p50Ms),
    p95_ms: tenths(figures.p95Ms),
    first_token_p50_ms: tenths(figures.firstTokenP50Ms),
  }
}

/** A client that left and a request that the policy refused say nothing about a backend. */
function successRate({
  success,
  failure,
}: {
  readonly success: number
  readonly failure: number
}): number | null {
  return share(success, success + failure)
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000
}

function tenths(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10
}
