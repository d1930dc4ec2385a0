/** Ollama's `/api/embed`, and its older `/api/embeddings`, towards the client. */
import type { ClientCodec } from '../codec.ts'
import { neverStreamed } from '../embeddings/vectors.ts'
import { encodeOllamaError, ollamaErrorStatus } from './client-errors.ts'
import { encodeEmbedReply, encodeLegacyEmbedReply } from './embed-reply-out.ts'
import { decodeEmbedRequest, decodeLegacyEmbedRequest } from './embed-request-in.ts'

const COMMON = {
  streamContentType: 'application/x-ndjson',
  requestIdHeader: 'x-request-id',
  acceptsUntypedBody: true,
  fieldNames: {},
  createStreamEncoder: neverStreamed,
  encodeError: encodeOllamaError,
  errorStatus: ollamaErrorStatus,
} as const

export const ollamaEmbedClientCodec: ClientCodec = {
  ...COMMON,
  protocol: 'ollama-embed',
  decodeRequest: decodeEmbedRequest,
  encodeReply: encodeEmbedReply,
}

export const ollamaEmbeddingsClientCodec: ClientCodec = {
  ...COMMON,
  protocol: 'ollama-embeddings',
  decodeRequest: decodeLegacyEmbedRequest,
  encodeReply: encodeLegacyEmbedReply,
}
