/** Ollama's native chat towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { decodeOllamaReply } from './reply-in.ts'
import { passThroughOllamaRequest } from './pass-through.ts'
import { encodeOllamaRequest } from './request-out.ts'
import { OllamaStreamDecoder } from './stream-in.ts'

export const ollamaBackendCodec: BackendCodec = {
  protocol: 'ollama',
  path: '/api/chat',
  oneChoice: true,
  encodeRequest: encodeOllamaRequest,
  passThrough: passThroughOllamaRequest,
  decodeReply: (body) => decodeOllamaReply(body),
  createStreamDecoder: () => new OllamaStreamDecoder(),
  decodeFailure: readFailure,
}
