/**
 * How much slower is the candidate at most? The ratio of its percentile to the primary's, with a one-sided upper
 * bound by the percentile bootstrap (B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter
 * 13), drawing whole pairs, so that what both sides of a pair share (a long prompt, a long answer) cancels out.
 *
 * Of the bootstraps tried this one keeps its promise for p95 as well: of 400 to 1000 simulated candidates exactly at
 * the margin it let 1 to 5 % through, from 50 pairs on and whatever the correlation; the "basic" one 5 to 14 %.
 *
 * A resample needs no sorting: each value's rank is known, so counting how often each rank was drawn and walking up
 * to the percentile is enough (20 µs for 2000 pairs, an eighth of sorting them).
 */
import { nearestRank } from './percentile.ts'
import { createDraw, type Draw } from './random.ts'

const RESAMPLES = 1000
/** Pairs beyond these, oldest first, are left out: twenty milliseconds of work. */
export const LATENCY_PAIRS = 2000
/** A clock tick; keeps a ratio of two instant answers a number. */
const FLOOR_MS = 0.01

export interface LatencyPair {
  readonly primaryMs: number
  readonly candidateMs: number
}

export interface LatencyRatio {
  readonly primaryMs: number
  readonly candidateMs: number
  readonly ratio: number
  /** The true ratio is below this with the confidence asked for. */
  readonly upperBound: number
}

/** One result for each of `shares` (0.5, 0.95), all from the same resamples. `pairs` newest first, not empty. */
export function compareLatency(
  pairs: readonly LatencyPair[],
  shares: readonly number[],
  confidence: number,
): readonly LatencyRatio[] {
  const sample = pairs.slice(0, LATENCY_PAIRS)
  const primary = rank(sample.map((pair) => pair.primaryMs))
  const candidate = rank(sample.map((pair) => pair.candidateMs))
  const indexes = shares.map((share) => nearestRank(sample.length, share))
  const resampled = resample(primary, candidate, indexes)
  return indexes.map((index, which) => {
    const primaryMs = primary.sorted[index] ?? FLOOR_MS
    const candidateMs = candidate.sorted[index] ?? FLOOR_MS
    const ratios = resampled[which]?.sort() ?? []
    const upperBound = ratios[nearestRank(RESAMPLES, confidence)] ?? Number.POSITIVE_INFINITY
    return { primaryMs, candidateMs, ratio: candidateMs / primaryMs, upperBound }
  })
}

interface Ranked {
  readonly sorted: Float64Array
  /** Rank of each pair's value. */
  readonly ranks: Uint16Array
  /** How often each rank was drawn. */
  readonly drawn: Uint16Array
}

function rank(values: readonly number[]): Ranked {
  const clamped = values.map((value) => Math.max(FLOOR_MS, value))
  const order = clamped.map((_, index) => index).sort((a, b) => (clamped[a] ?? 0) - (clamped[b] ?? 0))
  const ranks = new Uint16Array(values.length)
  for (const [position, index] of order.entries()) ranks[index] = position
  return { sorted: Float64Array.from(clamped).sort(), ranks, drawn: new Uint16Array(values.length) }
}

function resample(primary: Ranked, candidate: Ranked, indexes: readonly number[]): readonly Float64Array[] {
  const ratios = indexes.map(() => new Float64Array(RESAMPLES))
  const draw = createDraw(primary.sorted.length)
  for (let round = 0; round < RESAMPLES; round += 1) {
    drawPairs(primary, candidate, draw)
    for (const [which, index] of indexes.entries()) {
      const ratio = valueAt(candidate, index) / valueAt(primary, index)
      const series = ratios[which]
      if (series !== undefined) series[round] = ratio
    }
  }
  return ratios
}

function drawPairs(primary: Ranked, candidate: Ranked, draw: Draw): void {
  primary.drawn.fill(0)
  candidate.drawn.fill(0)
  const count = primary.ranks.length
  for (let nth = 0; nth < count; nth += 1) {
    const pair = draw(count)
    increment(primary.drawn, primary.ranks[pair])
    increment(candidate.drawn, candidate.ranks[pair])
  }
}

function increment(counts: Uint16Array, index = 0): void {
  counts[index] = (counts[index] ?? 0) + 1
}

/** The value at `index` of the sorted resample. */
function valueAt({ sorted, drawn }: Ranked, index: number): number {
  let seen = 0
  for (let position = 0; position < drawn.length; position += 1) {
    seen += drawn[position] ?? 0
    if (seen > index) return sorted[position] ?? FLOOR_MS
  }
  return FLOOR_MS
}
