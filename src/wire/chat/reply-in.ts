/** A buffered Chat Completions answer, as OpenAI, llama.cpp, vLLM and Ollama's `/v1` write it. */
import { RouterError } from '../../errors.ts'
import type { ChatChoice, ChatReply, ToolCall } from '../exchange.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { wrapCustomInput } from '../custom-tool.ts'
import { decodeFinish } from './finish.ts'
import { decodeUsage } from './usage.ts'

function notAnAnswer(): RouterError {
  return new RouterError(
    'upstream_error',
    'The backend answered with something that is not a chat completion.',
  )
}

export function decodeChatReply(body: JsonValue): ChatReply {
  if (!isJsonObject(body) || !isJsonArray(body['choices']) || body['choices'].length === 0)
    throw notAnAnswer()
  return {
    id: textOr(body['id'], '') || newId('chatcmpl-'),
    createdAtSeconds: tokenCount(body['created']) ?? 0,
    model: textOr(body['model'], ''),
    choices: body['choices'].map(decodeChoice),
    usage: decodeUsage(body['usage']),
  }
}

function decodeChoice(value: JsonValue, position: number): ChatChoice {
  const message = isJsonObject(value) ? value['message'] : undefined
  if (!isJsonObject(value) || !isJsonObject(message)) throw notAnAnswer()
  const toolCalls = decodeToolCalls(message)
  const reasoning = textOr(message['reasoning_content'] ?? message['reasoning'], '')
  const refusal = textOr(message['refusal'], '')
  return {
    index: tokenCount(value['index']) ?? position,
    text: typeof message['content'] === 'string' ? message['content'] : null,
    reasoning: reasoning || undefined,
    refusal: refusal || undefined,
    toolCalls,
    finish: decodeFinish(value['finish_reason'], toolCalls.length > 0),
    logprobs: value['logprobs'] ?? undefined,
  }
}

function decodeToolCalls(message: JsonObject): ToolCall[] {
  const calls = isJsonArray(message['tool_calls']) ? message['tool_calls'] : []
  const decoded = calls.flatMap((call) => (isJsonObject(call) ? decodeToolCall(call) : []))
  const legacy = message['function_call']
  return decoded.length === 0 && isJsonObject(legacy) ? decodeToolCall({ function: legacy }) : decoded
}

function decodeToolCall(call: JsonObject): ToolCall[] {
  const id = textOr(call['id'], '') || newId('call_')
  const custom = call['custom']
  if (isJsonObject(custom) && typeof custom['name'] === 'string') {
    return [
      { id, name: custom['name'], arguments: wrapCustomInput(textOr(custom['input'], '')), kind: 'custom' },
    ]
  }
  const named = call['function']
  if (!isJsonObject(named) || typeof named['name'] !== 'string') return []
  const value = named['arguments'] ?? ''
  return [{ id, name: named['name'], arguments: typeof value === 'string' ? value : JSON.stringify(value) }]
}
