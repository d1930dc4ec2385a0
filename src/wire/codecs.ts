/** Which codec speaks which protocol. */
import { chatBackendCodec } from './chat/chat-backend.ts'
import { chatClientCodec } from './chat/chat-client.ts'
import type { BackendCodec, ClientCodec } from './codec.ts'
import { completionsBackendCodec } from './completions/completions-backend.ts'
import { completionsClientCodec } from './completions/completions-client.ts'
import { embeddingsBackendCodec } from './embeddings/embeddings-backend.ts'
import { embeddingsClientCodec } from './embeddings/embeddings-client.ts'
import { messagesBackendCodec } from './messages/messages-backend.ts'
import { messagesClientCodec } from './messages/messages-client.ts'
import { ollamaEmbedBackendCodec } from './ollama/embed-backend.ts'
import { ollamaEmbedClientCodec, ollamaEmbeddingsClientCodec } from './ollama/embed-client.ts'
import { ollamaGenerateBackendCodec } from './ollama/generate-backend.ts'
import { ollamaGenerateClientCodec } from './ollama/generate-client.ts'
import { ollamaBackendCodec } from './ollama/ollama-backend.ts'
import { ollamaClientCodec } from './ollama/ollama-client.ts'
import { responsesBackendCodec } from './responses/responses-backend.ts'
import { responsesClientCodec } from './responses/responses-client.ts'

const CLIENT_CODECS = {
  chat: chatClientCodec,
  completions: completionsClientCodec,
  responses: responsesClientCodec,
  messages: messagesClientCodec,
  ollama: ollamaClientCodec,
  'ollama-generate': ollamaGenerateClientCodec,
  embeddings: embeddingsClientCodec,
  'ollama-embed': ollamaEmbedClientCodec,
  'ollama-embeddings': ollamaEmbeddingsClientCodec,
} as const satisfies Readonly<Record<string, ClientCodec>>

const BACKEND_CODECS = {
  chat: chatBackendCodec,
  completions: completionsBackendCodec,
  responses: responsesBackendCodec,
  messages: messagesBackendCodec,
  ollama: ollamaBackendCodec,
  'ollama-generate': ollamaGenerateBackendCodec,
  embeddings: embeddingsBackendCodec,
  'ollama-embed': ollamaEmbedBackendCodec,
} as const satisfies Readonly<Record<string, BackendCodec>>

/** What clients speak to us. */
export type ClientProtocol = keyof typeof CLIENT_CODECS
/** What we speak to backends. */
export type BackendProtocol = keyof typeof BACKEND_CODECS

export function clientCodec(protocol: ClientProtocol): ClientCodec {
  return CLIENT_CODECS[protocol]
}

export function backendCodec(protocol: BackendProtocol): BackendCodec {
  return BACKEND_CODECS[protocol]
}
