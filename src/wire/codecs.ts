/** Which codec speaks which protocol. */
import { chatBackendCodec } from './chat/chat-backend.ts'
import { chatClientCodec } from './chat/chat-client.ts'
import type { BackendCodec, ClientCodec } from './codec.ts'
import { ollamaBackendCodec } from './ollama/ollama-backend.ts'
import { responsesClientCodec } from './responses/responses-client.ts'

export type ClientProtocol = 'chat' | 'responses'
export type BackendProtocol = 'chat' | 'ollama'

const CLIENT_CODECS: Readonly<Record<ClientProtocol, ClientCodec>> = {
  chat: chatClientCodec,
  responses: responsesClientCodec,
}

const BACKEND_CODECS: Readonly<Record<BackendProtocol, BackendCodec>> = {
  chat: chatBackendCodec,
  ollama: ollamaBackendCodec,
}

export function clientCodec(protocol: ClientProtocol): ClientCodec {
  return CLIENT_CODECS[protocol]
}

export function backendCodec(protocol: BackendProtocol): BackendCodec {
  return BACKEND_CODECS[protocol]
}
