/** `GET /v1/ab`: for each configured pair, whether the candidate is ready to be promoted, and the figures behind it. */
import { setImmediate as rest } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { AbPolicy } from '../decide/policy.ts'
import { createPaced } from './paced.ts'
import type { Recorder } from './recorder.ts'
import type { TokenPrice, VerdictSettings } from './settings.ts'
import type { Store } from './store.ts'
import { judge, type Judgement, type Side } from './verdict.ts'
import type { VerdictTest } from './verdict-tests.ts'

/** Newest pairs looked at for one candidate: ten milliseconds of reading. */
const MAX_PAIRS = 10_000

/** Hand in the same object until the policy changes: results are remembered by it. */
export interface AbReportPolicy {
  readonly ab: AbPolicy
  readonly verdict: VerdictSettings
  /** Declared `costPerMillionTokens` by backend. */
  readonly prices: Readonly<Partial<Record<string, TokenPrice>>>
}

export interface AbReporterParts {
  readonly store: Store
  readonly recorder: Pick<Recorder, 'flush'>
  readonly clock: Clock
  /** True when all that this backend serves is proven local now. */
  readonly isLocal: (backend: string) => boolean
}

/** A type, not an interface, so that it counts as JSON. */
export type AbReport = {
  readonly enabled: boolean
  readonly sample_rate: number
  readonly window_hours: number
  readonly from: string
  readonly to: string
  readonly settings: {
    readonly minimum_pairs: number
    readonly confidence: number
    readonly success_margin: number
    readonly latency_margin: number
    readonly cost_must_not_rise: boolean
  }
  readonly pairs: readonly PairReport[]
}

export type PairReport = ReturnType<typeof renderPair>

/** Rejects when the store does. */
export function createAbReporter(parts: AbReporterParts): (policy: AbReportPolicy) => Promise<AbReport> {
  return createPaced(parts.clock, async (policy: AbReportPolicy) => {
    await parts.recorder.flush()
    const to = parts.clock.epochMs()
    const from = to - policy.verdict.windowHours * 3_600_000
    const pairs: PairReport[] = []
    for (const [primary, candidate] of Object.entries(policy.ab.candidates)) {
      const found = await parts.store.shadowPairs({
        primary,
        candidate,
        sinceEpochMs: from,
        limit: MAX_PAIRS,
      })
      await rest()
      const sides = { primary: sideOf(primary, policy, parts), candidate: sideOf(candidate, policy, parts) }
      pairs.push(renderPair(primary, candidate, judge(found, sides, policy.verdict)))
      await rest()
    }
    return { ...renderFrame(policy, from, to), pairs }
  })
}

function sideOf(backend: string, { prices }: AbReportPolicy, { isLocal }: AbReporterParts): Side {
  const price = Object.hasOwn(prices, backend) ? (prices[backend] ?? null) : null
  return { backend, price, provenLocal: isLocal(backend) }
}

function renderFrame({ ab, verdict }: AbReportPolicy, from: number, to: number): Omit<AbReport, 'pairs'> {
  return {
    enabled: ab.enabled,
    sample_rate: ab.sampleRate,
    window_hours: verdict.windowHours,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    settings: {
      minimum_pairs: verdict.minimumPairs,
      confidence: verdict.confidence,
      success_margin: verdict.successMargin,
      latency_margin: verdict.latencyMargin,
      cost_must_not_rise: verdict.costMustNotRise,
    },
  }
}

function renderPair(primary: string, candidate: string, { figures, ...judgement }: Judgement) {
  const { counts, cost } = figures
  const rate = (successes: number): number | null =>
    counts.pairs === 0 ? null : rounded(successes / counts.pairs)
  const latency = figures.latency
  return {
    primary: {
      backend: primary,
      models: figures.primaryModels,
      success_rate: rate(figures.primarySuccesses),
      p50_ms: latency.primary.p50Ms,
      p95_ms: latency.primary.p95Ms,
      mean_cost_usd: cost.primaryMeanUsd,
    },
    candidate: {
      backend: candidate,
      models: figures.candidateModels,
      success_rate: rate(figures.candidateSuccesses),
      p50_ms: latency.candidate.p50Ms,
      p95_ms: latency.candidate.p95Ms,
      mean_cost_usd: cost.candidateMeanUsd,
    },
    verdict: judgement.verdict,
    reasons: judgement.reasons,
    notes: judgement.notes,
    pairs: counts.pairs,
    /** Pairs in which both succeeded; their times are compared. */
    pairs_compared: figures.bothSucceeded.length,
    /** Pairs in which both reported their usage; their costs are compared. */
    pairs_with_cost: cost.pairs,
    streamed_share: rate(figures.streamed),
    tests: judgement.tests.map(renderTest),
  }
}

function renderTest(test: VerdictTest) {
  return {
    name: test.name,
    method: test.method,
    outcome: test.passed ? 'passed' : 'not passed',
    estimate: rounded(test.estimate),
    statistic: rounded(test.statistic),
    bound: rounded(test.bound),
    limit: rounded(test.limit),
  }
}

/** Six places: a request may cost a few millionths of a dollar. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6))
}
