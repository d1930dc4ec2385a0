/**
 * Is the candidate's success rate lower than the primary's by no more than a margin?
 *
 * One-sided non-inferiority test on paired proportions: the score test of T. Tango, "Equivalence test and confidence
 * interval for the difference in proportions for the paired-sample design", Statistics in Medicine 17 (1998) 891-908.
 * Without its correction it promotes a candidate exactly at the margin in up to 6.8 % of cases where 5 % are promised
 * (133 pairs, none of which only the candidate won); with half a pair taken off, as here, in at most 4.8 % of all
 * that were enumerated (50 to 1000 pairs, margin 0.02). Only pairs of which one side succeeded carry information
 * about a difference, but all of them count for how sure it is.
 */
import { normalQuantile } from './normal-quantile.ts'

export interface PairedCounts {
  readonly pairs: number
  readonly onlyPrimary: number
  readonly onlyCandidate: number
}

export interface PairedSuccess {
  /** Candidate's rate less the primary's. */
  readonly difference: number
  /** The difference is above this with the confidence asked for. */
  readonly lowerBound: number
  /** Tango's score at the margin, in standard deviations. */
  readonly statistic: number
  readonly passed: boolean
}

const CONTINUITY = 0.5

export function testPairedSuccess(counts: PairedCounts, margin: number, confidence: number): PairedSuccess {
  const critical = normalQuantile(confidence)
  const statistic = score(counts, -margin)
  return {
    difference: (counts.onlyCandidate - counts.onlyPrimary) / counts.pairs,
    lowerBound: lowerBound(counts, critical),
    statistic,
    passed: statistic >= critical,
  }
}

/** Pairs without which the test cannot pass even if no call fails; null for a margin that needs a better candidate. */
export function pairsNeeded(margin: number, confidence: number): number | null {
  if (margin <= 0) return null
  const critical = normalQuantile(confidence)
  // score() of no discordant pair is (n m - 1/2) / sqrt(n m (1 - m)): a quadratic in sqrt(n m).
  const root = (critical * Math.sqrt(1 - margin) + Math.sqrt(critical ** 2 * (1 - margin) + 2)) / 2
  return Math.ceil(root ** 2 / margin - 1e-9)
}

/** How many deviations the counts lie above a true difference of `delta` (Tango's formulas 8 and 9). */
function score({ pairs, onlyPrimary, onlyCandidate }: PairedCounts, delta: number): number {
  const a = 2 * pairs
  const b = -onlyCandidate - onlyPrimary + (2 * pairs - onlyCandidate + onlyPrimary) * delta
  const c = -onlyPrimary * delta * (1 - delta)
  const onlyPrimaryShare = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a)
  const variance = pairs * (2 * onlyPrimaryShare + delta * (1 - delta))
  if (!(variance > 0)) return 0
  return (onlyCandidate - onlyPrimary - pairs * delta - CONTINUITY) / Math.sqrt(variance)
}

/** The smallest difference that the counts do not speak against. Bisection: the score falls as `delta` rises. */
function lowerBound(counts: PairedCounts, critical: number): number {
  let low = -1
  let high = (counts.onlyCandidate - counts.onlyPrimary) / counts.pairs
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2
    if (score(counts, middle) >= critical) low = middle
    else high = middle
  }
  return low
}
