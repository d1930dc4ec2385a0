/** The canonical answer → a buffered Responses envelope. */
import type { ReplyContext } from '../codec.ts'
import type { ChatChoice, ChatReply } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { encodeSeal } from '../reasoning-seal.ts'
import { callFacts, callJson } from './call-item.ts'
import { logprobList, messageContent, messageJson } from './message-item.ts'
import { newReasoningId, reasoningJson } from './reasoning-item.ts'
import { includes } from './request-in.ts'
import { incompleteReason, ResponseObject } from './response-object.ts'
import { ToolNames } from './tool-names.ts'
import { encodeUsage, estimateUsage } from './usage.ts'

export function encodeResponsesReply(reply: ChatReply, context: ReplyContext): string {
  // Responses has one answer; backends give them in any order.
  const choice = reply.choices.find(({ index }) => index === 0) ?? reply.choices[0]
  const reason = incompleteReason(choice?.finish ?? 'stop')
  const usage =
    reply.usage ?? estimateUsage(context.estimatedInputTokens, choice ? countCharacters(choice) : 0)
  return new ResponseObject(context, { model: reply.model }).toJson({
    status: reason === undefined ? 'completed' : 'incomplete',
    completedAt: reason === undefined ? context.nowSeconds : undefined,
    incompleteReason: reason,
    output: choice === undefined ? [] : encodeItems(choice, context, reason !== undefined),
    outputText: choice?.text ?? '',
    usage: encodeUsage(usage),
  })
}

function countCharacters(choice: ChatChoice): number {
  const texts = [
    choice.text,
    choice.reasoning,
    choice.refusal,
    ...choice.toolCalls.map((call) => call.arguments),
  ]
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
}

function encodeItems(choice: ChatChoice, { body }: ReplyContext, cut: boolean): JsonObject[] {
  const items: JsonObject[] = []
  const { reasoning = '', reasoningSeal } = choice
  const isSealed = includes(body, 'reasoning.encrypted_content')
  if (reasoning !== '' || (isSealed && reasoningSeal !== undefined)) {
    const encrypted = isSealed ? encodeSeal(reasoningSeal, 'responses') : undefined
    items.push(reasoningJson(newReasoningId(), reasoning, encrypted))
  }
  const text = choice.text ?? ''
  const hasMessage = text.trim() !== '' || choice.refusal !== undefined
  // An answer of nothing at all is still a message; cut or with calls it is not.
  if (hasMessage || (choice.toolCalls.length === 0 && !(cut && items.length > 0))) {
    const logprobs = includes(body, 'message.output_text.logprobs') ? logprobList(choice.logprobs) : []
    const status = cut && choice.toolCalls.length === 0 ? 'incomplete' : 'completed'
    items.push(messageJson(newId('msg_'), status, messageContent(text, choice.refusal, logprobs)))
  }
  const names = new ToolNames(body)
  choice.toolCalls.forEach((call, index) => {
    const isLast = index === choice.toolCalls.length - 1
    const facts = callFacts(call.id, names.origin(call.name))
    items.push(callJson(facts, call.arguments, cut && isLast ? 'incomplete' : 'completed'))
  })
  return items
}
