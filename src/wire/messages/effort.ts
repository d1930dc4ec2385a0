/** `thinking` and `output_config.effort` and the exchange's one word for both (reference 1.6). */
import type { ChatRequest } from '../exchange.ts'
import { optionalNumber, optionalObject, optionalString } from '../fields.ts'
import type { JsonObject } from '../json.ts'

type Thinking = Pick<ChatRequest, 'reasoningEffort' | 'sealedReasoning'>

export function decodeThinking(body: JsonObject): Thinking {
  const thinking = optionalObject(body, 'thinking') ?? {}
  const type = optionalString(thinking, 'type', 'thinking.type')
  const config = optionalObject(body, 'output_config') ?? {}
  const effort = optionalString(config, 'effort', 'output_config.effort')
  switch (type) {
    case undefined:
      return { reasoningEffort: effort }
    case 'disabled':
      return { reasoningEffort: 'none' }
    case 'enabled': {
      const budget = optionalNumber(thinking, 'budget_tokens', 'thinking.budget_tokens')
      return { reasoningEffort: effort ?? effortOf(budget), sealedReasoning: true }
    }
    default:
      return { reasoningEffort: effort, sealedReasoning: true }
  }
}

/** Of clients from before efforts. */
function effortOf(budget: number | undefined): string | undefined {
  if (budget === undefined) return undefined
  if (budget < 4096) return 'low'
  return budget < 16_384 ? 'medium' : 'high'
}

const EFFORTS: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
  ultra: 'max',
}

export type EncodedThinking =
  | { readonly type: 'unset' | 'disabled' | 'unknown' }
  | { readonly type: 'adaptive'; readonly effort: string }

export function encodeEffort(effort: string | undefined): EncodedThinking {
  if (effort === undefined) return { type: 'unset' }
  if (effort === 'none') return { type: 'disabled' }
  const known = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined
  return known === undefined ? { type: 'unknown' } : { type: 'adaptive', effort: known }
}
