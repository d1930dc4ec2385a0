/** Blocks that hold thinking, and the seal in each: `signature`, or the whole of a redacted one's `data`. */
import type { ReasoningSeal } from '../exchange.ts'
import { textOr } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeSeal, encodeSeal, isRouterMade } from '../reasoning-seal.ts'

/** One block of thinking; with its text, its seal, or both. */
export interface Thought {
  readonly text: string
  readonly seal: ReasoningSeal | undefined
}

/** Undefined for a block of another kind. */
export function decodeThought(block: JsonObject): Thought | undefined {
  if (block['type'] === 'thinking') {
    return { text: textOr(block['thinking'], ''), seal: decodeSignature(block['signature']) }
  }
  if (block['type'] === 'redacted_thinking') return { text: '', seal: decodeRedacted(block['data']) }
  return undefined
}

export function decodeSignature(value: JsonValue | undefined): ReasoningSeal | undefined {
  return decodeSeal(textOr(value, ''), 'messages')
}

function decodeRedacted(value: JsonValue | undefined): ReasoningSeal | undefined {
  const seal = decodeSignature(value)
  return seal && { ...seal, redacted: true }
}

/**
 * Several thoughts as the exchange has them: one text. A seal is of one block as it was, so of several joined ones
 * none would fit.
 */
export function joinThoughts(thoughts: readonly Thought[]): {
  readonly reasoning?: string | undefined
  readonly reasoningSeal?: ReasoningSeal | undefined
} {
  const texts = thoughts.flatMap(({ text }) => (text === '' ? [] : [text]))
  const reasoning = texts.length > 0 ? texts.join('\n\n') : undefined
  const [only] = thoughts
  return { reasoning, reasoningSeal: thoughts.length === 1 ? only?.seal : undefined }
}

/** For a client: every seal, whoever made it, so that it comes back with the next turn. */
export function encodeThought({ text, seal }: Thought): JsonObject[] {
  if (seal?.redacted !== true) return [thinkingBlock(text, encodeSeal(seal, 'messages'))]
  const data = seal.origin === 'messages' ? seal.value : encodeSeal(seal, 'messages')
  const redacted = { type: 'redacted_thinking', data }
  return text === '' ? [redacted] : [thinkingBlock(text, encodeSeal(undefined, 'messages')), redacted]
}

/** For a provider: thinking under a seal of its own, or not at all. */
export function replayThought({ text, seal }: Thought): JsonObject[] {
  if (seal?.origin !== 'messages') return []
  if (seal.redacted === true) return [{ type: 'redacted_thinking', data: seal.value }]
  return [thinkingBlock(text, seal.value)]
}

/** Stands under a mark of the router's: no provider knows it as it is. */
export function isMarked(block: JsonObject): boolean {
  const key = block['type'] === 'thinking' ? 'signature' : 'data'
  return decodeThought(block) !== undefined && isRouterMade(textOr(block[key], ''))
}

function thinkingBlock(thinking: string, signature: string): JsonObject {
  return { type: 'thinking', thinking, signature }
}
