/**
 * The one pass over every outgoing text: counts what the token estimate needs and calls the detectors at the few
 * places where something sensitive can begin. Reading each character once, rather than once a pattern, is what
 * keeps 64 KB under a millisecond.
 */
import {
  DIGIT,
  FIRST_SCRIPT,
  kindAt,
  LOWER,
  NEWLINE,
  PUNCTUATION,
  SCRIPTS,
  SPACE,
  UPPER,
} from './characters.ts'

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

export type TextCounts = Float64Array

export function emptyCounts(): TextCounts {
  return new Float64Array(SCRIPT_UNITS + SCRIPTS.length)
}

/** Places in a text where something sensitive can begin. */
export interface CandidateSink {
  atDigits(text: string, start: number, end: number): void
  /** A word of a length that a telling one can have. */
  atWord(text: string, start: number, end: number): void
  atSign(text: string, at: number): void
  atAssignment(text: string, at: number): void
  /** A run of letters, digits, `_`, `-` and `.`, long enough for a key. */
  atLongRun(text: string, start: number, end: number): void
  /** A mark above ASCII was met, so that a normalised copy may read otherwise. */
  atNonAscii(): void
}

const LONG_RUN = 14
const LONG_WORD = 6
const SHORTEST_TELLING_WORD = 6
const DIGITS_A_TOKEN = 3
const HYPHEN = 45
const DOT = 46
const COLON = 58
const EQUALS = 61
const AT = 64
const UNDERSCORE = 95

export function survey(text: string, counts: TextCounts, sink: CandidateSink): void {
  const length = text.length
  let runStart = -1
  let position = 0
  let nonAscii = false
  while (position < length) {
    const start = position
    const kind = kindAt(text, position)
    if (kind === LOWER || kind === UPPER) {
      position = countWord(text, start, counts)
      if (position - start >= SHORTEST_TELLING_WORD) sink.atWord(text, start, position)
      if (runStart < 0) runStart = start
      continue
    }
    if (kind === DIGIT) {
      position = countDigits(text, start, counts)
      sink.atDigits(text, start, position)
      if (runStart < 0) runStart = start
      continue
    }
    if (kind === SPACE || kind === NEWLINE) position = countBlanks(text, start, counts)
    else if (kind === PUNCTUATION) {
      position = start + 1
      if (countMark(text, start, counts, sink)) continue
    } else {
      nonAscii = true
      position = start + 1
      addTo(counts, SCRIPT_UNITS + kind - FIRST_SCRIPT, 1)
    }
    if (runStart >= 0 && start - runStart >= LONG_RUN) sink.atLongRun(text, runStart, start)
    runStart = -1
  }
  if (runStart >= 0 && length - runStart >= LONG_RUN) sink.atLongRun(text, runStart, length)
  if (nonAscii) sink.atNonAscii()
}

function addTo(counts: TextCounts, slot: number, amount: number): void {
  counts[slot] = (counts[slot] ?? 0) + amount
}

/** A run of letters; a capital after a small letter begins a new word, as it does for tokenisers. */
function countWord(text: string, start: number, counts: TextCounts): number {
  const length = text.length
  let position = start
  let wordStart = start
  let previous = UPPER
  let capitals = 0
  let words = 1
  let long = 0
  for (; position < length; position += 1) {
    const kind = kindAt(text, position)
    if (kind !== LOWER) {
      if (kind !== UPPER) break
      capitals += 1
      if (previous === LOWER) {
        words += 1
        long += Math.max(0, position - wordStart - LONG_WORD)
        wordStart = position
      }
    }
    previous = kind
  }
  addTo(counts, WORDS, words)
  addTo(counts, LONG_LETTERS, long + Math.max(0, position - wordStart - LONG_WORD))
  addTo(counts, CAPITALS, capitals)
  return position
}

function countDigits(text: string, start: number, counts: TextCounts): number {
  let position = start + 1
  while (position < text.length && kindAt(text, position) === DIGIT) position += 1
  addTo(counts, DIGIT_GROUPS, Math.ceil((position - start) / DIGITS_A_TOKEN))
  return position
}

function countBlanks(text: string, start: number, counts: TextCounts): number {
  let position = start + 1
  let last = SPACE
  for (; position < text.length; position += 1) {
    const kind = kindAt(text, position)
    if (kind !== SPACE && kind !== NEWLINE) break
    last = kind
  }
  if (position - start > 1 && last === SPACE) addTo(counts, INDENTS, 1)
  return position
}

/** Reports what the mark may begin; true when the run of key characters goes on over it. */
function countMark(text: string, at: number, counts: TextCounts, sink: CandidateSink): boolean {
  const code = text.charCodeAt(at)
  addTo(counts, MARKS, 1)
  if (at > 0 && kindAt(text, at - 1) === PUNCTUATION) addTo(counts, MARK_RUNS, 1)
  if (code === HYPHEN || code === UNDERSCORE || code === DOT) return true
  if (code === AT) sink.atSign(text, at)
  else if (code === COLON || code === EQUALS) sink.atAssignment(text, at)
  return false
}
