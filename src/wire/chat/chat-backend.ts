/** Chat Completions towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { passThroughChatRequest } from './pass-through.ts'
import { decodeChatReply } from './reply-in.ts'
import { encodeChatRequest } from './request-out.ts'
import { ChatStreamDecoder } from './stream-in.ts'

export const chatBackendCodec: BackendCodec = {
  protocol: 'chat',
  path: '/chat/completions',
  encodeRequest: encodeChatRequest,
  passThrough: passThroughChatRequest,
  decodeReply: decodeChatReply,
  createStreamDecoder: () => new ChatStreamDecoder(),
  decodeFailure: readFailure,
}
