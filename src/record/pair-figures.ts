/** The figures of a set of mirrored pairs, before any is judged. */
import { type CostBasis, costUsd } from './cost.ts'
import type { LatencyPair } from './paired-latency.ts'
import type { PairedCounts } from './paired-success.ts'
import { percentile } from './percentile.ts'
import type { ShadowPair } from './store.ts'

export interface CostFigures {
  /** Pairs in which both sides' cost is known; the means are over these. */
  readonly pairs: number
  readonly primaryMeanUsd: number | null
  readonly candidateMeanUsd: number | null
}

export interface SideLatency {
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

export interface PairFigures {
  readonly counts: PairedCounts
  readonly primarySuccesses: number
  readonly candidateSuccesses: number
  /** Pairs in which both sides succeeded, newest first: only their times compare. */
  readonly bothSucceeded: readonly LatencyPair[]
  readonly latency: { readonly primary: SideLatency; readonly candidate: SideLatency }
  readonly streamed: number
  readonly cost: CostFigures
  readonly primaryModels: readonly string[]
  readonly candidateModels: readonly string[]
}

export interface CostBases {
  readonly primary: CostBasis
  readonly candidate: CostBasis
}

export function figuresOf(pairs: readonly ShadowPair[], bases: CostBases): PairFigures {
  const count = (test: (pair: ShadowPair) => boolean): number => pairs.filter(test).length
  const both = pairs.filter((pair) => pair.primarySucceeded && pair.candidateSucceeded)
  return {
    counts: {
      pairs: pairs.length,
      onlyPrimary: count((pair) => pair.primarySucceeded && !pair.candidateSucceeded),
      onlyCandidate: count((pair) => pair.candidateSucceeded && !pair.primarySucceeded),
    },
    primarySuccesses: count((pair) => pair.primarySucceeded),
    candidateSuccesses: count((pair) => pair.candidateSucceeded),
    bothSucceeded: both.map((pair) => ({
      primaryMs: pair.primaryTotalMs,
      candidateMs: pair.candidateTotalMs,
    })),
    latency: {
      primary: sideLatency(both.map((pair) => pair.primaryTotalMs)),
      candidate: sideLatency(both.map((pair) => pair.candidateTotalMs)),
    },
    streamed: count((pair) => pair.stream),
    cost: costFigures(both, bases),
    primaryModels: distinct(pairs.map((pair) => pair.primaryModel)),
    candidateModels: distinct(pairs.map((pair) => pair.candidateModel)),
  }
}

function sideLatency(totals: readonly number[]): SideLatency {
  const sorted = Float64Array.from(totals).sort()
  return { p50Ms: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95) }
}

/** Over pairs that both succeeded: a failed call reports no tokens. */
function costFigures(pairs: readonly ShadowPair[], bases: CostBases): CostFigures {
  let known = 0
  let primaryUsd = 0
  let candidateUsd = 0
  for (const pair of pairs) {
    const primary = costUsd(bases.primary, pair.primaryInputTokens, pair.primaryOutputTokens)
    const candidate = costUsd(bases.candidate, pair.candidateInputTokens, pair.candidateOutputTokens)
    if (primary === null || candidate === null) continue
    known += 1
    primaryUsd += primary
    candidateUsd += candidate
  }
  return {
    pairs: known,
    primaryMeanUsd: known === 0 ? null : primaryUsd / known,
    candidateMeanUsd: known === 0 ? null : candidateUsd / known,
  }
}

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)].sort()
