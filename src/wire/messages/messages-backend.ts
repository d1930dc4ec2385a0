/** Anthropic's Messages API towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { passThroughMessagesRequest } from './pass-through.ts'
import { decodeMessagesReply } from './reply-in.ts'
import { encodeMessagesRequest } from './request-out.ts'
import { MessagesStreamDecoder } from './stream-in.ts'

export const messagesBackendCodec: BackendCodec = {
  protocol: 'messages',
  path: '/messages',
  oneChoice: true,
  encodeRequest: encodeMessagesRequest,
  passThrough: passThroughMessagesRequest,
  decodeReply: decodeMessagesReply,
  createStreamDecoder: () => new MessagesStreamDecoder(),
  decodeFailure: readFailure,
}
