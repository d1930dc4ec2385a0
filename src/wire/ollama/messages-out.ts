/** Messages as Ollama's native chat takes them: text as a string, images beside it, arguments as objects (6.3). */
import { argumentsObject } from '../call-arguments.ts'
import type { ChatMessage, ContentPart, ImagePart, ToolCall } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { partsText, prepareMessages } from '../prepare-messages.ts'
import { unsupportedPart } from '../unsupported-part.ts'

export function encodeMessages(messages: readonly ChatMessage[]): JsonObject[] {
  const toolNames = new Map<string, string>()
  return prepareMessages(messages).map((message) => {
    for (const call of message.toolCalls ?? []) toolNames.set(call.id, call.name)
    return encodeMessage(message, toolNames)
  })
}

function encodeMessage(message: ChatMessage, toolNames: ReadonlyMap<string, string>): JsonObject {
  const { role, content, reasoning, refusal, toolCalls, toolCallId } = message
  const images = content.flatMap(encodeImage)
  return {
    role,
    content: partsText(content) || refusal || '',
    images: images.length > 0 ? images : undefined,
    thinking: reasoning,
    tool_calls: toolCalls?.map(encodeToolCall),
    tool_call_id: toolCallId,
    tool_name: toolCallId === undefined ? undefined : (toolNames.get(toolCallId) ?? message.name),
  }
}

function encodeToolCall(call: ToolCall, index: number): JsonObject {
  return { id: call.id, function: { index, name: call.name, arguments: argumentsObject(call.arguments) } }
}

function encodeImage(part: ContentPart): string[] {
  if (part.type === 'text') return []
  if (part.type === 'image') return [imageData(part)]
  const what = part.type === 'file' ? 'a file' : 'audio'
  throw unsupportedPart(what, 'Ollama takes text and images only.')
}

/** Raw base64. A remote image is not fetched: the router opens no connection that a request names. */
function imageData({ url }: ImagePart): string {
  const comma = url.indexOf(',')
  if (!url.startsWith('data:') || comma === -1) {
    throw unsupportedPart('an image', 'Ollama takes images as data: URLs only, not by address.')
  }
  const data = url.slice(comma + 1)
  return url.slice(0, comma).endsWith(';base64') ? data : Buffer.from(decodeLoosely(data)).toString('base64')
}

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Its message would quote the image's text.
    throw unsupportedPart('an image', 'its data: URL is not valid.')
  }
}
