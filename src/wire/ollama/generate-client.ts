/** Ollama's `/api/generate` towards the client. */
import type { ClientCodec } from '../codec.ts'
import { GENERATE_SHAPE } from './answer-shape.ts'
import { decodeGenerateRequest } from './generate-in.ts'
import { ollamaClientCodec } from './ollama-client.ts'
import { decodePreload } from './preload.ts'
import { encodeOllamaReply } from './reply-out.ts'
import { OllamaStreamEncoder } from './stream-out.ts'

export const ollamaGenerateClientCodec: ClientCodec = {
  ...ollamaClientCodec,
  protocol: 'ollama-generate',
  decodeRequest: (body) => decodePreload(body, 'ollama-generate') ?? decodeGenerateRequest(body),
  encodeReply: (reply, context) => encodeOllamaReply(reply, context, GENERATE_SHAPE),
  createStreamEncoder: (context) => new OllamaStreamEncoder(context, GENERATE_SHAPE),
}
