/**
 * Is a candidate ready to take its primary's place? `promote` needs every test passed; `insufficient-data` means that
 * nothing speaks against it but that there is too little to tell; everything else is `hold`.
 *
 * Each test keeps its error rate for one look at the report. Whoever looks every hour and promotes at the first
 * `promote` takes a somewhat higher risk; `confidence: 0.99` is the remedy.
 */
import { type CostBasis, costBasis } from './cost.ts'
import { figuresOf, type PairFigures } from './pair-figures.ts'
import { pairsNeeded } from './paired-success.ts'
import type { TokenPrice, VerdictSettings } from './settings.ts'
import type { ShadowPair } from './store.ts'
import { costTest, latencyTests, successTest, type VerdictTest } from './verdict-tests.ts'

export type Verdict = 'promote' | 'hold' | 'insufficient-data'

export interface Side {
  readonly backend: string
  /** Null when the policy declares none. */
  readonly price: TokenPrice | null
  readonly provenLocal: boolean
}

export interface Judgement {
  readonly verdict: Verdict
  /** Plain sentences with the figures. */
  readonly reasons: readonly string[]
  /** What to know when reading the figures. */
  readonly notes: readonly string[]
  readonly tests: readonly VerdictTest[]
  readonly figures: PairFigures
}

/** `pairs` newest first. */
export function judge(
  pairs: readonly ShadowPair[],
  sides: { readonly primary: Side; readonly candidate: Side },
  settings: VerdictSettings,
): Judgement {
  const primary = costBasis(sides.primary.price, sides.primary.provenLocal)
  const candidate = costBasis(sides.candidate.price, sides.candidate.provenLocal)
  const figures = figuresOf(pairs, { primary, candidate })
  const notes = [
    ...streamNotes(figures),
    ...localNotes(sides.primary, primary),
    ...localNotes(sides.candidate, candidate),
  ]
  const shortfalls = shortfallsOf(figures, settings)
  if (figures.counts.pairs < settings.minimumPairs) {
    return { verdict: 'insufficient-data', reasons: shortfalls, notes, tests: [], figures }
  }
  const names = {
    primary,
    candidate,
    primaryName: sides.primary.backend,
    candidateName: sides.candidate.backend,
  }
  const tests = [
    successTest(figures, settings),
    ...latencyTests(figures, settings),
    ...(settings.costMustNotRise ? [costTest(figures, names, settings)] : []),
  ]
  const reasons = [...shortfalls, ...tests.map((test) => test.sentence)]
  return { verdict: decide(tests, shortfalls), reasons, notes, tests, figures }
}

function decide(tests: readonly VerdictTest[], shortfalls: readonly string[]): Verdict {
  if (tests.some((test) => test.worse)) return 'hold'
  if (shortfalls.length > 0) return 'insufficient-data'
  return tests.every((test) => test.passed) ? 'promote' : 'hold'
}

function shortfallsOf({ counts, bothSucceeded }: PairFigures, settings: VerdictSettings): readonly string[] {
  const { minimumPairs, successMargin, confidence } = settings
  if (counts.pairs < minimumPairs)
    return [
      `${counts.pairs} ${counts.pairs === 1 ? 'pair' : 'pairs'} so far; at least ${minimumPairs} are needed.`,
    ]
  const needed = pairsNeeded(successMargin, confidence)
  const shortfalls: string[] = []
  if (needed !== null && counts.pairs < needed) {
    shortfalls.push(
      `${counts.pairs} pairs so far; to show that success is not lower by ${(successMargin * 100).toFixed(1)} points ` +
        `takes ${needed}, even if none of them fails.`,
    )
  }
  if (bothSucceeded.length < minimumPairs) {
    shortfalls.push(
      `Both sides succeeded in ${bothSucceeded.length} pairs; to compare times takes ${minimumPairs}.`,
    )
  }
  return shortfalls
}

function streamNotes({ streamed, counts }: PairFigures): readonly string[] {
  if (streamed === 0) return []
  const share = Math.round((streamed / counts.pairs) * 100)
  return [
    `${share} % of the pairs were streamed: the primary was timed while a client read along, the mirror was not, ` +
      'which favours the candidate.',
  ]
}

function localNotes({ backend }: Side, { source }: CostBasis): readonly string[] {
  if (source !== 'local') return []
  return [
    `${backend} runs locally and declares no costPerMillionTokens: its marginal cost is taken as 0, without power and hardware.`,
  ]
}
