/**
 * Which code units can make a normalised copy of a text read otherwise than the text: only then is the copy worth
 * making. Answers are kept by code unit, so that each is asked of the Unicode tables once a process.
 */
export const STABLE = 1
/** Changes under NFKC, by itself or together with what stands before it. */
export const FOLDS = 2
/** A format character: invisible, and taken out of the copy. */
export const FORMAT = 3
export type Folding = 0 | typeof STABLE | typeof FOLDS | typeof FORMAT

const FIRST_SURROGATE = 0xd8_00
const LAST_SURROGATE = 0xdf_ff
const KNOWN = new Uint8Array(0x1_00_00)
const FORMAT_CHARACTER = /^\p{Cf}/u
/** Marks and the vowels and ends of Hangul syllables join with, or change places with, their neighbours. */
const JOINS = /^[\p{M}\u1100-\u11ff]/u

/** `unit` is the code unit of `text` at `at`, above ASCII. */
export function foldingAt(text: string, unit: number, at: number): Folding {
  if (unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE) {
    return foldingOf(String.fromCodePoint(text.codePointAt(at) ?? unit))
  }
  const known = KNOWN[unit] as Folding
  if (known !== 0) return known
  const folding = foldingOf(String.fromCharCode(unit))
  KNOWN[unit] = folding
  return folding
}

/** Folds to three full stops; the patterns that let those stand know it by itself, since much prose and code has it. */
const ELLIPSIS = '\u2026'

function foldingOf(character: string): Folding {
  if (character === ELLIPSIS) return STABLE
  if (FORMAT_CHARACTER.test(character)) return FORMAT
  return JOINS.test(character) || character.normalize('NFKC') !== character ? FOLDS : STABLE
}
