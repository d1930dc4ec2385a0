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
/** Format characters, and what else leaves no mark: the grapheme joiner, variation selectors, Hangul fillers. */
const INVISIBLE = String.raw`\p{Cf}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}`
const FORMAT_CHARACTER = new RegExp(`^[${INVISIBLE}]`, 'u')
const FORMAT_CHARACTERS = new RegExp(`[${INVISIBLE}]`, 'gu')
/** Digits of other scripts, which NFKC leaves alone. */
const FOREIGN_DIGIT = /^(?![0-9])\p{Nd}/u
const FOREIGN_DIGITS = /(?![0-9])\p{Nd}/gu
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
  if (FOREIGN_DIGIT.test(character)) return FOLDS
  return JOINS.test(character) || character.normalize('NFKC') !== character ? FOLDS : STABLE
}

/** The copy that is worth scanning; `most` is the most that any unit of the text folds. */
export function folded(text: string, most: number): string {
  const normal = text.normalize('NFKC')
  const visible = most === FORMAT ? normal.replace(FORMAT_CHARACTERS, '') : normal
  return visible.replace(FOREIGN_DIGITS, asciiDigit)
}

const LOW_NIBBLE = 0xf
const LATE_ZERO = 6

/** Each script's ten digits begin at a code point that ends in 0 or in 6. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0
  const nibble = point & LOW_NIBBLE
  const fromZero = FOREIGN_DIGIT.test(String.fromCodePoint(point - nibble))
  return String(fromZero ? nibble % 10 : Math.max(0, nibble - LATE_ZERO))
}
