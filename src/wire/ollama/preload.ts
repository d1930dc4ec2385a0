/**
 * A request with nothing to answer: Ollama's way of loading a model ahead of time, or of unloading it
 * (`keep_alive: 0`). It is answered as Ollama does and goes nowhere: which backend will answer the request that
 * follows is decided by what that one asks.
 */
import type { ChatRequest } from '../exchange.ts'
import { missing, textOr } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import type { AnswerShape } from './answer-shape.ts'
import { CHAT_SHAPE, GENERATE_SHAPE } from './answer-shape.ts'

/** Seconds, or a duration as Go writes it. */
const NO_TIME = /^0+(?:\.0*)?(?:ns|us|µs|ms|s|m|h)?$/

/** A request that is answered without a model; null for a body that asks for more. */
export function decodePreload(body: JsonObject, protocol: 'ollama' | 'ollama-generate'): ChatRequest | null {
  const model = textOr(body['model'], '')
  if (preloadAnswer(body, model, 0, protocol) === null) return null
  // Nothing to answer and nothing to load: what was meant to be sent was not.
  if (model === '') throw missing('model')
  const ready = (nowSeconds: number): string => preloadAnswer(body, model, nowSeconds, protocol) ?? ''
  return { model, messages: [], stream: false, includeUsage: false, tools: [], dropped: [], ready }
}

/** The JSON text to answer with, streamed or not; null for a body that asks for an answer. */
export function preloadAnswer(
  body: JsonObject,
  model: string,
  nowSeconds: number,
  protocol: 'ollama' | 'ollama-generate' = Object.hasOwn(body, 'messages') ? 'ollama' : 'ollama-generate',
): string | null {
  const isChat = protocol === 'ollama'
  const isPreload = isChat ? isEmpty(body['messages']) : isEmpty(body['prompt']) && isEmpty(body['images'])
  if (!isPreload) return null
  const shape: AnswerShape = isChat ? CHAT_SHAPE : GENERATE_SHAPE
  return JSON.stringify({
    model,
    created_at: new Date(nowSeconds * 1000).toISOString(),
    ...shape.write({ content: '' }),
    done: true,
    done_reason: isZero(body['keep_alive']) ? 'unload' : 'load',
  })
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return isJsonArray(value) && value.length === 0
}

function isZero(keepAlive: JsonValue | undefined): boolean {
  return keepAlive === 0 || (typeof keepAlive === 'string' && NO_TIME.test(keepAlive))
}
