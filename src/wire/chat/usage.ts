/** Token counts as Chat Completions writes them. */
import type { Usage } from '../exchange.ts'
import { tokenCount } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'

function detail(usage: JsonObject, group: string, key: string): number | undefined {
  const details = usage[group]
  return isJsonObject(details) ? tokenCount(details[key]) : undefined
}

export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(value)) return undefined
  const inputTokens = tokenCount(value['prompt_tokens'])
  const outputTokens = tokenCount(value['completion_tokens'])
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens: detail(value, 'prompt_tokens_details', 'cached_tokens'),
    reasoningTokens: detail(value, 'completion_tokens_details', 'reasoning_tokens'),
  }
}

export function encodeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  }
}
