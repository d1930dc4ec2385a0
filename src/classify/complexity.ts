/**
 * How hard the ask is, as a score from 0 to 1 and a level cut from it. Evidence counts in both directions: `low` needs
 * a short plain ask or words that say so, and what says nothing is `medium`.
 */
import type { AskEvidence } from './ask-evidence.ts'
import type { Complexity, Task } from './classification.ts'
import { ENGLISH_WORD } from './complexity-terms.ts'

export interface ComplexityReading {
  readonly score: number
  readonly level: Complexity
}

/** A task's own share: a sum of weak hints, so all of them are small. */
const TASK_SHIFT: Readonly<Record<Task, number>> = {
  code: 0.15,
  math: 0.25,
  reasoning: 0.5,
  writing: 0,
  vision: 0,
  general: 0,
  web_search: -0.2,
  translation: -0.3,
  extraction: -0.4,
  summarisation: -0.5,
  classification: -0.5,
}
/** Natural logarithm of the length that is neither long nor short: 180 characters. */
const MIDDLE_LENGTH = 5.2
const LENGTH_WEIGHT = 0.35
/** Beyond 1,800 characters it is mostly pasted text; length still counts, so that it stays monotone. */
const LONG_LENGTH = 7.5
const LONG_LENGTH_WEIGHT = 0.03
const HARD_WEIGHT = 0.75
const TRIVIAL_WEIGHT = 0.35
const CONSTRAINT_WEIGHT = 0.25
const MOST_TRIVIAL = 2
const STEEPNESS = 1.6
const ENGLISH_SAMPLE = 400
const NOT_LATIN = /[\u0370-\u1fff\u2e80-\ud7ff]/
const LOW_BELOW = 0.43
const HIGH_FROM = 0.72

export function scoreComplexity(text: string, evidence: AskEvidence, fineTask: Task): ComplexityReading {
  const length = Math.log(1 + text.length)
  const raw =
    LENGTH_WEIGHT * (Math.min(length, LONG_LENGTH) - MIDDLE_LENGTH) +
    LONG_LENGTH_WEIGHT * Math.max(0, length - LONG_LENGTH) +
    HARD_WEIGHT * Math.log2(1 + evidence.hard) +
    CONSTRAINT_WEIGHT * Math.log2(1 + evidence.constraints) -
    TRIVIAL_WEIGHT * Math.min(MOST_TRIVIAL, evidence.trivial) +
    TASK_SHIFT[fineTask]
  const score = 1 / (1 + Math.exp(-STEEPNESS * raw))
  return { score: Math.round(score * 10_000) / 10_000, level: levelOf(score, text) }
}

function levelOf(score: number, text: string): Complexity {
  if (score >= HIGH_FROM) return 'high'
  if (score >= LOW_BELOW || text === '') return 'medium'
  // What the word lists cannot read, they cannot call easy. A low score means a short text, so this is cheap.
  return ENGLISH_WORD.test(text.slice(0, ENGLISH_SAMPLE)) && !NOT_LATIN.test(text) ? 'low' : 'medium'
}
