/** An answer of a backend's `/v1/embeddings`, as OpenAI, llama.cpp, vLLM and others write it. */
import type { ChatReply } from '../exchange.ts'
import { textOr, tokenCount } from '../fields.ts'
import type { JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeVector } from './base64.ts'
import { notVectors, vectorReply, type Vector } from './vectors.ts'

export function decodeEmbeddingsReply(body: JsonValue): ChatReply {
  if (!isJsonObject(body) || !isJsonArray(body['data']) || body['data'].length === 0) throw notVectors()
  return vectorReply(textOr(body['model'], ''), inIndexOrder(body['data']), decodeInputTokens(body['usage']))
}

/** The order is that of `index`; a server that writes none means the order of the list. */
function inIndexOrder(data: readonly JsonValue[]): readonly Vector[] {
  const vectors = new Map<number, Vector>()
  data.forEach((entry, position) => {
    if (!isJsonObject(entry)) throw notVectors()
    vectors.set(tokenCount(entry['index']) ?? position, decodeVector(entry['embedding']))
  })
  return data.map((_, index) => {
    const vector = vectors.get(index)
    if (vector === undefined) throw notVectors()
    return vector
  })
}

/** Some servers count only `total_tokens`: without output it is the same. */
function decodeInputTokens(usage: JsonValue | undefined): number | undefined {
  if (!isJsonObject(usage)) return undefined
  return tokenCount(usage['prompt_tokens']) ?? tokenCount(usage['total_tokens'])
}
