/** Ollama's `/api/embed` towards a backend: its `/v1/embeddings` cannot be kept from cutting a text (6.7). */
import type { BackendCodec, EncodedRequest } from '../codec.ts'
import { askOf } from '../embeddings/embedding-request.ts'
import { neverStreamed, notVectors, readVector, vectorReply } from '../embeddings/vectors.ts'
import type { ChatReply, ChatRequest } from '../exchange.ts'
import { readFailure } from '../failure.ts'
import { textOr, tokenCount, unsupported } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

export const ollamaEmbedBackendCodec: BackendCodec = {
  protocol: 'ollama-embed',
  path: '/api/embed',
  encodeRequest,
  passThrough,
  decodeReply,
  createStreamDecoder: neverStreamed,
  decodeFailure: readFailure,
}

function encodeRequest(request: ChatRequest, model: string): EncodedRequest {
  const { inputs, dimensions } = askOf(request)
  const input = inputs.map((text) => {
    if (typeof text !== 'string') throw unsupported('input', 'Ollama takes text, not token ids.')
    return text
  })
  return { body: { model, input, dimensions, truncate: false }, dropped: [] }
}

/** A text that does not fit is told instead of cut, unless the client itself says which it wants. */
function passThrough(body: JsonObject, model: string): JsonObject {
  return { ...body, truncate: body['truncate'] ?? false, model, stream: undefined }
}

function decodeReply(body: JsonValue): ChatReply {
  if (!isJsonObject(body) || !isJsonArray(body['embeddings'])) throw notVectors()
  const vectors = body['embeddings'].map(readVector)
  return vectorReply(textOr(body['model'], ''), vectors, tokenCount(body['prompt_eval_count']))
}
