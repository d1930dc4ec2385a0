/** Ollama's native chat towards the client. */
import type { ClientCodec } from '../codec.ts'
import { CHAT_SHAPE } from './answer-shape.ts'
import { encodeOllamaError, ollamaErrorStatus } from './client-errors.ts'
import { decodePreload } from './preload.ts'
import { encodeOllamaReply } from './reply-out.ts'
import { decodeOllamaRequest } from './request-in.ts'
import { OLLAMA_FIELD_NAMES } from './settings-in.ts'
import { OllamaStreamEncoder } from './stream-out.ts'

export const ollamaClientCodec: ClientCodec = {
  protocol: 'ollama',
  streamContentType: 'application/x-ndjson',
  requestIdHeader: 'x-request-id',
  acceptsUntypedBody: true,
  fieldNames: OLLAMA_FIELD_NAMES,
  decodeRequest: (body) => decodePreload(body, 'ollama') ?? decodeOllamaRequest(body),
  encodeReply: (reply, context) => encodeOllamaReply(reply, context, CHAT_SHAPE),
  createStreamEncoder: (context) => new OllamaStreamEncoder(context, CHAT_SHAPE),
  encodeError: encodeOllamaError,
  errorStatus: ollamaErrorStatus,
}
