/** OpenAI's `/v1/embeddings` towards the client. */
import type { ClientCodec } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import { encodeEmbeddingsReply } from './reply-out.ts'
import { decodeEmbeddingsRequest } from './request-in.ts'
import { neverStreamed } from './vectors.ts'

export const embeddingsClientCodec: ClientCodec = {
  protocol: 'embeddings',
  streamContentType: 'text/event-stream',
  requestIdHeader: 'x-request-id',
  fieldNames: {},
  decodeRequest: decodeEmbeddingsRequest,
  encodeReply: encodeEmbeddingsReply,
  createStreamEncoder: neverStreamed,
  encodeError: encodeErrorEnvelope,
  errorStatus: (error) => error.status,
}
