/** Legacy Completions towards a backend: for its own clients, and for prompts that are to be continued. */
import { passThroughChatRequest } from '../chat/pass-through.ts'
import type { BackendCodec } from '../codec.ts'
import { readFailure } from '../failure.ts'
import { decodeCompletionsReply } from './reply-in.ts'
import { encodeCompletionsRequest } from './request-out.ts'
import { CompletionsStreamDecoder } from './stream-in.ts'

export const completionsBackendCodec: BackendCodec = {
  protocol: 'completions',
  path: '/completions',
  encodeRequest: encodeCompletionsRequest,
  // The successor kept these fields' names and rules.
  passThrough: passThroughChatRequest,
  decodeReply: decodeCompletionsReply,
  createStreamDecoder: () => new CompletionsStreamDecoder(),
  decodeFailure: readFailure,
}
