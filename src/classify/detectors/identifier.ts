/** Letters and digits glued together: IBAN, national insurance numbers, DNI, and whatever a label announces. */
import { dni, mod97 } from './checksums.ts'
import { Context } from './context.ts'

const LONGEST_IBAN_WRITTEN = 44
const IBAN_START = /^[A-Z]{2}\d{2}/i
const IBAN_BODY = /^[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){10,30}/i
const COUNTRY_LENGTHS =
  'AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20'

const NINO = /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Z0-9])/i
const DNI = /^(?:\d{8}|[XYZ]\d{7})[A-HJ-NP-TV-Z]$/
/** What a label can announce: four digits at least, at most three letters in a row. */
const LABELLED = /^(?=(?:[A-Z]*\d){4})[A-Z0-9]{6,18}$/i
const LABELLED_KINDS = new Set([
  'passport',
  'driver_license',
  'medical_record',
  'national_id',
  'es_dni',
  'uk_nino',
  'bank_account',
])

export function detectIdentifier(text: string, start: number, end: number, kinds: Set<string>): void {
  const word = text.slice(start, end)
  if (IBAN_START.test(word)) {
    const window = text.slice(start, start + LONGEST_IBAN_WRITTEN)
    if (isIban(window)) {
      kinds.add('iban')
      return
    }
    if (NINO.test(window)) {
      kinds.add('uk_nino')
      return
    }
  }
  if (DNI.test(word) && dni(word)) {
    kinds.add('es_dni')
    return
  }
  if (!LABELLED.test(word)) return
  const kind = new Context(text, start).label
  if (kind !== null && LABELLED_KINDS.has(kind)) kinds.add(kind)
}

/** `ibanDE89…`: glued to what it is called. */
export function detectGluedIban(text: string, start: number, kinds: Set<string>): void {
  const window = text.slice(start, start + LONGEST_IBAN_WRITTEN)
  if (IBAN_START.test(window) && isIban(window)) kinds.add('iban')
}

function isIban(window: string): boolean {
  const compact = IBAN_BODY.exec(window)?.[0].replace(/[ -]/g, '').toUpperCase()
  if (compact === undefined) return false
  const length = countryLength(compact.slice(0, 2))
  return length !== null && compact.length >= length && mod97(compact.slice(0, length))
}

function countryLength(country: string): number | null {
  for (let at = 0; at < COUNTRY_LENGTHS.length; at += 4) {
    if (COUNTRY_LENGTHS.startsWith(country, at)) return Number(COUNTRY_LENGTHS.slice(at + 2, at + 4))
  }
  return null
}
