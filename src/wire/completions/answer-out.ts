/** The parts that a buffered completion and the chunks of a streamed one share. */
import type { ReplyContext } from '../codec.ts'
import type { FinishReason, Usage } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'

export interface AnswerOrigin {
  readonly id: string
  readonly model: string
  readonly createdAtSeconds: number
}

/** A chat backend's id under this protocol's prefix: the same one can still be looked for in its log. */
export function encodeHead({ id, model, createdAtSeconds }: AnswerOrigin, context: ReplyContext): JsonObject {
  return {
    id: (id.startsWith('chatcmpl-') ? id.slice('chat'.length) : id) || newId('cmpl-'),
    object: 'text_completion',
    created: createdAtSeconds || context.nowSeconds,
    model: model || context.model,
  }
}

/** No tools here, so no calls. */
export function encodeFinish(finish: FinishReason): string {
  return finish === 'tool_calls' ? 'stop' : finish
}

export function encodeUsage({ inputTokens, outputTokens }: Usage): JsonObject {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}
