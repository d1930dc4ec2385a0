/** OpenAI's Responses API towards the client. */
import type { ClientCodec } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import { encodeResponsesReply } from './reply-out.ts'
import { decodeResponsesRequest } from './request-in.ts'
import { ResponsesStreamEncoder } from './stream-out.ts'

export const responsesClientCodec: ClientCodec = {
  protocol: 'responses',
  streamContentType: 'text/event-stream',
  requestIdHeader: 'x-request-id',
  keepAliveOpens: true,
  tokenCount: {
    decodeRequest: decodeResponsesRequest,
    encodeReply: (inputTokens) =>
      JSON.stringify({ object: 'response.input_tokens', input_tokens: inputTokens }),
  },
  fieldNames: { responseFormat: 'text.format', reasoningEffort: 'reasoning.effort' },
  decodeRequest: decodeResponsesRequest,
  encodeReply: encodeResponsesReply,
  createStreamEncoder: (context) => new ResponsesStreamEncoder(context),
  encodeError: encodeErrorEnvelope,
  errorStatus: (error) => error.status,
}
