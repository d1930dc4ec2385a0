/** `messages` of a Chat Completions request. Runs on every request: no schema library, no copies of text. */
import type { ChatMessage, Role, ToolCall } from '../exchange.ts'
import {
  asObject,
  invalid,
  missing,
  optionalArray,
  optionalString,
  requiredString,
  textOr,
} from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { wrapCustomInput } from '../custom-tool.ts'
import { decodeContent } from './content-in.ts'

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  // OpenAI's newer name; local models' templates only know the old one (reference 2.3).
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  // The predecessor of `tool`: names the function instead of the call.
  function: 'tool',
}

export function decodeMessages(value: JsonValue | undefined): readonly ChatMessage[] {
  if (value === undefined || value === null) throw missing('messages')
  if (!isJsonArray(value) || value.length === 0) throw invalid('messages', 'a non-empty array')
  return value.map(decodeMessage)
}

function decodeMessage(value: JsonValue, index: number): ChatMessage {
  const param = `messages[${index}]`
  const message = asObject(value, param)
  const roleName = requiredString(message, 'role', `${param}.role`)
  const role = Object.hasOwn(ROLES, roleName) ? ROLES[roleName] : undefined
  if (role === undefined) {
    throw invalid(`${param}.role`, 'one of system, developer, user, assistant, tool, function')
  }
  const content = decodeContent(message['content'], `${param}.content`)
  const name = optionalString(message, 'name', `${param}.name`)
  if (role === 'assistant') return { ...decodeAssistant(message, param), content, name }
  if (role !== 'tool') return { role, content, name }
  const toolCallId =
    roleName === 'function'
      ? legacyCallId(name ?? '')
      : optionalString(message, 'tool_call_id', `${param}.tool_call_id`)
  return { role, content, name, toolCallId }
}

function decodeAssistant(message: JsonObject, param: string): Omit<ChatMessage, 'content'> {
  const calls = optionalArray(message, 'tool_calls', `${param}.tool_calls`)
  const legacy = message['function_call']
  let toolCalls: readonly ToolCall[] | undefined
  if (calls !== undefined && calls.length > 0) {
    toolCalls = calls.map((call, at) => decodeToolCall(call, `${param}.tool_calls[${at}]`))
  } else if (legacy !== undefined && legacy !== null) {
    const call = decodeFunction(asObject(legacy, `${param}.function_call`), `${param}.function_call`)
    toolCalls = [{ id: legacyCallId(call.name), ...call }]
  }
  const reasoning = message['reasoning_content'] ?? message['reasoning']
  return {
    role: 'assistant',
    reasoning: typeof reasoning === 'string' && reasoning !== '' ? reasoning : undefined,
    refusal: optionalString(message, 'refusal', `${param}.refusal`),
    toolCalls,
  }
}

/** Ties a legacy `function_call` to the `function` message that answers it: both only carry the name. */
function legacyCallId(name: string): string {
  return `call_${name}`
}

function decodeToolCall(value: JsonValue, param: string): ToolCall {
  const call = asObject(value, param)
  const id = textOr(call['id'], '') || newId('call_')
  if (call['type'] === 'custom') {
    const custom = asObject(call['custom'], `${param}.custom`)
    const name = requiredString(custom, 'name', `${param}.custom.name`)
    return { id, name, arguments: wrapCustomInput(textOr(custom['input'], '')), kind: 'custom' }
  }
  return { id, ...decodeFunction(asObject(call['function'], `${param}.function`), `${param}.function`) }
}

function decodeFunction(call: JsonObject, param: string): { name: string; arguments: string } {
  const name = requiredString(call, 'name', `${param}.name`)
  const value = call['arguments'] ?? ''
  // Some clients send Ollama's form, an object. Text is kept as it is: it may be invalid JSON (rule 12).
  return { name, arguments: typeof value === 'string' ? value : JSON.stringify(value) }
}
