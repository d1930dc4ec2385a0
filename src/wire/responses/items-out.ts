/** Messages → `instructions` and `input`: a chat turn is one message, a Responses turn many items (reference 1.3). */
import { argumentsText } from '../call-arguments.ts'
import type { ChatMessage, ContentPart } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { partsText } from '../prepare-messages.ts'
import { safeCallId } from './call-id.ts'
import { encodeInputParts } from './content-out.ts'

export interface EncodedInput {
  readonly instructions: string | undefined
  readonly input: readonly JsonObject[]
}

export function encodeInput(messages: readonly ChatMessage[]): EncodedInput {
  const end = messages.findIndex(({ role }) => role !== 'system')
  // A conversation of system messages alone stays input: a request without any is refused.
  const count = end === -1 ? 0 : end
  const leading = messages.slice(0, count).map(({ content }) => partsText(content))
  const calls = new OpenCalls()
  return {
    instructions: leading.join('\n\n') || undefined,
    input: messages.slice(count).flatMap((message) => encodeMessage(message, calls)),
  }
}

/** Calls that wait for their output, so that an output without an id finds the one it answers. */
class OpenCalls {
  readonly #ids: string[] = []

  add(id: string): string {
    const safe = safeCallId(id)
    this.#ids.push(safe)
    return safe
  }

  answer(id: string | undefined): string {
    const safe = id ? safeCallId(id) : (this.#ids[0] ?? newId('call_'))
    const at = this.#ids.indexOf(safe)
    if (at !== -1) this.#ids.splice(at, 1)
    return safe
  }
}

function encodeMessage(message: ChatMessage, calls: OpenCalls): JsonObject[] {
  const { role, content } = message
  if (role === 'assistant') return encodeAssistant(message, calls)
  if (role !== 'tool') return [{ type: 'message', role, content: encodeInputParts(content) }]
  const call_id = calls.answer(message.toolCallId)
  return [{ type: 'function_call_output', call_id, output: encodeOutput(content) }]
}

function encodeOutput(content: readonly ContentPart[]): JsonValue {
  return content.every(({ type }) => type === 'text') ? partsText(content) : encodeInputParts(content)
}

function encodeAssistant(message: ChatMessage, calls: OpenCalls): JsonObject[] {
  const said: JsonObject[] = message.content.flatMap((part) =>
    part.type === 'text' ? [{ type: 'output_text', text: part.text }] : [],
  )
  if (message.refusal) said.push({ type: 'refusal', refusal: message.refusal })
  const items: JsonObject[] = (message.toolCalls ?? []).map((call) => ({
    type: 'function_call',
    call_id: calls.add(call.id),
    name: call.name,
    arguments: argumentsText(call.arguments),
  }))
  if (said.length > 0) items.unshift({ type: 'message', role: 'assistant', content: said })
  // Thinking that nothing follows is refused.
  return items.length === 0 ? [] : [...encodeReasoning(message), ...items]
}

/** Only with the provider's own seal: it refuses or ignores thinking that it cannot open. */
function encodeReasoning({ reasoning, reasoningSeal: seal }: ChatMessage): JsonObject[] {
  if (seal?.origin !== 'responses') return []
  const summary = reasoning ? [{ type: 'summary_text', text: reasoning }] : []
  return [{ type: 'reasoning', summary, encrypted_content: seal.value }]
}
