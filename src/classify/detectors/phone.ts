/** Telephone numbers: no check digit, so the way of writing or a word near it must say so. */
import { isDigit } from '../characters.ts'
import { textAfter } from './context.ts'
import type { NumberSpan } from './number-span.ts'

const PLUS = 43
const LONGEST_NATIONAL = 11
/** North American: `(415) 555-2671`, `415-555-2671`, `415.555.2671`. A hyphen or dot in the right places. */
const NORTH_AMERICAN = /^(?:1[ .-])?(?:\d{3}\) ?|[2-9]\d{2}[-.])\d{3}[-. ]\d{4}$/
const INTERNATIONAL = /^(?:00|011)?[ -]?[1-9]\d{0,2}(?:[ ./()-]{1,3}\d{1,5}){2,6}$/
const AFTER = /^[\s,x\d-]{0,8}(?:office|fax|mobile|cell|home|desk|work|phone)\b/i
/** Reserved for fiction and documentation: 555-0100 to 555-0199, with or without an area code. */
const FICTION = /^1?(?:\d{3})?55501\d{2}$/
const DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:$|\s)/

export function isPhone({ text, start, end, written, digits, context }: NumberSpan): boolean {
  if (digits.length < 7 || digits.length > 15 || DATE.test(written)) return false
  if (digits.length <= LONGEST_NATIONAL && FICTION.test(digits)) return false
  const lead = text.charCodeAt(start - 1)
  const international = lead === PLUS || text.slice(start - 2, start) === '+('
  if (international && digits.length >= 8 && (INTERNATIONAL.test(written) || /^\d+$/.test(written)))
    return true
  if (digits.length <= LONGEST_NATIONAL && NORTH_AMERICAN.test(written) && text[start - 1] !== '-')
    return true
  if (context.announcesPhone) return true
  // Not where more digits follow: the word behind them is about those.
  return !isDigit(text.charCodeAt(end + 1)) && AFTER.test(textAfter(text, end))
}
