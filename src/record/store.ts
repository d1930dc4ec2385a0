/**
 * What records are kept in. One contract, one test suite (`test/support/store-contract.ts`), so that another engine
 * can take SQLite's place. Asynchronous even where the engine is not: none of it is on the way of a request.
 */
import type { RequestRecord, ShadowRecord } from './request-record.ts'

export interface RecordBatch {
  readonly requests: readonly RequestRecord[]
  readonly shadows: readonly ShadowRecord[]
}

export interface Tally {
  readonly requests: number
  readonly success: number
  readonly failure: number
  readonly aborted: number
  readonly refused: number
  readonly fellBack: number
  readonly shifted: number
  readonly localOnly: number
  /** Sums of what backends reported. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Successes whose backend reported no usage: their tokens are unknown, not zero. */
  readonly withoutUsage: number
}

/** Of successes only; null when there are none. Exact (nearest rank) over the newest rows of the window. */
export interface LatencyFigures {
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly firstTokenP50Ms: number | null
}

export type TrafficSummary = Tally & LatencyFigures

export interface AttemptTally {
  readonly attempts: number
  readonly success: number
  readonly failure: number
  readonly aborted: number
}

export type TargetSummary = AttemptTally & LatencyFigures & { readonly model: string }

export type BackendSummary = AttemptTally &
  LatencyFigures & {
    readonly backend: string
    readonly models: readonly TargetSummary[]
    /** Requests whose decision put this backend first, and those of them that another answered. */
    readonly primaryRequests: number
    readonly fellBack: number
    readonly inputTokens: number
    readonly outputTokens: number
  }

export interface StoreSummary {
  readonly totals: TrafficSummary
  readonly routes: ReadonlyMap<string, TrafficSummary>
  readonly tasks: ReadonlyMap<string, TrafficSummary>
  readonly backends: readonly BackendSummary[]
  readonly shadows: { readonly count: number; readonly failures: number }
  /** How many of the newest requests the percentiles were taken over. */
  readonly percentilesOver: number
}

export interface LatencySample {
  readonly backend: string
  readonly model: string
  readonly stream: boolean
  readonly totalMs: number
  readonly firstTokenMs: number | null
  readonly endedAtEpochMs: number
}

/** Everything about a mirrored pair that a verdict needs. */
export interface ShadowPair {
  readonly stream: boolean
  readonly primaryModel: string
  readonly primarySucceeded: boolean
  readonly primaryTotalMs: number
  readonly primaryInputTokens: number | null
  readonly primaryOutputTokens: number | null
  readonly candidateModel: string
  readonly candidateSucceeded: boolean
  readonly candidateTotalMs: number
  readonly candidateInputTokens: number | null
  readonly candidateOutputTokens: number | null
}

export interface ShadowPairQuery {
  readonly primary: string
  readonly candidate: string
  readonly sinceEpochMs: number
  /** Newest first, at most so many. */
  readonly limit: number
}

export interface Store {
  /** Resolves when records can be kept; rejects with the reason why not. */
  check(): Promise<void>
  /** All of it or nothing. */
  append(batch: RecordBatch): Promise<void>
  summarise(sinceEpochMs: number): Promise<StoreSummary>
  /** Successful attempts of requests received since then, oldest first. */
  recentLatencies(sinceEpochMs: number): Promise<readonly LatencySample[]>
  shadowPairs(query: ShadowPairQuery): Promise<readonly ShadowPair[]>
  /** Deletes a bounded number of rows beyond the retention. True when there may be more to delete. */
  prune(nowEpochMs: number): Promise<boolean>
  close(): Promise<void>
}
