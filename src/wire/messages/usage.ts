/** Token counts as Messages writes them: `input_tokens` are only those that came from no cache. */
import type { Usage } from '../exchange.ts'
import { tokenCount } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'

export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(value)) return undefined
  const fresh = tokenCount(value['input_tokens'])
  const outputTokens = tokenCount(value['output_tokens'])
  const cachedInputTokens = tokenCount(value['cache_read_input_tokens'])
  const cacheWriteTokens = tokenCount(value['cache_creation_input_tokens'])
  if (fresh === undefined && outputTokens === undefined) return undefined
  const details = value['output_tokens_details']
  return {
    inputTokens: (fresh ?? 0) + (cachedInputTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: outputTokens ?? 0,
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens: isJsonObject(details) ? tokenCount(details['thinking_tokens']) : undefined,
  }
}

export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens } = usage
  return {
    input_tokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens),
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens: outputTokens,
    output_tokens_details: reasoningTokens === undefined ? undefined : { thinking_tokens: reasoningTokens },
  }
}

/** Four characters a token: rough, and only for a backend that counts nothing itself. */
export function estimateUsage(inputTokens: number, outputCharacters: number): Usage {
  return { inputTokens, outputTokens: Math.ceil(outputCharacters / 4) }
}
