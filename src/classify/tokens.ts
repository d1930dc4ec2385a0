/**
 * Estimate of input tokens without a vocabulary: counts of what tokenisers cut at, weighted. The weights were fitted
 * to a current 200k vocabulary over twelve scripts, code and logs; a mean error of about a fifth is what such an
 * estimate can reach, where characters / 4 is off by more than a quarter.
 */
import { SCRIPTS, type Script } from './scripts.ts'
import type { TextCounts } from './survey.ts'

/** Tokens a code unit, by script. */
const SCRIPT_WEIGHTS: Readonly<Record<Script, number>> = {
  other: 0.9,
  latin: 0.6,
  greek: 0.4,
  cyrillic: 0.3,
  hebrew: 0.4,
  arabic: 0.35,
  devanagari: 0.35,
  bengali: 0.4,
  tamil: 0.4,
  thai: 0.4,
  hangul: 0.6,
  kana: 0.7,
  han: 0.8,
}
const WEIGHTS = SCRIPTS.map((script) => SCRIPT_WEIGHTS[script])

const WORD = 1
const LONG_LETTER = 0.1
const CAPITAL = 0.1
const DIGIT_GROUP = 1
const MARK = 0.9
const MARK_RUN = -0.4
const NEWLINE = 0.6
const INDENT = 0.6
/** What vision models charge differs by an order of magnitude; this is between a low and a high detail. */
const IMAGE = 800

export function estimateTokens(counts: TextCounts, images: number): number {
  let tokens =
    counts.words * WORD +
    counts.longLetters * LONG_LETTER +
    counts.capitals * CAPITAL +
    counts.digitGroups * DIGIT_GROUP +
    counts.punctuation * MARK +
    counts.punctuationRuns * MARK_RUN +
    counts.newlines * NEWLINE +
    counts.indents * INDENT +
    images * IMAGE
  for (let script = 0; script < WEIGHTS.length; script += 1) {
    tokens += (counts.scripts[script] ?? 0) * (WEIGHTS[script] ?? 0)
  }
  return Math.max(0, Math.round(tokens))
}
