/** Token counts as Responses writes them; both detail objects whole, or codex discards the answer (rule 4). */
import type { Usage } from '../exchange.ts'
import type { JsonObject } from '../json.ts'

export function encodeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}

/** Four characters a token: rough, and only for a backend that counts nothing itself. */
export function estimateUsage(inputTokens: number, outputCharacters: number): Usage {
  return { inputTokens, outputTokens: Math.ceil(outputCharacters / 4) }
}
