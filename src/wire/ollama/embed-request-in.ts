/** Ollama's `/api/embed`, and `/api/embeddings` that was before it, → the canonical request. */
import { embeddingRequest, optionalDimensions } from '../embeddings/embedding-request.ts'
import type { ChatRequest } from '../exchange.ts'
import { invalid, optionalBoolean, optionalObject, optionalString } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'

export function decodeEmbedRequest(body: JsonObject): ChatRequest {
  // 0 is how Go clients write that nothing is set.
  const dimensions = body['dimensions'] === 0 ? undefined : optionalDimensions(body)
  const dropped = notCarried(body)
  // Here too long a text is refused, never cut; who asked for the cut is told when no Ollama does it.
  if (optionalBoolean(body, 'truncate') === true) dropped.push('truncate')
  return embeddingRequest(modelOf(body), { inputs: decodeInput(body['input']), dimensions }, { dropped })
}

export function decodeLegacyEmbedRequest(body: JsonObject): ChatRequest {
  const inputs = decodeInput(optionalString(body, 'prompt'))
  return embeddingRequest(modelOf(body), { inputs }, { dropped: notCarried(body) })
}

function modelOf(body: JsonObject): string {
  return optionalString(body, 'model') ?? ''
}

/** Nothing, "" and [] load the model and give no vector. An empty text among others does get one. */
function decodeInput(input: JsonValue | undefined): readonly string[] {
  if (input === undefined || input === null || input === '') return []
  if (typeof input === 'string') return [input]
  if (!isJsonArray(input)) throw invalid('input', 'a string or an array of strings')
  return input.map((value, index) => {
    if (typeof value !== 'string') throw invalid(`input[${index}]`, 'a string')
    return value
  })
}

function notCarried(body: JsonObject): string[] {
  const names: string[] = []
  if (Object.keys(optionalObject(body, 'options') ?? {}).length > 0) names.push('options')
  if (body['keep_alive'] !== undefined && body['keep_alive'] !== null) names.push('keep_alive')
  return names
}
