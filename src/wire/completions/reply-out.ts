/** The canonical answer → a buffered completion. Thinking and calls have no place in one. */
import type { ReplyContext } from '../codec.ts'
import type { ChatReply } from '../exchange.ts'
import { encodeFinish, encodeHead, encodeUsage } from './answer-out.ts'
import { encodeLogprobs } from './logprobs.ts'

export function encodeCompletionsReply(reply: ChatReply, context: ReplyContext): string {
  return JSON.stringify({
    ...encodeHead(reply, context),
    choices: reply.choices.map(({ text, refusal, index, logprobs, finish }) => ({
      text: `${text ?? ''}${refusal ?? ''}`,
      index,
      logprobs: encodeLogprobs(logprobs, 0),
      finish_reason: encodeFinish(finish),
    })),
    usage: reply.usage && encodeUsage(reply.usage),
  })
}
