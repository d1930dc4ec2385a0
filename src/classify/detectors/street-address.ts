/** Postal addresses, as far as their form goes: a house number with a street word, or a military or ZIP line. */
import { textBefore } from './context.ts'
import { isWrittenBirthDate } from './dates.ts'

const STREET_AFTER =
  /^[A-Z]?,? (?:[\p{L}\d.'’-]{1,24} ){0,4}?(?:street|st|avenue|ave|road|rd|drive|lane|ln|boulevard|blvd|court|ct|square|sq|terrace|parkway|pkwy|highway|hwy|crescent|close|gardens?|grove|hill|mews|route|way|squares?|ports?|forges?|view|row|[\p{L}-]{2,18}(?:str(?:aße|asse|\.)|gasse|steenweg|laan|straat|gatan|vägen|katu|gracht))\b/iu
const STREET_NAME =
  /(?:\b(?:calle|rua|via|rue|avenida|avenue|ulica|ul\.|trg|viale|piazza|plaza|travessa|quai|boulevard|chemin|largo|place) [\p{L} .'’-]{2,30}|[\p{L}-]{2,24}(?:straße|strasse|str\.|gasse|weg|platz|laan|straat|steenweg|gatan|vägen|katu|utca|vej|gade|braut|vegen|veien))[ ,]{1,2}$/iu
const UNIT = /\b(?:suite|apt\.?|apartment|p\.?\s?o\.? box|psc|unit \d{4} box|(?:apo|fpo|dpo) a[aep])\s$/i
const STATE_ZIP = /,\s?[A-Z]{2}\s$/
const LIVES = /\b(?:lives? at|live at|living at|address(?: is|:|\s*=)|ship (?:it )?to|reside[sd]? at|deliver(?:ed)? to)\s{0,3}["']?$/i
const CAPITALISED = /^[A-Z]?,? (?:[\p{Lu}][\p{L}.'’-]{2,})/u
const AFTER = 90

export function detectStreetAddress(text: string, start: number, end: number, kinds: Set<string>): void {
  const before = textBefore(text, start)
  if (isWrittenBirthDate(text, start, end)) {
    kinds.add('dob')
    return
  }
  if (isAddress(text, before, end)) kinds.add('street_address')
}

function isAddress(text: string, before: string, end: number): boolean {
  const after = text.slice(end, end + AFTER)
  const digits = before.length
  if (UNIT.test(before)) return true
  if (STATE_ZIP.test(before) && /^\b/.test(after) && digits > 0) return true
  if (STREET_NAME.test(before)) return true
  if (LIVES.test(before) && CAPITALISED.test(after)) return true
  return CAPITALISED.test(after) && STREET_AFTER.test(after)
}
