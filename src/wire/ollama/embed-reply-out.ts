/** The canonical vectors → the answers of Ollama's two ways to ask for them (reference 6.7). */
import type { ReplyContext } from '../codec.ts'
import { inputTokensOf, vectorsFor, type Vector } from '../embeddings/vectors.ts'
import type { ChatReply } from '../exchange.ts'

/** A vector of 32-bit floats is of length 1 to about seven digits; it goes out as it came. */
const ROUNDING = 1e-6

export function encodeEmbedReply(reply: ChatReply, context: ReplyContext): string {
  return JSON.stringify({
    model: reply.model || context.model,
    embeddings: vectorsFor(reply, context.request).map(ofLengthOne),
    prompt_eval_count: inputTokensOf(reply, context),
  })
}

/** The old one gives a vector as the model made it. None at all answers a request that only loads the model. */
export function encodeLegacyEmbedReply(reply: ChatReply, context: ReplyContext): string {
  return JSON.stringify({ embedding: vectorsFor(reply, context.request)[0] ?? [] })
}

/**
 * Ollama's clients compare by dot product and count on a length of 1, which not every other backend gives. Divided
 * by the largest value first, since the square of a tiny or huge one is 0 or infinite.
 */
function ofLengthOne(vector: Vector): Vector {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest === 0) return vector
  const length = Math.sqrt(vector.reduce((sum, value) => sum + (value / largest) ** 2, 0))
  if (Math.abs(length * largest - 1) < ROUNDING) return vector
  return vector.map((value) => value / largest / length)
}
