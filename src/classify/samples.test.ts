/**
 * Made-up private data for the tests of this folder. Secrets are put together at run time, so that scanners of this
 * repository find none; numbers carry valid check digits and belong to nobody.
 */
import type { JsonObject } from '../wire/json.ts'
import { readOutgoing } from './outgoing.ts'

export function kindsIn(body: JsonObject): readonly string[] {
  return [...readOutgoing(body, 0).kinds].sort()
}

export function kindsInText(text: string): readonly string[] {
  return kindsIn({ messages: [{ role: 'user', content: text }] })
}

export function isSensitive(body: JsonObject): boolean {
  return kindsIn(body).length > 0
}

/** Puts together what must not stand in one piece here. */
export function glue(...parts: readonly string[]): string {
  return parts.join('')
}

const SCRAMBLED = 'q7Zt2Xw9Lk4Rb8Vn3Mc6Ph1Yd5Gs0JfTuEoAiBeKrWxCz'

/** Random-looking letters and digits. */
export function scrambled(length: number): string {
  return SCRAMBLED.repeat(Math.ceil(length / SCRAMBLED.length)).slice(0, length)
}

export const AWS_KEY = glue('AKIA', 'QZ7XW3LK2RBVNMCP')
export const GITHUB_KEY = glue('ghp', '_', scrambled(36))
export const CARD = ['4539', '5787', '6362', '1486'].join(' ')
export const SSN = ['536', '22', '8714'].join('-')
export const IBAN = ['DE89', '3704', '0044', '0532', '0130', '00'].join(' ')
export const EMAIL = glue('marta.lindholm', '@', 'posteo.net')
export const PHONE = glue('+49 ', '30 9012 3456')

/** Each is sensitive by itself, in any place. */
export const PRIVATE_SAMPLES: readonly string[] = [AWS_KEY, GITHUB_KEY, CARD, SSN, IBAN, EMAIL, PHONE]
