/** Vectors as backends give them and clients get them: whole, finite, one for each input. */
import { RouterError } from '../../errors.ts'
import type { ReplyContext } from '../codec.ts'
import type { ChatReply, ChatRequest } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { askOf } from './embedding-request.ts'

export type Vector = readonly number[]

export function notVectors(): RouterError {
  return new RouterError(
    'upstream_error',
    'The backend answered with something that is not a list of vectors, one for each input.',
  )
}

/** `1e999` is valid JSON and infinite; llama.cpp writes a NaN as `null`. Neither can be searched with. */
export function readVector(value: JsonValue | undefined): Vector {
  if (!isJsonArray(value) || value.length === 0 || !value.every(isFiniteNumber)) throw notVectors()
  return value
}

function isFiniteNumber(value: JsonValue): value is number {
  return Number.isFinite(value)
}

export function vectorReply(
  model: string,
  vectors: readonly Vector[],
  inputTokens: number | undefined,
): ChatReply {
  return {
    id: newId('embd-'),
    createdAtSeconds: 0,
    model,
    choices: [],
    usage: inputTokens === undefined ? undefined : { inputTokens, outputTokens: 0 },
    vectors,
  }
}

/** A vector too few would shift all behind it to the wrong text, and nobody would notice. */
export function vectorsFor(reply: ChatReply, request: ChatRequest): readonly Vector[] {
  const { vectors } = reply
  if (vectors === undefined || vectors.length !== askOf(request).inputs.length) throw notVectors()
  return vectors
}

export function inputTokensOf(reply: ChatReply, context: ReplyContext): number {
  return reply.usage?.inputTokens ?? context.estimatedInputTokens
}

/** In the place of the stream functions of a codec: these protocols have no stream. */
export function neverStreamed(): never {
  throw new RouterError('internal_error', 'Embeddings are answered whole; they have no stream.')
}
