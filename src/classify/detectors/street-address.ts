/** Postal addresses, as far as their form goes: a house number with a street word, or a military or ZIP line. */
import { isDigit, isWordCode } from '../characters.ts'
import { textBefore } from './context.ts'
import { isWrittenBirthDate } from './dates.ts'

const STREET_AFTER =
  /^[A-Z]?,? (?:\d{1,5} )?(?:[\p{L}\d.…'’-]{1,24} ){0,4}?(?:street|st|avenue|ave|road|rd|drive|lane|ln|boulevard|blvd|court|ct|square|sq|terrace|parkway|pkwy|highway|hwy|crescent|close|gardens?|grove|hill|mews|route|way|squares?|ports?|forges?|view|row|[\p{L}-]{2,18}(?:str(?:aße|asse|\.)|gasse|steenweg|laan|straat|gatan|vägen|katu|gracht))\b/iu
const STREET_NAME =
  /\b(?:calle|rua|via|rue|avenida|avenue|ulica|ul\.|trg|viale|piazza|plaza|travessa|quai|boulevard|chemin|largo|place) [\p{L} .…'’-]{2,30}[ ,]{1,2}$/iu
/** `Lindenstraße `: two letters in front are enough to make it a name. */
const STREET_ENDING =
  /[\p{L}-]{2}(?:straße|strasse|str\.|gasse|weg|platz|laan|straat|steenweg|gatan|vägen|katu|utca|vej|gade|braut|vegen|veien)[ ,]{1,2}$/iu
const LONGEST_ENDING = 14
const UNIT = /\b(?:suite|apt\.?|apartment|p\.?\s?o\.? box|psc|unit \d{4} box|(?:apo|fpo|dpo) a[aep])\s$/i
const STATE_ZIP = /,\s?[A-Z]{2}\s$/
const LIVES =
  /\b(?:lives? at|live at|living at|address(?: is|:|\s*=)(?:\s{0,8})?|ship (?:it )?to|reside[sd]? at|deliver(?:ed)? to)\s{0,3}["']?$/i
const CAPITALISED = /^[A-Z]?,? (?:\d{1,5} )?(?:[\p{Lu}][\p{L}.…'’-]{2,})/u
const AFTER = 90
const SPACE = 32
const COMMA = 44
const UPPER_A = 65
const UPPER_Z = 90
const LAST_ASCII = 127
/** `, . :` and a further blank. */
const BEFORE_NUMBER = new Set([0x2c, 0x2e, 0x3a, 0x20])

/** A number in an address stands between words; one in code or in a table does not, and costs no pattern. */
function standsInAddress(text: string, start: number, end: number): boolean {
  const next = text.charCodeAt(end)
  const glued = next === COMMA || isWordCode(next)
  if ((glued || next === SPACE) && isCapital(text.charCodeAt(glued ? end + 2 : end + 1))) return true
  if (text.charCodeAt(start - 1) !== SPACE) return false
  const before = text.charCodeAt(start - 2)
  if (isDigit(before)) return false
  return before > LAST_ASCII || isWordCode(before) || BEFORE_NUMBER.has(before)
}

function isCapital(code: number): boolean {
  return (code >= UPPER_A && code <= UPPER_Z) || code > LAST_ASCII
}

export function detectStreetAddress(text: string, start: number, end: number, kinds: Set<string>): void {
  if (!standsInAddress(text, start, end)) return
  const before = textBefore(text, start)
  if (isWrittenBirthDate(text, start, end)) {
    kinds.add('dob')
    return
  }
  if (isAddress(text, before, start, end)) kinds.add('street_address')
}

function isAddress(text: string, before: string, start: number, end: number): boolean {
  const near = text.charCodeAt(start - 1)
  if (near <= SPACE || near > LAST_ASCII) {
    if (UNIT.test(before)) return true
    if (isCapital(text.charCodeAt(start - 2)) && STATE_ZIP.test(before)) return true
  }
  if ((near === SPACE || near === COMMA) && isStreetName(before)) return true
  const after = text.slice(end, end + AFTER)
  return CAPITALISED.test(after) && (LIVES.test(before) || STREET_AFTER.test(after))
}

function isStreetName(before: string): boolean {
  return STREET_NAME.test(before) || STREET_ENDING.test(before.slice(-LONGEST_ENDING))
}
