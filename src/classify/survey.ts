/**
 * The one pass over every outgoing text: counts what the token estimate needs and calls the detectors at the few
 * places where something sensitive can begin. Reading each character once, rather than once a pattern, is what
 * keeps 64 KB under a millisecond.
 */
import { ASCII_CLASS, DIGIT, LOWER, NEWLINE, SPACE, UPPER } from './characters.ts'
import type { Candidates } from './candidates.ts'
import { scriptIndex, SCRIPTS } from './scripts.ts'

/** What the token estimate is made of; summed over all texts of a request. */
export interface TextCounts {
  words: number
  /** Letters beyond the sixth of a word: long words are cut in pieces. */
  longLetters: number
  /** Letters that follow a change from lower to upper case, as in camelCase, or all capitals. */
  capitals: number
  digitGroups: number
  punctuation: number
  /** Punctuation that directly follows punctuation, often merged with it. */
  punctuationRuns: number
  newlines: number
  /** Runs of two or more spaces: indentation. */
  indents: number
  /** Code units above ASCII, by script. */
  readonly scripts: Float64Array
  asciiLetters: number
}

export function emptyCounts(): TextCounts {
  return {
    words: 0,
    longLetters: 0,
    capitals: 0,
    digitGroups: 0,
    punctuation: 0,
    punctuationRuns: 0,
    newlines: 0,
    indents: 0,
    scripts: new Float64Array(SCRIPTS.length),
    asciiLetters: 0,
  }
}

const LONG_RUN = 14
const UNDERSCORE = 95
const HYPHEN = 45
const DOT = 46
const AT = 64
const COLON = 58
const EQUALS = 61
const LONG_WORD = 6
const DIGITS_A_TOKEN = 3

/** Returns whether the text has anything above ASCII. */
export function survey(text: string, counts: TextCounts, candidates: Candidates): boolean {
  const length = text.length
  let nonAscii = false
  let runStart = -1
  let position = 0
  while (position < length) {
    const code = text.charCodeAt(position)
    const start = position
    if (code >= 128) {
      nonAscii = true
      const script = scriptIndex(code)
      counts.scripts[script] = (counts.scripts[script] ?? 0) + 1
      position += 1
    } else {
      const kind = ASCII_CLASS[code]
      if (kind === LOWER || kind === UPPER) {
        position = countWord(text, position, counts)
        if (runStart < 0) runStart = start
        continue
      }
      if (kind === DIGIT) {
        do position += 1
        while (ASCII_CLASS[text.charCodeAt(position)] === DIGIT)
        counts.digitGroups += Math.ceil((position - start) / DIGITS_A_TOKEN)
        candidates.atDigits(text, start, position)
        if (runStart < 0) runStart = start
        continue
      }
      position = kind === SPACE || kind === NEWLINE ? countSpace(text, start, counts) : countMark(text, start, counts)
      if (code === HYPHEN || code === UNDERSCORE || code === DOT) continue
      if (code === AT) candidates.atSign(text, start)
      else if (code === COLON || code === EQUALS) candidates.atAssignment(text, start)
    }
    if (runStart >= 0) {
      if (start - runStart >= LONG_RUN) candidates.atLongRun(text, runStart, start)
      runStart = -1
    }
  }
  if (runStart >= 0 && length - runStart >= LONG_RUN) candidates.atLongRun(text, runStart, length)
  return nonAscii
}

/** A run of letters; a capital after a small letter begins a new word, as it does for tokenisers. */
function countWord(text: string, start: number, counts: TextCounts): number {
  let position = start
  let wordStart = start
  let previous = 0
  for (;;) {
    const kind = ASCII_CLASS[text.charCodeAt(position)]
    if (kind !== LOWER && kind !== UPPER) break
    if (kind === UPPER) {
      if (previous === LOWER) {
        closeWord(position - wordStart, counts)
        wordStart = position
      }
      counts.capitals += 1
    }
    previous = kind
    position += 1
  }
  closeWord(position - wordStart, counts)
  counts.asciiLetters += position - start
  return position
}

function closeWord(letters: number, counts: TextCounts): void {
  counts.words += 1
  if (letters > LONG_WORD) counts.longLetters += letters - LONG_WORD
}

function countSpace(text: string, start: number, counts: TextCounts): number {
  let position = start
  let sawNewline = false
  for (;;) {
    const kind = ASCII_CLASS[text.charCodeAt(position)]
    if (kind === NEWLINE) sawNewline = true
    else if (kind !== SPACE) break
    position += 1
  }
  if (sawNewline) counts.newlines += 1
  if (position - start > 1 && ASCII_CLASS[text.charCodeAt(position - 1)] === SPACE) counts.indents += 1
  return position
}

function countMark(text: string, start: number, counts: TextCounts): number {
  counts.punctuation += 1
  if (start > 0 && ASCII_CLASS[text.charCodeAt(start - 1)] === 0) counts.punctuationRuns += 1
  return start + 1
}
