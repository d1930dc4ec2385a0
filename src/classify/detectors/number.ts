/** Numbers written in digits and separators: cards, phones, social security and other formal numbers. */
import { isDigit, isWordCode } from '../characters.ts'
import { isIssued, isSpelledCard, mayBeCard } from './card.ts'
import { cpf, luhn } from './checksums.ts'
import { Context, textAfter } from './context.ts'
import { isBirthDate } from './dates.ts'
import { isPersonalIp } from './ip-address.ts'
import { NumberSpan } from './number-span.ts'
import { isPhone } from './phone.ts'

const LONGEST_SPAN = 40
const FEWEST_DIGITS = 5
const MOST_DIGITS = 19
/** Digits a run of single ones is looked at for; what is beyond is a column of them. */
const MOST_SPELLED_OUT = 64
const SPACE = 32
const OPEN = 40
const HYPHEN = 45
const SLASH = 47
const NO_BREAK_SPACE = 0xa0
const FIRST_DASH = 0x20_10
const LAST_DASH = 0x20_15

/**
 * Looks at the numbers that begin at `start` and returns where to look next. A blank both groups the digits of one
 * number and separates two, so each length is tried: a card must be seen with its expiry behind it.
 */
export function detectNumber(text: string, start: number, kinds: Set<string>): number {
  if (isSpelledOut(text, start)) return detectSpelledOut(text, start, kinds)
  const end = spanEnd(text, start)
  if (end - start < FEWEST_DIGITS) return end
  const span = new NumberSpan(text, start, end, new Context(text, start))
  while (span.digitCount >= FEWEST_DIGITS) {
    const kind = span.digitCount > MOST_DIGITS ? null : kindOf(span)
    if (kind !== null) {
      kinds.add(kind)
      return span.end
    }
    span.shorten()
  }
  return firstBlank(text, start, end)
}

/**
 * Digit by digit, `4 5 3 9 …`: looked at for a card only, before anything is put together, and in one go from its
 * first digit: a column of digits would else cost as much as a page.
 */
function detectSpelledOut(text: string, start: number, kinds: Set<string>): number {
  let at = start
  for (let count = 0; isDigit(text.charCodeAt(at)); count += 1) {
    if (count < MOST_SPELLED_OUT && isSpelledCard(text, at)) kinds.add('credit_card')
    if (text.charCodeAt(at + 1) !== SPACE || !isDigit(text.charCodeAt(at + 2))) return at + 1
    // The last single digit may have a number behind it.
    if (isDigit(text.charCodeAt(at + 3))) return at + 1
    at += 2
  }
  return at
}

/** Whether three digits follow, each with a blank behind it. */
function isSpelledOut(text: string, start: number): boolean {
  for (let i = start; i < start + 6; i += 2) {
    if (!isDigit(text.charCodeAt(i)) || text.charCodeAt(i + 1) !== SPACE) return false
  }
  return true
}

/** Where the first group ends. */
function firstBlank(text: string, start: number, end: number): number {
  for (let i = start; i < end; i += 1) {
    const code = text.charCodeAt(i)
    if (code === SPACE || code === OPEN || code === NO_BREAK_SPACE) return i
  }
  return end
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
  if (code === SPACE || code === OPEN || code === OPEN + 1 || (code >= HYPHEN && code <= SLASH)) return true
  return code === NO_BREAK_SPACE || (code >= FIRST_DASH && code <= LAST_DASH)
}

const SSN = /^(?!000|666|9\d\d)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}$/
const SSN_DIGITS = 9
const CPF = /^\d{3}\.\d{3}\.\d{3}-\d{2}$/
const CPF_DIGITS = 11
const EXTENSION = /^(?:x|ext)/i

function kindOf(span: NumberSpan): string | null {
  const { text, end, digitCount, context } = span
  if (isWordCode(text.charCodeAt(end)) && !EXTENSION.test(textAfter(text, end))) return null
  const punctuated = span.isPunctuated
  if (punctuated && isPersonalIp(span)) return 'ip_address'
  if (digitCount === SSN_DIGITS && SSN.test(span.written)) {
    if (span.written[3] === '-' || context.label === 'us_ssn') return 'us_ssn'
  }
  if (digitCount === CPF_DIGITS && CPF.test(span.written) && cpf(span.digits)) return 'br_cpf'
  if (isCard(span)) return 'credit_card'
  if (punctuated && isBirthDate(span)) return 'dob'
  if (isPhone(span)) return 'phone'
  return labelledKind(span)
}

const SHORTEST_CARD = 12
const NOT_IN_CARD = /[./()]/

function isCard(span: NumberSpan): boolean {
  const { text, start, digitCount, context } = span
  if (digitCount < SHORTEST_CARD || !mayBeCard(text.charCodeAt(start), digitCount)) return false
  // The check digit first: it is the cheaper question, and rules nine of ten out.
  if (!(digitCount > SHORTEST_CARD && luhn(span.written)) && !context.announcesCard) return false
  return isIssued(span.digits) && !NOT_IN_CARD.test(span.written)
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

function labelledKind({ digitCount, context }: NumberSpan): string | null {
  const kind = context.label
  const range = kind === null ? undefined : LENGTHS[kind]
  if (kind === null || range === undefined) return null
  return digitCount >= range[0] && digitCount <= range[1] ? kind : null
}
