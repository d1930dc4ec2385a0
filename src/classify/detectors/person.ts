/** A named person in a relation that law or contract protects: patient, client, employee, party of a settlement. */
import { pairOf, pairTable } from '../pairs.ts'

const NAME = String.raw`\p{Lu}[\p{L}'’-]{1,20} (?:\p{Lu}\. )?\p{Lu}[\p{L}'’-]{1,20}`
const WINDOW = 110
const TELLING = new Set([
  'patient',
  'client',
  'employee',
  'insurer',
  'between',
  'salary',
  'custody',
  'policy',
])
const LONGEST = 8
/** Their first two letters, in lower case: rules nearly every other word out for the price of one look. */
const BEGINNINGS = pairTable(TELLING)
const HEALTH = new RegExp(
  String.raw`^(?:patient ${NAME}|employee ${NAME} (?:disclosed|was diagnosed|has been diagnosed|is on)(?=\s)|insurer for ${NAME}|policy holder ${NAME})`,
  'iu',
)
const LEGAL = new RegExp(
  String.raw`^(?:client ${NAME} (?:was|is|has been) (?:arrested|charged|accused|sued|convicted)|between ${NAME} and ${NAME}|employee ${NAME} (?:earns|was rated|was fired))`,
  'iu',
)
const LEGAL_MATTER = /\b(?:divorce|custody|settlement|dispute|lawsuit|will)\b[a-z ]{0,24}$/i
const CAPITAL = /^\p{Lu}/u

export function detectPerson(text: string, start: number, end: number, kinds: Set<string>): void {
  if (end - start > LONGEST || BEGINNINGS[pairOf(text.charCodeAt(start), text.charCodeAt(start + 1))] === 0)
    return
  if (!TELLING.has(text.slice(start, end).toLowerCase())) return
  const window = text.slice(start, start + WINDOW)
  // The patterns ignore case for the words' sake; a name must still be written as one.
  const name = window.slice(end - start + 1)
  if (!CAPITAL.test(name) && !/^(?:for|holder) \p{Lu}/u.test(name)) return
  if (HEALTH.test(window)) kinds.add('health')
  else if (LEGAL.test(window)) {
    if (
      !window.toLowerCase().startsWith('between') ||
      LEGAL_MATTER.test(text.slice(Math.max(0, start - 50), start))
    ) {
      kinds.add('legal_hr')
    }
  }
}
