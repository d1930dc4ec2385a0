/** Two neighbouring characters as one number, whatever their case: the quickest way to rule a word out. */
const LOWER_CASE = 0x20
const LOW_BYTE = 0xff
const PAIRS = 0x1_00_00

/** Of characters above ASCII the low byte is taken: a table may then say yes wrongly, never no. */
export function pairOf(first: number, second: number): number {
  return (((first | LOWER_CASE) & LOW_BYTE) << 8) | ((second | LOWER_CASE) & LOW_BYTE)
}

/** One where a word begins like one of `words`. */
export function pairTable(words: Iterable<string>): Uint8Array {
  const table = new Uint8Array(PAIRS)
  for (const word of words) table[pairOf(word.charCodeAt(0), word.charCodeAt(1))] = 1
  return table
}
