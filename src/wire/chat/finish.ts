/** `finish_reason`: OpenAI's five words, and what servers of the dialect say instead. */
import type { FinishReason } from '../exchange.ts'
import type { JsonValue } from '../json.ts'

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  tool_use: 'tool_calls',
  content_filter: 'content_filter',
  safety: 'content_filter',
}

/** Some servers say `stop` after a tool call, and agents' loops end on it (reference 2.2). */
export function decodeFinish(value: JsonValue | undefined, hasToolCalls: boolean): FinishReason {
  const reason = typeof value === 'string' && Object.hasOwn(REASONS, value) ? REASONS[value] : undefined
  if (reason === undefined || reason === 'stop') return hasToolCalls ? 'tool_calls' : 'stop'
  return reason
}
