/** Ollama's `/api/generate` towards a backend: for its own clients, and for prompts that are to be continued. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { GENERATE_SHAPE } from './answer-shape.ts'
import { encodeGenerateRequest } from './generate-out.ts'
import { passThroughOllamaRequest } from './pass-through.ts'
import { decodeOllamaReply } from './reply-in.ts'
import { OllamaStreamDecoder } from './stream-in.ts'

export const ollamaGenerateBackendCodec: BackendCodec = {
  protocol: 'ollama-generate',
  path: '/api/generate',
  oneChoice: true,
  encodeRequest: encodeGenerateRequest,
  passThrough: passThroughOllamaRequest,
  decodeReply: (body) => decodeOllamaReply(body, GENERATE_SHAPE),
  createStreamDecoder: () => new OllamaStreamDecoder(GENERATE_SHAPE),
  decodeFailure: readFailure,
}
