/** A buffered Responses answer → the one choice it is. */
import { RouterError } from '../../errors.ts'
import { wrapCustomInput } from '../custom-tool.ts'
import type { ChatChoice, ChatReply, ToolCall } from '../exchange.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import {
  callName,
  decodeFinish,
  hasFailed,
  messageLogprobs,
  messageRefusal,
  messageText,
  objectsOf,
  PARAGRAPH,
  reasoningSeal,
  reasoningText,
} from './output-in.ts'
import { decodeUsage } from './usage.ts'

export function decodeResponsesReply(body: JsonValue): ChatReply {
  if (!isJsonObject(body) || hasFailed(body) || !isJsonArray(body['output'])) {
    throw new RouterError('upstream_error', 'The backend answered with something that is not a response.')
  }
  return {
    id: textOr(body['id'], '') || newId('resp_'),
    createdAtSeconds: tokenCount(body['created_at']) ?? 0,
    model: textOr(body['model'], ''),
    choices: [decodeChoice(body)],
    usage: decodeUsage(body['usage']),
  }
}

function decodeChoice(body: JsonObject): ChatChoice {
  const items = objectsOf(body['output'])
  const messages = items.filter(({ type }) => type === 'message')
  const thoughts = items.filter(({ type }) => type === 'reasoning')
  const texts = messages.map(messageText).filter((text) => text !== null)
  const logprobs = messages.flatMap(messageLogprobs)
  const toolCalls = items.flatMap(decodeCall)
  const [thought] = thoughts
  return {
    index: 0,
    text: texts.length === 0 ? null : paragraphs(texts),
    reasoning: paragraphs(thoughts.map((item) => reasoningText(item))) || undefined,
    // A seal is of its own piece of thinking, and would not fit several joined.
    reasoningSeal: thought !== undefined && thoughts.length === 1 ? reasoningSeal(thought) : undefined,
    refusal: paragraphs(messages.map(messageRefusal)) || undefined,
    toolCalls,
    finish: decodeFinish(body, toolCalls.length > 0),
    logprobs: logprobs.length === 0 ? undefined : { content: logprobs },
  }
}

function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(PARAGRAPH)
}

/** Nothing for what is no call, those of hosted tools included: the provider has run them itself. */
function decodeCall(item: JsonObject): ToolCall[] {
  const isCustom = item['type'] === 'custom_tool_call'
  const name = callName(item)
  if ((item['type'] !== 'function_call' && !isCustom) || name === undefined) return []
  const id = textOr(item['call_id'], '') || textOr(item['id'], '') || newId('call_')
  const namespace = textOr(item['namespace'], '') || undefined
  if (!isCustom) return [{ id, name, arguments: textOr(item['arguments'], ''), namespace, kind: 'function' }]
  return [{ id, name, arguments: wrapCustomInput(textOr(item['input'], '')), namespace, kind: 'custom' }]
}
