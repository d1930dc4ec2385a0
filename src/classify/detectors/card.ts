/** Card numbers in unusual dress: digit by digit, in groups with other signs between, glued to a word. */
import { isDigit } from '../characters.ts'
import { luhn } from './checksums.ts'

/** Issuer ranges with their lengths: Visa, Mastercard, Amex, Discover, JCB, Diners, Maestro, UnionPay. */
const ISSUER =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|(?:50|5[6-9]|6\d)\d{10,17})$/
/** The lengths there are for each first digit, as its code unit: a short look before the digits are put together. */
const ISSUER_LENGTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [50, [16]],
  [51, [14, 15, 16]],
  [52, [13, 16, 19]],
  [53, [12, 13, 14, 15, 16, 17, 18, 19]],
  [54, [12, 13, 14, 15, 16, 17, 18, 19]],
])
const SHORTEST = 13
const LONGEST = 19
const SPACE = 32

export function mayBeCard(firstDigit: number, digitCount: number): boolean {
  return ISSUER_LENGTHS.get(firstDigit)?.includes(digitCount) === true
}

export function isIssued(digits: string): boolean {
  return ISSUER.test(digits)
}

/** `4 5 3 9 …`: each length that its issuer gives out, from this digit on. */
export function isSpelledCard(text: string, start: number): boolean {
  const lengths = ISSUER_LENGTHS.get(text.charCodeAt(start))
  if (lengths === undefined) return false
  let digits = ''
  for (let i = start; digits.length < LONGEST;) {
    const code = text.charCodeAt(i)
    if (isDigit(code)) digits += text[i]
    else if (code !== SPACE || !isDigit(text.charCodeAt(i + 1))) break
    i += 1
  }
  return lengths.some((length) => {
    if (length < SHORTEST || length > digits.length) return false
    const card = digits.slice(0, length)
    return luhn(card) && isIssued(card)
  })
}

const SEPARATOR = '[\\s./_·•|–—-]{1,3}'
const GROUPED = new RegExp(
  String.raw`\d{4}(?:${SEPARATOR}\d{4}${SEPARATOR}\d{4}${SEPARATOR}\d{4}|${SEPARATOR}\d{6}${SEPARATOR}\d{4,5})(?!\d|${SEPARATOR}\d{4}(?!\d))`,
  'y',
)
/** More of the same in front: a column of numbers rather than a card. */
const COLUMN = new RegExp(String.raw`\d{4}${SEPARATOR}$`)
const GROUP_BEFORE = 8

/** `4539.5787.6362.1486`, one group a line, one a cell: four groups, and no fifth. */
export function isGroupedCard(text: string, start: number): boolean {
  if (!ISSUER_LENGTHS.has(text.charCodeAt(start))) return false
  GROUPED.lastIndex = start
  const written = GROUPED.exec(text)?.[0]
  if (written === undefined || COLUMN.test(text.slice(Math.max(0, start - GROUP_BEFORE), start))) return false
  return luhn(written) && isIssued(written.replace(/\D/g, ''))
}

/** `card4539…`: digits right behind a letter, in one piece or in four groups. */
export function isGluedCard(text: string, start: number, end: number): boolean {
  if (end - start === 4)
    return isPlainCard(/^\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?!\w)/.exec(text.slice(start, start + 24))?.[0])
  return end - start >= SHORTEST && end - start <= LONGEST && isPlainCard(text.slice(start, end))
}

function isPlainCard(written: string | undefined): boolean {
  return written !== undefined && luhn(written) && isIssued(written.replace(/\D/g, ''))
}
