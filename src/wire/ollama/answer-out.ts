/** The parts of an answer as Ollama writes them; what reads them is `answer.ts`. */
import { argumentsObject } from '../call-arguments.ts'
import type { ReplyContext } from '../codec.ts'
import type { FinishReason, ToolCall, Usage } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

/** What every answer and every line of a stream opens with. */
export function encodeHead(model: string, createdAtSeconds: number, context: ReplyContext): JsonObject {
  const created = new Date((createdAtSeconds || context.nowSeconds) * 1000)
  // A backend's figure may be no date at all.
  const valid = Number.isNaN(created.getTime()) ? new Date(context.nowSeconds * 1000) : created
  return { model: model || context.model, created_at: valid.toISOString() }
}

export function encodeToolCalls(calls: readonly ToolCall[]): JsonValue | undefined {
  if (calls.length === 0) return undefined
  return calls.map(({ id, name, arguments: text }, index) => ({
    id: id || newId('call_'),
    function: { index, name, arguments: argumentsObject(text) },
  }))
}

/** Nanoseconds. */
export function encodeDuration(milliseconds: number): number {
  return Math.round(milliseconds * 1e6)
}

/** `done_reason` knows two words, and stays "stop" when tools were called. */
export function encodeFinish(finish: FinishReason | undefined): string {
  return finish === 'length' ? 'length' : 'stop'
}

/** Four characters a token where the backend counted nothing: clients divide by these. */
export function encodeUsage(usage: Usage | undefined, context: ReplyContext, characters: number): JsonObject {
  return {
    prompt_eval_count: usage?.inputTokens ?? context.estimatedInputTokens,
    eval_count: usage?.outputTokens ?? Math.ceil(characters / 4),
  }
}

/** Ollama's bare list of chat's form. */
export function encodeLogprobs(logprobs: JsonValue | undefined): JsonValue | undefined {
  const list = isJsonObject(logprobs) ? logprobs['content'] : undefined
  return isJsonArray(list) && list.length > 0 ? list : undefined
}
