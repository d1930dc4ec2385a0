/** Towards a backend's `/v1/embeddings`. */
import type { EncodedRequest } from '../codec.ts'
import type { ChatRequest } from '../exchange.ts'
import { unsupported } from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { askOf } from './embedding-request.ts'

export function encodeEmbeddingsRequest(request: ChatRequest, model: string): EncodedRequest {
  const { inputs, dimensions } = askOf(request)
  if (inputs.length === 0) throw unsupported('input', 'only Ollama loads a model for an empty input.')
  return {
    body: {
      model,
      // Alone as the client would write it: small servers know the string and not the list of one.
      input: inputs.length === 1 ? inputs[0] : inputs,
      // Base64 would be shorter, but not every server knows it.
      encoding_format: 'float',
      dimensions,
      user: request.user,
    },
    dropped: [],
  }
}

/**
 * The client's own body with the model replaced. Its `encoding_format` stays, left out or not, since the reply's
 * bytes go back as they came. `stream` goes: nothing streams here, and strict servers refuse the key.
 */
export function passThroughEmbeddingsRequest(body: JsonObject, model: string): JsonObject {
  return { ...body, model, stream: undefined }
}
