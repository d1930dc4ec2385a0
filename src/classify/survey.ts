/**
 * The one pass over every outgoing text: counts what the token estimate needs and calls the detectors at the few
 * places where something sensitive can begin. Reading each character once, rather than once a pattern, is what
 * keeps 64 KB under a millisecond.
 */
import {
  DIGIT,
  FIRST_SCRIPT,
  kindOf,
  LOWER,
  NEWLINE,
  PUNCTUATION,
  SCRIPTS,
  SPACE,
  UPPER,
} from './characters.ts'
import { FORMAT, foldingAt } from './folding.ts'
import { unitsOf } from './units.ts'

/** What the token estimate is made of: slots of an array, which is quicker to add to than fields. */
export const WORDS = 0
/** Letters beyond the sixth of a word: long words are cut in pieces. */
export const LONG_LETTERS = 1
export const CAPITALS = 2
/** Digits in groups of up to three. */
export const DIGIT_GROUPS = 3
export const MARKS = 4
/** Marks directly behind a mark, often merged with it. */
export const MARK_RUNS = 5
/** Runs of two or more blanks: indentation. */
export const INDENTS = 6
/** Code units above ASCII, by script, from here on. */
export const SCRIPT_UNITS = 7

/** Plain arrays: two of them are made a request, and a typed array of this size costs a trip to the allocator. */
export type TextCounts = number[]

export function emptyCounts(): TextCounts {
  return ZEROES.slice()
}

const ZEROES: readonly number[] = Array.from({ length: SCRIPT_UNITS + SCRIPTS.length }, () => 0)

/** Places in a text where something sensitive can begin. */
export interface CandidateSink {
  atDigits(text: string, start: number, end: number): void
  /** A word of a length that a telling one can have: from `client` to `passphrase`. */
  atWord(text: string, start: number, end: number): void
  atSign(text: string, at: number): void
  atAssignment(text: string, at: number): void
  /** A run of letters, digits, `_`, `-` and `.`, long enough for a key. */
  atLongRun(text: string, start: number, end: number): void
}

const LONG_RUN = 14
const LONG_WORD = 6
const DIGITS_A_TOKEN = 3
const SHORTEST_TELLING_WORD = 6
const LONGEST_TELLING_WORD = 10
const HYPHEN = 45
const DOT = 46
const COLON = 58
const EQUALS = 61
const AT = 64
const UNDERSCORE = 95

/** Tells whether a normalised copy of the text may read otherwise: the most that any of its units folds. */
export function survey(text: string, counts: TextCounts, sink: CandidateSink): number {
  const units = unitsOf(text)
  const length = text.length
  let runStart = -1
  let position = 0
  let folding = 0
  while (position < length) {
    const start = position
    const kind = kindOf(units[position] ?? 0)
    if (kind === LOWER || kind === UPPER) {
      position = countWord(units, start, counts)
      const size = position - start
      if (size >= SHORTEST_TELLING_WORD && size <= LONGEST_TELLING_WORD) sink.atWord(text, start, position)
      if (runStart < 0) runStart = start
      continue
    }
    if (kind === DIGIT) {
      position = countDigits(units, start, counts)
      sink.atDigits(text, start, position)
      if (runStart < 0) runStart = start
      continue
    }
    if (kind === SPACE || kind === NEWLINE) position = countBlanks(units, start, counts)
    else if (kind === PUNCTUATION) {
      position = start + 1
      const code = units[start] ?? 0
      countMark(start === 0 ? SPACE : kindOf(units[start - 1] ?? 0), counts)
      if (code === HYPHEN || code === UNDERSCORE || code === DOT) continue
      if (code === AT) sink.atSign(text, start)
      else if (code === COLON || code === EQUALS) sink.atAssignment(text, start)
    } else {
      position = start + 1
      if (folding < FORMAT) folding = Math.max(folding, foldingAt(text, units[start] ?? 0, start))
      addTo(counts, SCRIPT_UNITS + kind - FIRST_SCRIPT, 1)
    }
    if (runStart < 0) continue
    if (start - runStart >= LONG_RUN) sink.atLongRun(text, runStart, start)
    runStart = -1
  }
  if (runStart >= 0 && length - runStart >= LONG_RUN) sink.atLongRun(text, runStart, length)
  return folding
}

function addTo(counts: TextCounts, slot: number, amount: number): void {
  counts[slot] = (counts[slot] ?? 0) + amount
}

/** A run of letters; a capital after a small letter begins a new word, as it does for tokenisers. */
function countWord(units: Uint16Array, start: number, counts: TextCounts): number {
  let position = start
  let wordStart = start
  let capitals = 0
  let words = 1
  let long = 0
  for (;;) {
    const capitalsFrom = position
    while (kindOf(units[position] ?? 0) === UPPER) position += 1
    capitals += position - capitalsFrom
    while (kindOf(units[position] ?? 0) === LOWER) position += 1
    if (position - wordStart > LONG_WORD) long += position - wordStart - LONG_WORD
    if (kindOf(units[position] ?? 0) !== UPPER) break
    words += 1
    wordStart = position
  }
  addTo(counts, WORDS, words)
  if (long > 0) addTo(counts, LONG_LETTERS, long)
  if (capitals > 0) addTo(counts, CAPITALS, capitals)
  return position
}

function countDigits(units: Uint16Array, start: number, counts: TextCounts): number {
  let position = start + 1
  while (kindOf(units[position] ?? 0) === DIGIT) position += 1
  addTo(counts, DIGIT_GROUPS, Math.floor((position - start + DIGITS_A_TOKEN - 1) / DIGITS_A_TOKEN))
  return position
}

function countBlanks(units: Uint16Array, start: number, counts: TextCounts): number {
  let position = start + 1
  let last = SPACE
  for (;;) {
    const kind = kindOf(units[position] ?? 0)
    if (kind !== SPACE && kind !== NEWLINE) break
    last = kind
    position += 1
  }
  if (position - start > 1 && last === SPACE) addTo(counts, INDENTS, 1)
  return position
}

function countMark(kindBefore: number, counts: TextCounts): void {
  addTo(counts, MARKS, 1)
  if (kindBefore === PUNCTUATION) addTo(counts, MARK_RUNS, 1)
}
