/** Anthropic's Messages API towards the client. */
import type { ClientCodec } from '../codec.ts'
import { encodeMessagesError, messagesErrorStatus } from './error-out.ts'
import { encodeMessagesReply } from './reply-out.ts'
import { decodeMessagesRequest } from './request-in.ts'
import { MessagesStreamEncoder } from './stream-out.ts'

export const messagesClientCodec: ClientCodec = {
  protocol: 'messages',
  streamContentType: 'text/event-stream',
  requestIdHeader: 'request-id',
  bareTerminal: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  tokenCount: {
    // `max_tokens` is no part of such a request.
    decodeRequest: (body) => decodeMessagesRequest({ max_tokens: 1, ...body }),
    encodeReply: (inputTokens) => JSON.stringify({ input_tokens: inputTokens }),
  },
  fieldNames: {
    stop: 'stop_sequences',
    responseFormat: 'output_config.format',
    reasoningEffort: 'output_config.effort',
    parallelToolCalls: 'tool_choice.disable_parallel_tool_use',
    choiceCount: 'n',
  },
  decodeRequest: decodeMessagesRequest,
  encodeReply: encodeMessagesReply,
  createStreamEncoder: (context) => new MessagesStreamEncoder(context),
  encodeError: encodeMessagesError,
  errorStatus: messagesErrorStatus,
}
