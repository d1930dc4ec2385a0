/** Token counts as Responses writes them. */
import type { Usage } from '../exchange.ts'
import { tokenCount } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'

/** Both detail objects whole, or codex discards the answer (rule 4). */
export function encodeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}

export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(value)) return undefined
  const inputTokens = tokenCount(value['input_tokens'])
  const outputTokens = tokenCount(value['output_tokens'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const { input_tokens_details: input, output_tokens_details: output } = value
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens: isJsonObject(input) ? tokenCount(input['cached_tokens']) : undefined,
    cacheWriteTokens: isJsonObject(input) ? tokenCount(input['cache_write_tokens']) : undefined,
    reasoningTokens: isJsonObject(output) ? tokenCount(output['reasoning_tokens']) : undefined,
  }
}

/** Four characters a token: rough, and only for a backend that counts nothing itself. */
export function estimateUsage(inputTokens: number, outputCharacters: number): Usage {
  return { inputTokens, outputTokens: Math.ceil(outputCharacters / 4) }
}
