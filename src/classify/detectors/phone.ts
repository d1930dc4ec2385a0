/** Telephone numbers: no check digit, so the way of writing or a word near it must say so. */
import { isDigit } from '../characters.ts'
import { textAfter } from './context.ts'
import type { NumberSpan } from './number-span.ts'

const OPEN = 40
const PLUS = 43
const HYPHEN = 45
const FEWEST_DIGITS = 7
const MOST_DIGITS = 15
const FEWEST_INTERNATIONAL = 8
const LONGEST_NATIONAL = 11
/** North American: `(415) 555-2671`, `415-555-2671`, `415.555.2671`. A hyphen or dot in the right places. */
const NORTH_AMERICAN = /^(?:1[ .-])?(?:\d{3}\) ?|[2-9]\d{2}[-.])\d{3}[-. ]\d{4}$/
const INTERNATIONAL =
  /^(?:00|011)?[ -]?(?:[1-9]\d{0,2}(?:[ ./()-]{1,3}\d{1,10}){2,6}|(?:[17]|[2-9]\d{1,2})[ ./()-]{1,3}\d{8,12})$/
const ONLY_DIGITS = /^\d+$/
const AFTER = /^[\s,x\d-]{0,8}(?:office|fax|mobile|cell|home|desk|work|phone)\b/i
/** Reserved for fiction and documentation: 555-0100 to 555-0199, with or without an area code. */
const FICTION = /^1?(?:\d{3})?55501\d{2}$/
const DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:$|\s)/

export function isPhone(span: NumberSpan): boolean {
  const { digitCount } = span
  if (digitCount < FEWEST_DIGITS || digitCount > MOST_DIGITS || !looksLikePhone(span)) return false
  return !DATE.test(span.written) && !(digitCount <= LONGEST_NATIONAL && FICTION.test(span.digits))
}

/** By the way it is written, or by a word near it; the cheapest questions first. */
function looksLikePhone(span: NumberSpan): boolean {
  const { text, start, end, digitCount, context } = span
  const lead = text.charCodeAt(start - 1)
  const international = lead === PLUS || (lead === OPEN && text.charCodeAt(start - 2) === PLUS)
  if (international && digitCount >= FEWEST_INTERNATIONAL) {
    if (INTERNATIONAL.test(span.written) || ONLY_DIGITS.test(span.written)) return true
  }
  if (
    (digitCount === LONGEST_NATIONAL || digitCount === LONGEST_NATIONAL - 1) &&
    lead !== HYPHEN &&
    NORTH_AMERICAN.test(span.written)
  )
    return true
  if (context.announcesPhone) return true
  // Not where more digits follow: the word behind them is about those.
  return !isDigit(text.charCodeAt(end + 1)) && AFTER.test(textAfter(text, end))
}
