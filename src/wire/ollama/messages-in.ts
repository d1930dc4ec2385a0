/** `messages` of Ollama's native chat → the canonical ones. The other way round is `messages-out.ts`. */
import type { ChatMessage, ContentPart, Role } from '../exchange.ts'
import { asObject, invalid, missing, optionalString, requiredString } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { decodeToolCalls } from './answer.ts'
import { decodeImages } from './images-in.ts'
import { OpenCalls } from './open-calls.ts'

const ROLES: ReadonlySet<string> = new Set<Role>(['system', 'user', 'assistant', 'tool'])

export function decodeMessages(value: JsonValue | undefined): readonly ChatMessage[] {
  if (value === undefined || value === null) throw missing('messages')
  if (!isJsonArray(value) || value.length === 0) throw invalid('messages', 'a non-empty array')
  const open = new OpenCalls()
  return value.map((item, index) => {
    const param = `messages[${index}]`
    return decodeMessage(asObject(item, param), param, open)
  })
}

function decodeMessage(message: JsonObject, param: string, open: OpenCalls): ChatMessage {
  const role = requiredString(message, 'role', `${param}.role`)
  if (!isRole(role)) throw invalid(`${param}.role`, 'one of system, user, assistant, tool')
  const content = decodeContent(message, 'content', param)
  if (role === 'user') open.nextTurn()
  if (role === 'assistant') return { ...decodeAssistant(message, param, open), content }
  if (role !== 'tool') return { role, content }
  const name = nonEmpty(optionalString(message, 'tool_name', `${param}.tool_name`))
  const id = nonEmpty(optionalString(message, 'tool_call_id', `${param}.tool_call_id`))
  return { role, content, name, toolCallId: open.answer(id, name) }
}

function decodeAssistant(message: JsonObject, param: string, open: OpenCalls): Omit<ChatMessage, 'content'> {
  const toolCalls = decodeToolCalls(message)
  open.add(toolCalls)
  return {
    role: 'assistant',
    reasoning: nonEmpty(optionalString(message, 'thinking', `${param}.thinking`)),
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
  }
}

/** Text under `key` and `images` beside it, in the order in which Ollama shows them to a model: images first. */
export function decodeContent(holder: JsonObject, key: string, param = ''): readonly ContentPart[] {
  const place = (name: string) => (param === '' ? name : `${param}.${name}`)
  const images = decodeImages(holder, place('images'))
  const text = nonEmpty(optionalString(holder, key, place(key)))
  return text === undefined ? images : [...images, { type: 'text', text }]
}

function isRole(name: string): name is Role {
  return ROLES.has(name)
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
