/** The canonical answer → a buffered Chat Completions body (reference 2.1). */
import type { ReplyContext } from '../codec.ts'
import { unwrapCustomInput } from '../custom-tool.ts'
import type { ChatChoice, ChatReply, ChatRequest, ToolCall } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { encodeUsage } from './usage.ts'

export function encodeChatReply(reply: ChatReply, context: ReplyContext): string {
  return JSON.stringify({
    id: reply.id || newId('chatcmpl-'),
    object: 'chat.completion',
    created: reply.createdAtSeconds || context.nowSeconds,
    model: reply.model || context.model,
    choices: reply.choices.map((choice) => encodeChoice(choice, context.request)),
    usage: reply.usage && encodeUsage(reply.usage),
  })
}

export function isCustomTool(request: ChatRequest, name: string): boolean {
  return request.tools.some((tool) => tool.kind === 'custom' && tool.name === name)
}

function encodeChoice(choice: ChatChoice, request: ChatRequest): JsonObject {
  const called = choice.toolCalls.length > 0
  return {
    index: choice.index,
    message: {
      role: 'assistant',
      content: called && choice.text === '' ? null : choice.text,
      refusal: choice.refusal ?? null,
      reasoning_content: choice.reasoning,
      tool_calls: called ? choice.toolCalls.map((call) => encodeToolCall(call, request)) : undefined,
    },
    logprobs: choice.logprobs ?? null,
    finish_reason: called && choice.finish === 'stop' ? 'tool_calls' : choice.finish,
  }
}

function encodeToolCall(call: ToolCall, request: ChatRequest): JsonObject {
  const id = call.id || newId('call_')
  if (isCustomTool(request, call.name)) {
    return { id, type: 'custom', custom: { name: call.name, input: unwrapCustomInput(call.arguments) } }
  }
  return { id, type: 'function', function: { name: call.name, arguments: call.arguments } }
}
