/** Chat Completions towards the client. */
import type { ClientCodec } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import { encodeChatReply } from './reply-out.ts'
import { decodeChatRequest } from './request-in.ts'
import { ChatStreamEncoder } from './stream-out.ts'

export const chatClientCodec: ClientCodec = {
  protocol: 'chat',
  streamContentType: 'text/event-stream',
  requestIdHeader: 'x-request-id',
  fieldNames: { choiceCount: 'n' },
  usageIsOptional: true,
  bareTerminal: 'data: [DONE]\n\n',
  decodeRequest: decodeChatRequest,
  encodeReply: encodeChatReply,
  createStreamEncoder: (context) => new ChatStreamEncoder(context),
  encodeError: encodeErrorEnvelope,
  errorStatus: (error) => error.status,
}
