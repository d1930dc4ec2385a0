/**
 * The canonical answer → a buffered answer of Ollama's native API. Of the durations only the whole is told: how long
 * the backend loaded and read is not known here, and a made-up figure would be taken for a speed.
 */
import type { ReplyContext } from '../codec.ts'
import type { ChatReply } from '../exchange.ts'
import {
  encodeDuration,
  encodeFinish,
  encodeHead,
  encodeLogprobs,
  encodeToolCalls,
  encodeUsage,
} from './answer-out.ts'
import type { AnswerShape } from './answer-shape.ts'

export function encodeOllamaReply(reply: ChatReply, context: ReplyContext, shape: AnswerShape): string {
  const choice = reply.choices[0]
  // There is no word for a refusal: it is what the model said.
  const content = `${choice?.text ?? ''}${choice?.refusal ?? ''}`
  const thinking = choice?.reasoning
  return JSON.stringify({
    ...encodeHead(reply.model, reply.createdAtSeconds, context),
    ...shape.write({ content, thinking, tool_calls: encodeToolCalls(choice?.toolCalls ?? []) }),
    logprobs: encodeLogprobs(choice?.logprobs),
    done: true,
    done_reason: encodeFinish(choice?.finish),
    total_duration: encodeDuration(context.elapsedMs()),
    ...encodeUsage(reply.usage, context, content.length + (thinking?.length ?? 0)),
  })
}
