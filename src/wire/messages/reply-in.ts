/** A buffered message, as Anthropic, llama.cpp and Ollama write it. */
import { RouterError } from '../../errors.ts'
import type { ChatReply, ToolCall } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeStop } from './stop-reason.ts'
import { decodeThought, joinThoughts } from './thinking-blocks.ts'
import { decodeUsage } from './usage.ts'

export function decodeMessagesReply(body: JsonValue): ChatReply {
  const content = isJsonObject(body) ? body['content'] : undefined
  if (!isJsonObject(body) || !isJsonArray(content)) {
    throw new RouterError('upstream_error', 'The backend answered with something that is not a message.')
  }
  const blocks = content.filter((block) => isJsonObject(block))
  const texts = blocks.flatMap(({ type, text }) =>
    type === 'text' && typeof text === 'string' ? [text] : [],
  )
  // What the provider's own tools did is in the text that follows.
  const toolCalls = blocks.flatMap(decodeCall)
  return {
    id: textOr(body['id'], '') || newId('msg_'),
    createdAtSeconds: 0,
    model: textOr(body['model'], ''),
    choices: [
      {
        index: 0,
        text: texts.length > 0 ? texts.join('') : null,
        ...joinThoughts(blocks.flatMap((block) => decodeThought(block) ?? [])),
        toolCalls,
        ...decodeStop(body, toolCalls.length > 0),
      },
    ],
    usage: decodeUsage(body['usage']),
  }
}

function decodeCall(block: JsonObject): ToolCall[] {
  const { type, id, name, input } = block
  if (type !== 'tool_use' || typeof name !== 'string') return []
  return [{ id: textOr(id, '') || newId('toolu_'), name, arguments: inputText(input) }]
}

/** An object, or what a server of the dialect has in its place. */
export function inputText(input: JsonValue | undefined): string {
  if (typeof input === 'string' && input !== '') return input
  return JSON.stringify(isJsonObject(input) || isJsonArray(input) ? input : {})
}
