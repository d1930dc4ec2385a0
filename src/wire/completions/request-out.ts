/** A prompt that is to be continued → a legacy Completions body, built from empty. */
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type { ChatRequest, DroppableField } from '../exchange.ts'
import { unsupported } from '../fields.ts'
import type { JsonObject } from '../json.ts'

/** OpenAI refuses keys it does not know. */
const NO_FORM: readonly DroppableField[] = [
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'responseFormat',
  'topK',
  'reasoningEffort',
]

export function encodeCompletionsRequest(request: ChatRequest, model: string): EncodedRequest {
  const { completion } = request
  if (completion === undefined) throw unsupported('messages', 'this only continues a prompt.')
  const body: JsonObject = {
    model,
    prompt: completion.prompt,
    suffix: completion.suffix,
    stream: request.stream,
    // Always asked for: it is what records count with.
    stream_options: request.stream ? { include_usage: true } : undefined,
    max_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    seed: request.seed,
    stop: request.stop,
    n: request.choiceCount,
    logprobs: request.logprobs === true ? (request.topLogprobs ?? 0) : undefined,
    user: request.user,
  }
  return { body, dropped: droppedOf(request, NO_FORM) }
}
