/** The four tests a candidate must pass, each with its figures and a sentence for people. */
import type { PairFigures, CostBases } from './pair-figures.ts'
import { compareLatency, type LatencyRatio } from './paired-latency.ts'
import { testPairedSuccess } from './paired-success.ts'
import type { VerdictSettings } from './settings.ts'

export interface VerdictTest {
  readonly name: 'success' | 'p50' | 'p95' | 'cost'
  readonly method: string
  /** Success: difference of rates. Latency: ratio. Cost: difference in US dollars a request. Null: not known. */
  readonly estimate: number | null
  /** Of the success test only: the score that {@link passed} compares with the confidence. */
  readonly statistic: number | null
  /** What the estimate is at worst, with the confidence asked for. */
  readonly bound: number | null
  /** What the bound must keep to. */
  readonly limit: number
  readonly passed: boolean
  /** The estimate itself, not just its bound, is beyond the limit: more pairs would hardly help. */
  readonly worse: boolean
  readonly sentence: string
}

export function successTest({ counts, ...figures }: PairFigures, settings: VerdictSettings): VerdictTest {
  const { successMargin, confidence } = settings
  const result = testPairedSuccess(counts, successMargin, confidence)
  return {
    name: 'success',
    method: 'paired score test of non-inferiority (Tango 1998), one-sided',
    estimate: result.difference,
    statistic: result.statistic,
    bound: result.lowerBound,
    limit: -successMargin,
    passed: result.passed,
    worse: result.difference < -successMargin,
    sentence:
      `Success: ${percent(figures.candidateSuccesses / counts.pairs)} of ${counts.pairs} pairs, ` +
      `primary ${percent(figures.primarySuccesses / counts.pairs)}; ${surely(confidence)} the rate is at most ` +
      `${points(-result.lowerBound)} points lower (allowed: ${points(successMargin)}).`,
  }
}

export function latencyTests(figures: PairFigures, settings: VerdictSettings): readonly VerdictTest[] {
  const names = ['p50', 'p95'] as const
  const compared = figures.bothSucceeded.length
  const results =
    compared === 0 ? [] : compareLatency(figures.bothSucceeded, [0.5, 0.95], settings.confidence)
  return names.map((name, index) => latencyTest(name, results[index] ?? null, settings))
}

function latencyTest(
  name: 'p50' | 'p95',
  result: LatencyRatio | null,
  { latencyMargin, confidence }: VerdictSettings,
): VerdictTest {
  const limit = 1 + latencyMargin
  const passed = result !== null && result.upperBound <= limit
  return {
    name,
    method: 'ratio of paired percentiles, percentile bootstrap, one-sided',
    estimate: result?.ratio ?? null,
    statistic: null,
    bound: result?.upperBound ?? null,
    limit,
    passed,
    worse: result !== null && result.ratio > limit,
    sentence:
      result === null
        ? `${name}: no pair in which both succeeded.`
        : `${name}: ${milliseconds(result.candidateMs)}, primary ${milliseconds(result.primaryMs)}; ` +
          `${surely(confidence)} it is at most ${result.upperBound.toFixed(2)} times the primary's ` +
          `(allowed: ${limit.toFixed(2)}).`,
  }
}

export interface CostNames extends CostBases {
  readonly primaryName: string
  readonly candidateName: string
}

export function costTest({ cost }: PairFigures, names: CostNames, settings: VerdictSettings): VerdictTest {
  const { primaryMeanUsd, candidateMeanUsd } = cost
  const known = primaryMeanUsd !== null && candidateMeanUsd !== null && cost.pairs >= settings.minimumPairs
  const estimate =
    primaryMeanUsd !== null && candidateMeanUsd !== null ? candidateMeanUsd - primaryMeanUsd : null
  // The two sums are of the same prices in the same order; a millionth is for their rounding.
  const rises = estimate !== null && estimate > Math.abs(primaryMeanUsd ?? 0) * 1e-6
  return {
    name: 'cost',
    method: 'difference of the mean cost of a request, over pairs whose usage both sides reported',
    estimate,
    statistic: null,
    bound: estimate,
    limit: 0,
    passed: known && !rises,
    worse: isUnpriced(names) || (known && rises),
    sentence: unpriced(names) ?? costSentence(cost, settings),
  }
}

const isUnpriced = ({ primary, candidate }: CostBases): boolean =>
  primary.price === null || candidate.price === null

function unpriced(names: CostNames): string | null {
  const missing = [
    ...(names.primary.price === null ? [names.primaryName] : []),
    ...(names.candidate.price === null ? [names.candidateName] : []),
  ]
  if (missing.length === 0) return null
  return `Cost: unknown, because ${missing.join(' and ')} declares no costPerMillionTokens.`
}

function costSentence(cost: PairFigures['cost'], settings: VerdictSettings): string {
  if (cost.primaryMeanUsd === null || cost.candidateMeanUsd === null || cost.pairs < settings.minimumPairs) {
    return `Cost: both sides reported their usage in ${cost.pairs} pairs; ${settings.minimumPairs} are needed.`
  }
  return `Cost: ${dollars(cost.candidateMeanUsd)} a request, primary ${dollars(cost.primaryMeanUsd)}, over ${cost.pairs} pairs.`
}

const surely = (confidence: number): string => `with ${Number((confidence * 100).toFixed(1))} % confidence`
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const points = (share: number): string => (share * 100).toFixed(1)
const milliseconds = (ms: number): string => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
const dollars = (usd: number): string => `$${usd.toFixed(6)}`
