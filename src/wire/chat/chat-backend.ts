/** Chat Completions towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { decodeChatReply } from './reply-in.ts'
import { encodeChatRequest } from './request-out.ts'
import { ChatStreamDecoder } from './stream-in.ts'

export const chatBackendCodec: BackendCodec = {
  protocol: 'chat',
  path: '/chat/completions',
  encodeRequest: encodeChatRequest,
  decodeReply: decodeChatReply,
  createStreamDecoder: () => new ChatStreamDecoder(),
  decodeFailure: readFailure,
}
