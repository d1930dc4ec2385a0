/** Ollama's native chat towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { decodeOllamaReply } from './reply-in.ts'
import { encodeOllamaRequest } from './request-out.ts'
import { OllamaStreamDecoder } from './stream-in.ts'

export const ollamaBackendCodec: BackendCodec = {
  protocol: 'ollama',
  path: '/api/chat',
  encodeRequest: encodeOllamaRequest,
  decodeReply: decodeOllamaReply,
  createStreamDecoder: () => new OllamaStreamDecoder(),
  decodeFailure: readFailure,
}
