/** `password = …`, `"api_key": "…"`: a telling name, a sign, and a value that looks like a secret. */
import { isWordCode } from '../characters.ts'
import { pairOf, pairTable } from '../pairs.ts'
import { entropyOf, isPlaceholder } from './placeholder.ts'

const NAME_WINDOW = 48
const HYPHEN = 45
const COLON = 58
const EQUALS = 61
const BANG = 33
/** One look at the last word before the sign; most are nothing, and the patterns below need not be tried. */
const TELLING_END =
  /(?:pass|pwd|pw|secret|token|key|credential|bearer|kennwort|passwort|contrase|_pat)[\w-]{0,28}["'`\]) ]{0,3}$/i
const VALUE_WINDOW = 160
const PASSWORD_NAME =
  /(?:^|[^a-z])(?:[a-z0-9]{0,20}[_-])?(?:pass(?:word|wd|phrase|code)?|pwd|pw|kennwort|passwort|contraseña|mot de passe)["'`\]) ]{0,3}$/i
const SECRET_NAME =
  /(?:secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|client[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|license[_-]?key|bearer|credentials?|secret[_-]?key|_key|_pat)(?:[_-][a-z0-9]{1,24})?["'`\]) ]{0,3}$/i
const HARMLESS_NAME =
  /public|csrf|continuation|(?:^|[^a-z])(?:next|page|max|num|count|total|type|name|length|file|path|url|param|foreign|primary|bucket|cache|sort|partition)(?:[^a-z]|$)|(?:name|path|url|type|length|count|id)["' ]*$/i
const VALUE = /^[:=]{1,2}>?\s{0,3}(?:["'`]{1,3}([^"'`\s]{6,140})|([^\s"'`,;(){}[\]]{6,140}))/

export function detectAssignment(text: string, sign: number, kinds: Set<string>): void {
  const before = text.charCodeAt(sign - 1)
  if (before === COLON || before === EQUALS || before === BANG) return
  if (!mayTell(text, sign)) return
  const name = text.slice(Math.max(0, sign - NAME_WINDOW), sign)
  if (!TELLING_END.test(name)) return
  const password = PASSWORD_NAME.test(name)
  if (!password && !(SECRET_NAME.test(name) && !HARMLESS_NAME.test(name.slice(-28)))) return
  const found = VALUE.exec(text.slice(sign, sign + VALUE_WINDOW))
  const value = (found?.[1] ?? found?.[2])?.replace(/[.,;:!?]+$/, '')
  if (value === undefined || !(password ? isPasswordLike(value) : isSecretLike(value))) return
  if (!isPlaceholder(value)) kinds.add(password ? 'password' : 'secret')
}

/** The first two letters of each word in `TELLING_END`. */
const PAIRS = pairTable(['pa', 'pw', 'se', 'to', 'ke', 'cr', 'be', 'co', '_p'])
const MOST_CLOSERS = 3
/** A quote, a bracket or a blank between the name and its sign. */
const CLOSERS = new Set(['"', "'", '`', ']', ')', ' '].map((closer) => closer.charCodeAt(0)))

/** Whether the name before the sign has the beginning of a telling word: in code, nearly every sign ends here. */
function mayTell(text: string, sign: number): boolean {
  let at = sign - 1
  const closersFrom = Math.max(0, sign - MOST_CLOSERS)
  while (at >= closersFrom && CLOSERS.has(text.charCodeAt(at))) at -= 1
  const from = Math.max(0, sign - NAME_WINDOW)
  let next = 0
  for (; at >= from; at -= 1) {
    const code = text.charCodeAt(at)
    if (!isWordCode(code) && code !== HYPHEN) return false
    if (PAIRS[pairOf(code, next)] === 1) return true
    next = code
  }
  return false
}

const SHORTEST_PASSWORD = 6
const LONGEST_PASSWORD = 64

/** What a person would choose: letters with digits or signs, and not an expression. */
function isPasswordLike(value: string): boolean {
  if (
    value.length < SHORTEST_PASSWORD ||
    value.length > LONGEST_PASSWORD ||
    /[(){}[\]]|^[/$%&.~]|::|->/.test(value)
  )
    return false
  return /[a-z]/i.test(value) && /[\d!@#$%^&*+=?]/.test(value) && entropyOf(value) >= 2.2
}

/** What a machine made: long, digits among letters, no structure of a path, a name or a number. */
function isSecretLike(value: string): boolean {
  if (value.length < 16 || /^[a-z][a-z_.-]+$/i.test(value) || /^[\d.,-]+$/.test(value)) return false
  if (/[(){}[\]<>]|:\/\/|^[./~]|\s/.test(value) || UUID.test(value)) return false
  const digits = value.replace(/\D/g, '').length
  return digits >= 3 && /[a-z]/i.test(value) && entropyOf(value) >= 3.2
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i

const SPOKEN = /^pass(?:word|code|phrase)(?:\s{1,2}(?:is|was|es|ist|:))?\s{1,2}["'`]?([^\s"'`,;]{6,64})/i

/** `my password is …`, `login x / password …`: no sign to trigger on, so the word itself does. */
export function detectSpokenPassword(text: string, start: number, kinds: Set<string>): void {
  const value = SPOKEN.exec(text.slice(start, start + 96))?.[1]?.replace(/[.,;:!?]$/, '')
  if (value !== undefined && isPasswordLike(value) && !isPlaceholder(value)) kinds.add('password')
}
