/** Legacy Completions towards the client: a prompt that is continued, as editors and evaluation tools still ask. */
import type { ClientCodec } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import { encodeCompletionsReply } from './reply-out.ts'
import { decodeCompletionsRequest } from './request-in.ts'
import { CompletionsStreamEncoder } from './stream-out.ts'

export const completionsClientCodec: ClientCodec = {
  protocol: 'completions',
  streamContentType: 'text/event-stream',
  requestIdHeader: 'x-request-id',
  usageIsOptional: true,
  bareTerminal: 'data: [DONE]\n\n',
  // One number says both here.
  fieldNames: { choiceCount: 'n', topLogprobs: 'logprobs' },
  decodeRequest: decodeCompletionsRequest,
  encodeReply: encodeCompletionsReply,
  createStreamEncoder: (context) => new CompletionsStreamEncoder(context),
  encodeError: encodeErrorEnvelope,
  errorStatus: (error) => error.status,
}
