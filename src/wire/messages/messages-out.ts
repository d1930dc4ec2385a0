/** Messages of the exchange → `system` and turns that alternate, the user's first (reference 7). */
import { argumentsObject } from '../call-arguments.ts'
import type { ChatMessage, ToolCall } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { partsText } from '../prepare-messages.ts'
import { safeCallId } from './call-id.ts'
import { encodeParts, textBlocks } from './parts-out.ts'
import { replayThought } from './thinking-blocks.ts'

export interface EncodedConversation {
  readonly system: string | undefined
  readonly messages: readonly JsonObject[]
}

/** A history that begins with the model's words has lost its question. Blank text is refused, so this is not. */
const LOST_QUESTION: JsonObject = { type: 'text', text: '…' }

interface Turn {
  readonly role: 'user' | 'assistant'
  /** Go before everything else, whatever came between the calls and them. */
  readonly results: JsonObject[]
  readonly blocks: JsonObject[]
}

export function encodeConversation(messages: readonly ChatMessage[]): EncodedConversation {
  const first = messages.findIndex((message) => message.role !== 'system')
  // Instructions alone are what is asked.
  const systemCount = Math.max(first, 0)
  const system = messages
    .slice(0, systemCount)
    .map((message) => partsText(message.content))
    .filter((text) => text.trim() !== '')
    .join('\n\n')
  const turns = gatherTurns(messages.slice(systemCount))
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', results: [], blocks: [LOST_QUESTION] })
  return { system: system === '' ? undefined : system, messages: turns.map(encodeTurn) }
}

/** Everything that is not the model's is the user's: results, and the instructions in between. */
function gatherTurns(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const results = encodeResults(message)
    const blocks = results.length > 0 ? [] : encodeBlocks(message)
    if (results.length === 0 && blocks.length === 0) continue
    let turn = turns.at(-1)
    if (turn?.role !== role) {
      turn = { role, results: [], blocks: [] }
      turns.push(turn)
    }
    turn.results.push(...results)
    turn.blocks.push(...blocks)
  }
  return turns
}

function encodeTurn({ role, results, blocks }: Turn, index: number, turns: readonly Turn[]): JsonObject {
  const content = [...results, ...blocks]
  const isPrefill = role === 'assistant' && index === turns.length - 1
  return { role, content: isPrefill ? withoutTrailingSpace(content) : content }
}

/** An answer that is to be continued may not end in white space. */
function withoutTrailingSpace(content: readonly JsonObject[]): JsonValue {
  return content.map((block, index) =>
    index === content.length - 1 && typeof block['text'] === 'string'
      ? { ...block, text: block['text'].trimEnd() }
      : block,
  )
}

function encodeBlocks(message: ChatMessage): JsonObject[] {
  if (message.role !== 'assistant') return encodeParts(message.content)
  const { content, reasoning = '', reasoningSeal, refusal = '', toolCalls = [] } = message
  const text = content.flatMap((part) => (part.type === 'text' ? textBlocks(part.text) : []))
  return [
    ...replayThought({ text: reasoning, seal: reasoningSeal }),
    ...(text.length > 0 ? text : textBlocks(refusal)),
    ...toolCalls.map(encodeCall),
  ]
}

function encodeCall({ id, name, arguments: text }: ToolCall): JsonObject {
  return { type: 'tool_use', id: safeCallId(id), name, input: argumentsObject(text) }
}

/** A result that names no call can only be told, as text of the user's. */
function encodeResults({ role, content, toolCallId, isError }: ChatMessage): JsonObject[] {
  if (role !== 'tool' || toolCallId === undefined) return []
  const parts = encodeParts(content)
  return [
    {
      type: 'tool_result',
      tool_use_id: safeCallId(toolCallId),
      content: parts.length > 0 ? parts : undefined,
      is_error: isError,
    },
  ]
}
