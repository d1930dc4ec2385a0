/** OpenAI's Responses API towards a backend. */
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { passThroughResponsesRequest } from './pass-through.ts'
import { decodeResponsesReply } from './reply-in.ts'
import { encodeResponsesRequest } from './request-out.ts'
import { ResponsesStreamDecoder } from './stream-in.ts'

export const responsesBackendCodec: BackendCodec = {
  protocol: 'responses',
  path: '/responses',
  oneChoice: true,
  encodeRequest: encodeResponsesRequest,
  passThrough: passThroughResponsesRequest,
  decodeReply: decodeResponsesReply,
  createStreamDecoder: () => new ResponsesStreamDecoder(),
  decodeFailure: readFailure,
}
