/** `stop_reason` and the finish of the exchange (reference 4). */
import type { FinishReason } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'

export interface Stop {
  readonly finish: FinishReason
  readonly stopSequence?: string | undefined
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
}

/** Of `stop_reason` and `stop_sequence` in `holder`. */
export function decodeStop(holder: JsonObject, hasToolCalls: boolean): Stop {
  const { stop_reason: reason, stop_sequence: sequence } = holder
  const finish = knownFinish(reason) ?? (hasToolCalls ? 'tool_calls' : 'stop')
  return reason === 'stop_sequence' && typeof sequence === 'string'
    ? { finish, stopSequence: sequence }
    : { finish }
}

function knownFinish(reason: JsonValue | undefined): FinishReason | undefined {
  return typeof reason === 'string' && Object.hasOwn(FINISH, reason) ? FINISH[reason] : undefined
}

/** Agents' loops go by the calls: some backends say `stop` after one, and `tool_use` without one has no answer. */
export function encodeStop({ finish, stopSequence }: Stop, hasToolCalls: boolean): JsonObject {
  if (finish === 'length') return { stop_reason: 'max_tokens', stop_sequence: null }
  if (finish === 'content_filter') return { stop_reason: 'refusal', stop_sequence: null }
  if (hasToolCalls) return { stop_reason: 'tool_use', stop_sequence: null }
  if (stopSequence === undefined) return { stop_reason: 'end_turn', stop_sequence: null }
  return { stop_reason: 'stop_sequence', stop_sequence: stopSequence }
}
