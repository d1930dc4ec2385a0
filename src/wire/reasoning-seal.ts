/**
 * How a seal of one provider travels through a client that speaks another's protocol: as an opaque string in the
 * place where that protocol keeps its own (`signature`, `encrypted_content`), marked so that it is known again when
 * the client sends it back (reference rule 9).
 */
import type { ReasoningSeal } from './exchange.ts'

const MARK = 'llr1.'
/** Clients replay thinking only when something stands in the place of the seal; a local model's has none. */
const NO_SEAL = `${MARK}none`
const REDACTED = 'redacted.'

/** For a client whose protocol is `own`. */
export function encodeSeal(seal: ReasoningSeal | undefined, own: ReasoningSeal['origin']): string {
  if (seal === undefined) return NO_SEAL
  if (seal.origin === own && seal.redacted !== true) return seal.value
  return `${MARK}${seal.origin}.${seal.redacted === true ? REDACTED : ''}${seal.value}`
}

/** What `own`'s client sent back; undefined when it seals nothing. */
export function decodeSeal(text: string, own: ReasoningSeal['origin']): ReasoningSeal | undefined {
  if (text === '') return undefined
  if (!isRouterMade(text)) return { origin: own, value: text }
  for (const origin of ['messages', 'responses'] as const) {
    const prefix = `${MARK}${origin}.`
    if (!text.startsWith(prefix)) continue
    const rest = text.slice(prefix.length)
    return rest.startsWith(REDACTED)
      ? { origin, value: rest.slice(REDACTED.length), redacted: true }
      : { origin, value: rest }
  }
  return undefined
}

/** Such a string means nothing to a provider: on passing through, the thinking it stands beside stays here. */
export function isRouterMade(seal: string): boolean {
  return seal.startsWith(MARK)
}
