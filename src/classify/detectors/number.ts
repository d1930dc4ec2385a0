/** Numbers written in digits and separators: cards, phones, social security and other formal numbers. */
import { isDigit, isWordCode } from '../characters.ts'
import { cpf, luhn } from './checksums.ts'
import { labelBefore, textAfter, textBefore } from './context.ts'
import { isBirthDate } from './dates.ts'
import { isPersonalIp } from './ip-address.ts'
import { isPhone } from './phone.ts'

export interface NumberSpan {
  readonly text: string
  readonly start: number
  readonly end: number
  /** As written, separators included. */
  readonly written: string
  readonly digits: string
}

const LONGEST_SPAN = 40
const FEWEST_DIGITS = 5
const SPACE = 32
const OPEN = 40

/**
 * Looks at the numbers that begin at `start` and returns where to look next. A blank both groups the digits of one
 * number and separates two, so each length is tried: a card must be seen with its expiry behind it.
 */
export function detectNumber(text: string, start: number, kinds: Set<string>): number {
  const end = spanEnd(text, start)
  if (end - start < FEWEST_DIGITS) return end
  const written = text.slice(start, end)
  const firstBlank = written.search(BLANK)
  for (let length = written.length; length >= FEWEST_DIGITS; length = lastBlank(written, length)) {
    const part = written.slice(0, length)
    const digits = part.replace(NOT_DIGITS, '')
    if (digits.length < FEWEST_DIGITS) break
    const kind = kindOf({ text, start, end: start + length, written: part, digits })
    if (kind !== null) {
      kinds.add(kind)
      return start + length
    }
  }
  return firstBlank === -1 ? end : start + firstBlank
}

const BLANK = /[\s(]/
const NOT_DIGITS = /\D/g

/** Where the number before the last blank in front of `length` ends. */
function lastBlank(written: string, length: number): number {
  for (let i = length - 1; i > 0; i -= 1) {
    if (written.charCodeAt(i) === SPACE && isDigit(written.charCodeAt(i - 1))) return i
  }
  return 0
}

/** Groups of digits with at most two separators between them, as people write them. */
function spanEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + LONGEST_SPAN)
  let end = start
  for (let i = start; i < limit; i += 1) {
    const code = text.charCodeAt(i)
    if (isDigit(code)) end = i + 1
    else if (i - end >= 2 || !isSeparator(code)) break
  }
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1
  return end
}

/** Space, parentheses, hyphen, dot, slash, and the dashes and spaces that word processors put in. */
function isSeparator(code: number): boolean {
  return (
    code === SPACE || (code >= OPEN && code <= OPEN + 1) || (code >= 45 && code <= 47) || code === 0xa0 || (code >= 0x20_10 && code <= 0x20_15)
  )
}

const SSN = /^(?!000|666|9\d\d)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}$/
const CPF = /^\d{3}\.\d{3}\.\d{3}-\d{2}$/

function kindOf(span: NumberSpan): string | null {
  const { text, start, end, written, digits } = span
  if (isWordCode(text.charCodeAt(end)) && !/^(?:x|ext)/i.test(textAfter(text, end))) return null
  if (isPersonalIp(span)) return 'ip_address'
  if (SSN.test(written)) {
    if (written[3] === '-' || labelBefore(text, start) === 'us_ssn') return 'us_ssn'
  }
  if (CPF.test(written) && cpf(digits)) return 'br_cpf'
  if (isCard(span)) return 'credit_card'
  if (isBirthDate(span)) return 'dob'
  if (isPhone(span)) return 'phone'
  return isLabelled(span)
}

/** Issuer ranges with their lengths: Visa, Mastercard, Amex, Discover, JCB, Diners, Maestro, UnionPay. */
const ISSUER =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|(?:50|5[6-9]|6\d)\d{10,17})$/
const CARD_CONTEXT = /(?:^|[^a-z])(?:cards?|visa|mastercard|amex|maestro|discover|cc|credit|debit)(?:$|[^a-z])/i

function isCard({ text, start, written, digits }: NumberSpan): boolean {
  if (digits.length < 12 || digits.length > 19 || !ISSUER.test(digits)) return false
  if (/[./()]/.test(written)) return false
  if (luhn(digits)) return digits.length >= 13 || CARD_CONTEXT.test(textBefore(text, start))
  return CARD_CONTEXT.test(textBefore(text, start))
}

/** Kinds that only their label tells, with the number of digits they can have. */
const LENGTHS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  us_ssn: [9, 9],
  passport: [6, 10],
  driver_license: [6, 14],
  medical_record: [6, 12],
  ca_sin: [9, 9],
  in_aadhaar: [12, 12],
  br_cpf: [11, 11],
  bank_account: [7, 18],
  credit_card: [12, 19],
  national_id: [7, 14],
}

function isLabelled({ text, start, digits }: NumberSpan): string | null {
  const kind = labelBefore(text, start)
  const range = kind === null ? undefined : LENGTHS[kind]
  if (kind === null || range === undefined) return null
  return digits.length >= range[0] && digits.length <= range[1] ? kind : null
}
