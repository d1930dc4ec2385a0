/**
 * What kind of character a UTF-16 code unit is: one table over all of them, so that the hot loop makes one in-bounds
 * read a character. A table of ASCII alone makes V8 guard every read, which was measured at five times the cost.
 */
export const PUNCTUATION = 0
export const LOWER = 1
export const UPPER = 2
export const DIGIT = 3
export const SPACE = 4
export const NEWLINE = 5
/** From here on the kind is `FIRST_SCRIPT` plus an index into {@link SCRIPTS}. */
export const FIRST_SCRIPT = 6

/** Writing systems that tokenisers treat differently. */
export const SCRIPTS = [
  'other',
  'latin',
  'greek',
  'cyrillic',
  'hebrew',
  'arabic',
  'devanagari',
  'bengali',
  'tamil',
  'thai',
  'hangul',
  'kana',
  'han',
] as const
export type Script = (typeof SCRIPTS)[number]

const RANGES: readonly (readonly [first: number, last: number, script: Script])[] = [
  [0x00_80, 0x02_4f, 'latin'],
  [0x03_70, 0x03_ff, 'greek'],
  [0x04_00, 0x05_2f, 'cyrillic'],
  [0x05_90, 0x05_ff, 'hebrew'],
  [0x06_00, 0x07_7f, 'arabic'],
  [0x09_00, 0x09_7f, 'devanagari'],
  [0x09_80, 0x09_ff, 'bengali'],
  [0x0a_00, 0x0d_ff, 'tamil'],
  [0x0e_00, 0x0f_ff, 'thai'],
  [0x11_00, 0x11_ff, 'hangul'],
  [0x1e_00, 0x1e_ff, 'latin'],
  [0x1f_00, 0x1f_ff, 'greek'],
  [0x30_40, 0x30_ff, 'kana'],
  [0x34_00, 0x9f_ff, 'han'],
  [0xac_00, 0xd7_af, 'hangul'],
  [0xf9_00, 0xfa_ff, 'han'],
]

const CODE_UNITS = 0x1_00_00
const KINDS = buildTable()

function buildTable(): Uint8Array {
  const kinds = new Uint8Array(CODE_UNITS)
  kinds.fill(FIRST_SCRIPT, 0x80)
  for (const [first, last, script] of RANGES)
    kinds.fill(FIRST_SCRIPT + SCRIPTS.indexOf(script), first, last + 1)
  kinds.fill(LOWER, 0x61, 0x7b)
  kinds.fill(UPPER, 0x41, 0x5b)
  kinds.fill(DIGIT, 0x30, 0x3a)
  kinds[0x20] = SPACE
  kinds[0x09] = SPACE
  kinds[0x0a] = NEWLINE
  kinds[0x0d] = NEWLINE
  return kinds
}

export function kindOf(unit: number): number {
  return KINDS[unit] ?? PUNCTUATION
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** A letter or a digit of ASCII, or an underscore: what `\w` means. False outside the text (NaN). */
export function isWordCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isDigit(code) || code === 95
}
