/** What the items of an answer's `output` hold, the same in a buffered answer and in the events of a stream. */
import type { FinishReason, ReasoningSeal } from '../exchange.ts'
import { textOr } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeSeal, isRouterMade } from '../reasoning-seal.ts'
import { flatName } from './tool-names.ts'

/** Parts of one message continue each other; a second message, a second thought or part of one is a new paragraph. */
export const PARAGRAPH = '\n\n'

export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : []
}

export function messageText(item: JsonObject): string | null {
  const texts = textsOf(item['content'], 'text', 'output_text')
  return texts.length === 0 ? null : texts.join('')
}

export function messageRefusal(item: JsonObject): string {
  return textsOf(item['content'], 'refusal', 'refusal').join('')
}

export function messageLogprobs(item: JsonObject): readonly JsonValue[] {
  return objectsOf(item['content']).flatMap(({ logprobs }) => (isJsonArray(logprobs) ? logprobs : []))
}

/** The same thinking twice, in short and in full: servers give one of them, and the short one is meant to be seen. */
export type ReasoningForm = 'summary' | 'content'

export function reasoningText(item: JsonObject, form?: ReasoningForm): string {
  const text = form === 'content' ? '' : textsOf(item['summary'], 'text').join(PARAGRAPH)
  return text !== '' || form === 'summary' ? text : textsOf(item['content'], 'text').join(PARAGRAPH)
}

export function reasoningSeal(item: JsonObject): ReasoningSeal | undefined {
  const text = textOr(item['encrypted_content'], '')
  const seal = decodeSeal(text, 'responses')
  // One that another router of this kind made says itself what it is.
  if (seal === undefined || isRouterMade(text) || reasoningText(item) !== '') return seal
  return { ...seal, redacted: true }
}

/** Undefined while the name is not known. */
export function callName(item: JsonObject): string | undefined {
  const name = textOr(item['name'], '')
  return name === '' ? undefined : flatName(name, textOr(item['namespace'], '') || undefined)
}

export function decodeFinish(response: JsonObject, hasCalls: boolean): FinishReason {
  const { status, incomplete_details: details } = response
  if (status === 'incomplete') {
    return isJsonObject(details) && details['reason'] === 'content_filter' ? 'content_filter' : 'length'
  }
  return hasCalls ? 'tool_calls' : 'stop'
}

/** Ended, but not with an answer. `error: null` stands in every good one. */
export function hasFailed(response: JsonObject): boolean {
  const { status, error } = response
  return status === 'failed' || status === 'cancelled' || (error !== undefined && error !== null)
}

function textsOf(parts: JsonValue | undefined, key: string, type?: string): string[] {
  return objectsOf(parts).flatMap((part) => {
    const text = part[key]
    return typeof text === 'string' && (type === undefined || part['type'] === type) ? [text] : []
  })
}
