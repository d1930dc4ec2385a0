/**
 * What chat and generate are told in the same words: how to answer, apart from what is asked. No `num_ctx`: another
 * value than last time reloads the model (rule 15).
 */
import type { ChatRequest, ResponseFormat } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'

/** Reference 1.6. Ollama's top level is `max`; what it does not know is left to the model. */
const THINK: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
  ultra: 'max',
}

export function encodeSettings(request: ChatRequest): JsonObject {
  return {
    // Ollama streams when nothing is said.
    stream: request.stream,
    format: encodeFormat(request.responseFormat),
    think: encodeThink(request.reasoningEffort),
    // Its default drops the oldest messages without a word; this makes it answer 400 (6.4).
    truncate: false,
    logprobs: request.logprobs,
    top_logprobs: request.topLogprobs,
    options: encodeOptions(request),
  }
}

function encodeFormat(format: ResponseFormat | undefined): JsonValue | undefined {
  if (format === undefined || format.type === 'text') return undefined
  return format.type === 'json_object' ? 'json' : format.schema
}

function encodeThink(effort: string | undefined): boolean | string | undefined {
  return effort !== undefined && Object.hasOwn(THINK, effort) ? THINK[effort] : undefined
}

function encodeOptions(request: ChatRequest): JsonObject | undefined {
  const options: JsonObject = {
    num_predict: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    seed: request.seed,
    stop: request.stop,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
  }
  return Object.values(options).some((value) => value !== undefined) ? options : undefined
}
