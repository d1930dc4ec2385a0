/** Character classes of ASCII, one table so that the hot loop compares numbers only. */
export const PUNCTUATION = 0
export const LOWER = 1
export const UPPER = 2
export const DIGIT = 3
export const SPACE = 4
export const NEWLINE = 5

export const ASCII_CLASS = buildTable()

function buildTable(): Uint8Array {
  const table = new Uint8Array(128)
  for (let code = 97; code <= 122; code += 1) table[code] = LOWER
  for (let code = 65; code <= 90; code += 1) table[code] = UPPER
  for (let code = 48; code <= 57; code += 1) table[code] = DIGIT
  table[32] = SPACE
  table[9] = SPACE
  table[10] = NEWLINE
  table[13] = NEWLINE
  return table
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** A letter or a digit of ASCII, or an underscore: what `\w` means. */
export function isWordCode(code: number): boolean {
  if (code >= 128 || Number.isNaN(code)) return false
  const kind = ASCII_CLASS[code]
  return kind === LOWER || kind === UPPER || kind === DIGIT || code === 95
}
