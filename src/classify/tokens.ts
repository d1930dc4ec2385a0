/**
 * Estimate of input tokens without a vocabulary: counts of what tokenisers cut at, weighted. The weights were fitted
 * to a current 200k vocabulary over twelve scripts, code and logs; a mean error of about a fifth is what such an
 * estimate can reach, where characters / 4 is off by more than a quarter.
 */
import { SCRIPTS, type Script } from './characters.ts'
import {
  CAPITALS,
  DIGIT_GROUPS,
  emptyCounts,
  INDENTS,
  LONG_LETTERS,
  MARK_RUNS,
  MARKS,
  SCRIPT_UNITS,
  type TextCounts,
  WORDS,
} from './survey.ts'

/** Tokens a code unit, by script. */
const SCRIPT_WEIGHTS: Readonly<Record<Script, number>> = {
  other: 0.68,
  latin: 1.0,
  greek: 0.4,
  cyrillic: 0.29,
  hebrew: 0.45,
  arabic: 0.38,
  devanagari: 0.34,
  bengali: 0.38,
  tamil: 0.37,
  thai: 0.42,
  hangul: 0.75,
  kana: 0.95,
  han: 0.8,
}
const WEIGHTS = buildWeights()

function buildWeights(): TextCounts {
  const weights = emptyCounts()
  weights[WORDS] = 0.92
  weights[LONG_LETTERS] = 0.08
  weights[CAPITALS] = 0.05
  weights[DIGIT_GROUPS] = 1.2
  weights[MARKS] = 0.95
  weights[MARK_RUNS] = -0.75
  weights[INDENTS] = 1.05
  for (const [i, script] of SCRIPTS.entries()) weights[SCRIPT_UNITS + i] = SCRIPT_WEIGHTS[script]
  return weights
}

/** What vision models charge differs by an order of magnitude; this is between a low and a high detail. */
const IMAGE = 800

export function estimateTokens(counts: TextCounts, images: number): number {
  let tokens = images * IMAGE
  for (let slot = 0; slot < WEIGHTS.length; slot += 1) tokens += (counts[slot] ?? 0) * (WEIGHTS[slot] ?? 0)
  return Math.max(0, Math.round(tokens))
}
