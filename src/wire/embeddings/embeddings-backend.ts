/** OpenAI's `/v1/embeddings` towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { decodeEmbeddingsReply } from './reply-in.ts'
import { encodeEmbeddingsRequest, passThroughEmbeddingsRequest } from './request-out.ts'
import { neverStreamed } from './vectors.ts'

export const embeddingsBackendCodec: BackendCodec = {
  protocol: 'embeddings',
  path: '/embeddings',
  encodeRequest: encodeEmbeddingsRequest,
  passThrough: passThroughEmbeddingsRequest,
  decodeReply: decodeEmbeddingsReply,
  createStreamDecoder: neverStreamed,
  decodeFailure: readFailure,
}
