/** The canonical answer → a buffered message. */
import { argumentsObject } from '../call-arguments.ts'
import type { ReplyContext } from '../codec.ts'
import type { ChatChoice, ChatReply, ToolCall } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { safeCallId } from './call-id.ts'
import { encodeStop } from './stop-reason.ts'
import { encodeThought } from './thinking-blocks.ts'
import { encodeUsage, estimateUsage } from './usage.ts'

const NOTHING: ChatChoice = { index: 0, text: null, toolCalls: [], finish: 'stop' }

export function encodeMessagesReply(reply: ChatReply, context: ReplyContext): string {
  // Messages has one answer; backends give them in any order.
  const choice = reply.choices.find(({ index }) => index === 0) ?? reply.choices[0] ?? NOTHING
  const usage = reply.usage ?? estimateUsage(context.estimatedInputTokens, countCharacters(choice))
  const finish = choice.refusal === undefined ? choice.finish : 'content_filter'
  return JSON.stringify({
    id: messageId(reply.id),
    type: 'message',
    role: 'assistant',
    model: reply.model || context.model,
    content: encodeContent(choice),
    ...encodeStop({ finish, stopSequence: choice.stopSequence }, choice.toolCalls.length > 0),
    usage: encodeUsage(usage),
  })
}

/** A backend's own where it is of this protocol. */
export function messageId(id: string): string {
  return id.startsWith('msg_') ? id : newId('msg_')
}

/** What clients send back with their next call must be valid then: no two empty ids in one turn. */
export function toolUseBlock({ id, name }: Pick<ToolCall, 'id' | 'name'>, input: JsonObject): JsonObject {
  return { type: 'tool_use', id: id === '' ? newId('toolu_') : safeCallId(id), name, input }
}

function encodeContent({
  reasoning = '',
  reasoningSeal,
  text,
  refusal,
  toolCalls,
}: ChatChoice): JsonObject[] {
  const hasThought = reasoning !== '' || reasoningSeal !== undefined
  // Blank text would be refused when it comes back in the history.
  const texts = [text, refusal].filter((text) => typeof text === 'string' && text.trim() !== '')
  return [
    ...(hasThought ? encodeThought({ text: reasoning, seal: reasoningSeal }) : []),
    ...texts.map((text): JsonObject => ({ type: 'text', text })),
    ...toolCalls.map((call) => toolUseBlock(call, argumentsObject(call.arguments))),
  ]
}

function countCharacters({ text, reasoning, refusal, toolCalls }: ChatChoice): number {
  const texts = [text, reasoning, refusal, ...toolCalls.map((call) => call.arguments)]
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
}
