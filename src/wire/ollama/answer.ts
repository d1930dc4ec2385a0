/** What a buffered answer and the lines of a stream have in common: the same object, whole or in pieces (6.3). */
import type { FinishReason, ToolCall, Usage } from '../exchange.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

/** Calls always come whole, their arguments as an object. */
export function decodeToolCalls(message: JsonObject): ToolCall[] {
  const calls = isJsonArray(message['tool_calls']) ? message['tool_calls'] : []
  return calls.flatMap((call) => {
    const named = isJsonObject(call) ? call['function'] : undefined
    if (!isJsonObject(call) || !isJsonObject(named) || typeof named['name'] !== 'string') return []
    const value = named['arguments'] ?? {}
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return [{ id: textOr(call['id'], '') || newId('call_'), name: named['name'], arguments: text }]
  })
}

/** `done_reason` stays "stop" when tools were called. */
export function decodeFinish(reason: JsonValue | undefined, hasToolCalls: boolean): FinishReason {
  if (reason === 'length') return 'length'
  return hasToolCalls ? 'tool_calls' : 'stop'
}

/** Ollama leaves out a count of 0. */
export function decodeUsage(answer: JsonObject): Usage {
  const inputTokens = tokenCount(answer['prompt_eval_count']) ?? 0
  return { inputTokens, outputTokens: tokenCount(answer['eval_count']) ?? 0 }
}

/** Chat's form of Ollama's bare list. */
export function decodeLogprobs(answer: JsonObject): JsonValue | undefined {
  const list = answer['logprobs']
  return isJsonArray(list) && list.length > 0 ? { content: list } : undefined
}

/** RFC 3339, or nothing. */
export function decodeCreatedAt(answer: JsonObject): number {
  const milliseconds = Date.parse(textOr(answer['created_at'], ''))
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000)
}
