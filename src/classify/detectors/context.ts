/**
 * What stands just before a number says what it is. The window is short and is read at most once a number, so that
 * this costs the same everywhere.
 */
const WINDOW = 56
/** Farther from the last letter than this, a number is one of a list and the words are not about it. */
const FARTHEST_LETTER = 26
const AFTER = 24

export function textBefore(text: string, at: number): string {
  return text.slice(Math.max(0, at - WINDOW), at)
}

export function textAfter(text: string, at: number): string {
  return text.slice(at, at + AFTER)
}

/**
 * Identifiers without a check digit, or with one that a typist may get wrong: the label decides. Each pattern must
 * reach to the end of the window with at most a few words between the label and the number.
 */
const GAP = String.raw`(?:\s*(?:numbers?|no|nr|num|id|code|is|es|é|ist|was|reads|of|the|my|for)\b){0,4}[\s.…:#=º°"'([-]{0,6}$`
const LABELS: readonly (readonly [kind: string, words: string])[] = [
  ['us_ssn', 'ssn|social security|social'],
  ['passport', 'passport|reisepass|passeport|pasaporte'],
  [
    'driver_license',
    String.raw`driver'?s?'?’?s? licen[cs]e|driving licen[cs]e|dl|permis de conduire|führerschein`,
  ],
  ['medical_record', 'medical record|mrn|patient|nhs|medicare|health (?:card|insurance)|chart'],
  ['uk_nino', 'national insurance|ni|nino'],
  ['ca_sin', 'social insurance|sin'],
  ['in_aadhaar', 'aadhaar|aadhar'],
  ['br_cpf', 'cpf'],
  ['es_dni', 'dni|nie|nif'],
  [
    'bank_account',
    'bank account|account|acct|a/c|routing|aba|sort code|konto|kontonummer|swift|direct deposit',
  ],
  ['credit_card', 'card|credit card|debit card|visa|mastercard|amex|cc|pan'],
  [
    'national_id',
    'tax id|taxpayer|tin|itin|pesel|personnummer|bsn|curp|national id|identity card|id card|codice fiscale|steuer-?id|identification',
  ],
]
const PATTERNS = LABELS.map(([kind, words]) => ({
  kind,
  pattern: new RegExp(String.raw`(?:^|[^a-z])(?:${words})${GAP}`, 'i'),
}))
/** One look that rules most numbers out before the labels are tried one by one. */
const ANY_LABEL = new RegExp(
  String.raw`(?:^|[^a-z])(?:${LABELS.map(([, words]) => words).join('|')})${GAP}`,
  'i',
)
const PHONE =
  /(?:^|[^a-z])(?:phone|tele?phone|tel|mobile|mobil|cell|call|fax|whatsapp|reach|ring|dial|text|sms|answering|office|desk|hotline|handy|telefon|téléphone|teléfono|móvil|celular|contact number|messages? (?:to|from)|registered)(?:$|[^a-z])[^\n]{0,24}$/i
const CARD = /(?:^|[^a-z])(?:cards?|visa|mastercard|amex|maestro|discover|cc|credit|debit)(?:$|[^a-z])/i

/** Reads the window before one number; each question is answered once, however many lengths of it are tried. */
export class Context {
  readonly #text: string
  readonly #at: number
  /** No letter near enough: nothing the patterns could find. */
  readonly #silent: boolean
  #before: string | undefined
  #label: string | null | undefined
  #phone: boolean | undefined
  #card: boolean | undefined

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
    this.#silent = !hasLetterNear(text, at)
  }

  get before(): string {
    this.#before ??= textBefore(this.#text, this.#at)
    return this.#before
  }

  /** The kind of identifier that the words announce. */
  get label(): string | null {
    if (this.#silent) return null
    if (this.#label === undefined) this.#label = this.#findLabel()
    return this.#label
  }

  get announcesPhone(): boolean {
    this.#phone ??= !this.#silent && PHONE.test(this.before)
    return this.#phone
  }

  get announcesCard(): boolean {
    this.#card ??= !this.#silent && CARD.test(this.before)
    return this.#card
  }

  #findLabel(): string | null {
    if (!ANY_LABEL.test(this.before)) return null
    return PATTERNS.find(({ pattern }) => pattern.test(this.before))?.kind ?? null
  }
}

function hasLetterNear(text: string, at: number): boolean {
  const from = Math.max(0, at - FARTHEST_LETTER)
  for (let i = at - 1; i >= from; i -= 1) {
    const code = text.charCodeAt(i) | 0x20
    if ((code >= 97 && code <= 122) || code > 127) return true
  }
  return false
}
