/** A date of birth: a full date right behind a word that says so. A birth far in the past is history. */
import { textBefore } from './context.ts'
import type { NumberSpan } from './number-span.ts'

const FULL_DATE =
  /^(?:(?:19[2-9]|20[0-2])\d[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:(?:19[2-9]|20[0-2])\d|\d{2}))$/
const BIRTH =
  /(?:^|[^a-z])(?:dob|d\.o\.b\.?|birth(?:day|date)?|born|geboren|geburtsdatum|né|née|nacid[oa])[\s:.…=("']{1,3}(?:(?:am|on|le|el|is|was|date)[\s:]{1,2})?$/i
const MONTH = /^ (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? (?:19[2-9]|20[0-2])\d\b/i

export function isBirthDate({ context, written }: NumberSpan): boolean {
  return FULL_DATE.test(written) && BIRTH.test(context.before)
}

/** `born 9 Jan 1947`: the number is the day only. */
export function isWrittenBirthDate(text: string, start: number, end: number): boolean {
  return MONTH.test(text.slice(end, end + 24)) && BIRTH.test(textBefore(text, start))
}
