/**
 * Reads what is escaped: tool arguments and results are JSON in a string, where a line end is a backslash and an `n`
 * that would be taken for the first letter of what follows. Only the surroundings of an escape are read again.
 */
import { isWordCode } from './characters.ts'

/** Far enough for a label in front of a number, and for the longest of keys behind. */
const BEFORE = 96
const BEHIND = 320
/** As far as a word that is cut at the beginning is left out: the rest of a number is another number. */
const LONGEST_CUT_WORD = 60
/** A blank that nothing is glued to hides nothing: most `'\n'` of code. */
const TELLING =
  /\\(?:[nrtbfv](?![\s"'`,;:)\]}\\]|$)|u[\da-f]{4}|u\{[\da-f]{1,6}\}|x[\da-f]{2}|["'/\\])|%40|&(?:#0{0,4}64|#x0{0,4}40|commat);/gi
const ESCAPE =
  /\\(?:[nrtbfv]|u[\da-f]{4}|u\{[\da-f]{1,6}\}|x[\da-f]{2}|["'/\\])|%40|&(?:#0{0,4}64|#x0{0,4}40|commat);/gi
const BLANKS: Readonly<Record<string, string>> = { n: '\n', r: '\n', v: '\n', t: ' ', b: ' ', f: ' ' }
const LAST_CODE_POINT = 0x10_ff_ff

export function decodedAroundEscapes(text: string): readonly string[] {
  if (!text.includes('\\') && !text.includes('%40') && !text.includes('&')) return NONE
  const found: string[] = []
  let from = -1
  let to = Number.NEGATIVE_INFINITY
  for (const { index } of text.matchAll(TELLING)) {
    if (index - BEFORE > to) {
      if (from >= 0) found.push(decode(text.slice(from, to)))
      from = beginning(text, index)
    }
    to = Math.min(text.length, index + BEHIND)
  }
  if (from >= 0) found.push(decode(text.slice(from, to)))
  return found
}

function beginning(text: string, escape: number): number {
  let from = Math.max(0, escape - BEFORE)
  if (from === 0) return from
  while (escape - from > BEFORE - LONGEST_CUT_WORD && isWordCode(text.charCodeAt(from))) from += 1
  return from
}

const NONE: readonly string[] = []

function decode(text: string): string {
  return text.replace(ESCAPE, meaningOf)
}

function meaningOf(escape: string): string {
  if (!escape.startsWith('\\')) return '@'
  const sign = escape.charAt(1)
  if (escape.length === 2) return BLANKS[sign.toLowerCase()] ?? sign
  const point = Number.parseInt(escape.replace(/^\\[ux]\{?/i, ''), 16)
  return String.fromCodePoint(Math.min(point, LAST_CODE_POINT))
}
