/** Words just before a number that say what it is. The window is short, so this costs the same everywhere. */
const WINDOW = 56

export function textBefore(text: string, at: number): string {
  return text.slice(Math.max(0, at - WINDOW), at)
}

const AFTER = 24

export function textAfter(text: string, at: number): string {
  return text.slice(at, at + AFTER)
}

/**
 * Identifiers without a check digit, or with one that a typist may get wrong: the label decides. Each pattern must
 * reach to the end of the window with at most a few words between the label and the number.
 */
const GAP = String.raw`(?:\s*(?:numbers?|no|nr|num|id|code|is|es|é|ist|was|reads|of|the|my|for)\b)*[\s.:#=º°"'([-]*$`
const LABELS: readonly (readonly [kind: string, words: string])[] = [
  ['us_ssn', 'ssn|social security|social'],
  ['passport', 'passport|reisepass|passeport|pasaporte'],
  ['driver_license', String.raw`driver'?s?'?’?s? licen[cs]e|driving licen[cs]e|dl|permis de conduire|führerschein`],
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
const ANY_LABEL = new RegExp(String.raw`(?:^|[^a-z])(?:${LABELS.map(([, words]) => words).join('|')})${GAP}`, 'i')

/** The kind of identifier that the words before `at` announce. */
export function labelBefore(text: string, at: number): string | null {
  const before = textBefore(text, at)
  if (!ANY_LABEL.test(before)) return null
  return PATTERNS.find(({ pattern }) => pattern.test(before))?.kind ?? null
}
