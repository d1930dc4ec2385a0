/** Where the survey reports that something sensitive may begin; each place goes to the detectors that know it. */
import { isGluedCard, isGroupedCard } from './detectors/card.ts'
import { detectAssignment, detectSpokenPassword } from './detectors/assignment.ts'
import { detectConnectionString } from './detectors/connection-string.ts'
import { detectEmail } from './detectors/email.ts'
import { detectGluedIban, detectIdentifier } from './detectors/identifier.ts'
import { detectNumber } from './detectors/number.ts'
import { detectPerson } from './detectors/person.ts'
import { detectStreetAddress } from './detectors/street-address.ts'
import { detectVendorKey } from './detectors/vendor-key.ts'
import { isWordCode } from './characters.ts'
import type { CandidateSink } from './survey.ts'

const LOWER_CASE = 0x20
const LETTER_P = 112
const COLON = 58
const SLASH = 47
const DOT = 46
const HYPHEN = 45
const UNDERSCORE = 95
/** No vendor's key is shorter. */
const SHORTEST_KEY = 14
const SHORTEST_NUMBER = 5
const CARD_GROUP = 4
/** Letters of a country code. */
const COUNTRY = 2
const LONGEST_IDENTIFIER = 40

export class Candidates implements CandidateSink {
  readonly kinds = new Set<string>()
  /** End of the number last looked at: its groups are not each looked at again. */
  #numberEnd = 0
  #identifierEnd = 0

  /** Call before each text. */
  begin(): void {
    this.#numberEnd = 0
    this.#identifierEnd = 0
  }

  atDigits(text: string, start: number, end: number): void {
    if (start < this.#numberEnd) return
    const before = start === 0 ? 0 : text.charCodeAt(start - 1)
    if (end - start === CARD_GROUP && isGroupedCard(text, start)) this.kinds.add('credit_card')
    if (isWordCode(before)) {
      if (isGluedCard(text, start, end)) this.kinds.add('credit_card')
      this.#atCode(text, start, end)
      return
    }
    this.#numberEnd = Math.max(end, detectNumber(text, start, this.kinds))
    if (end - start <= SHORTEST_NUMBER) detectStreetAddress(text, start, end, this.kinds)
    const after = text.charCodeAt(end)
    if (isWordCode(after)) this.#atCode(text, start, end)
  }

  /** Digits glued to letters: an identifier such as a passport number or an IBAN. */
  #atCode(text: string, start: number, end: number): void {
    if (start < this.#identifierEnd) return
    let from = start
    while (from > 0 && start - from < LONGEST_IDENTIFIER && isLetterOrDigit(text.charCodeAt(from - 1)))
      from -= 1
    let to = end
    while (to - start < LONGEST_IDENTIFIER && isWordCode(text.charCodeAt(to))) to += 1
    this.#identifierEnd = to
    detectIdentifier(text, from, to, this.kinds)
    if (start - from > COUNTRY) detectGluedIban(text, start - COUNTRY, this.kinds)
  }

  /** `password`, `patient`, `client`: told by their first letters before anything else is looked at. */
  atWord(text: string, start: number, end: number): void {
    if ((text.charCodeAt(start) | LOWER_CASE) === LETTER_P) detectSpokenPassword(text, start, this.kinds)
    detectPerson(text, start, end, this.kinds)
  }

  atSign(text: string, at: number): void {
    detectEmail(text, at, this.kinds)
  }

  atAssignment(text: string, at: number): void {
    if (text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === SLASH) {
      detectConnectionString(text, at, this.kinds)
    } else {
      detectAssignment(text, at, this.kinds)
    }
  }

  atLongRun(text: string, start: number, end: number): void {
    detectVendorKey(text, start, this.kinds)
    // A key glued behind a name: `my-AKIA…`, `x_ghp_…`, `file.sk-…`. Any of its joints may be where it begins.
    for (let i = end - SHORTEST_KEY; i > start; i -= 1) {
      const code = text.charCodeAt(i - 1)
      if (code !== DOT && code !== HYPHEN && code !== UNDERSCORE) continue
      detectVendorKey(text, i, this.kinds)
    }
  }
}

/** `IBAN_DE89…`: an identifier begins behind the underscore. */
function isLetterOrDigit(code: number): boolean {
  return code !== UNDERSCORE && isWordCode(code)
}
