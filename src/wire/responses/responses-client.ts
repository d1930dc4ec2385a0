/** OpenAI's Responses API towards the client; there is no backend side, since every backend speaks chat better. */
import type { ClientCodec } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import { encodeResponsesReply } from './reply-out.ts'
import { decodeResponsesRequest } from './request-in.ts'
import { ResponsesStreamEncoder } from './stream-out.ts'

export const responsesClientCodec: ClientCodec = {
  protocol: 'responses',
  streamContentType: 'text/event-stream',
  decodeRequest: decodeResponsesRequest,
  encodeReply: encodeResponsesReply,
  createStreamEncoder: (context) => new ResponsesStreamEncoder(context),
  encodeError: encodeErrorEnvelope,
}
