/**
 * What chat servers demand of a conversation and clients of other protocols do not keep: one system message,
 * in front, and no images in a tool's result. Only for translated requests; same protocol passes through.
 */
import type { ChatMessage, ContentPart } from './exchange.ts'

export function partsText(parts: readonly ContentPart[]): string {
  const [only] = parts
  if (parts.length === 1 && only?.type === 'text') return only.text
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

/**
 * codex opens with two or three developer messages; templates such as Gemma's refuse a second system message.
 * Later ones stay where they are: their place is their meaning.
 */
function mergeLeadingSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const end = messages.findIndex((message) => message.role !== 'system')
  const count = end === -1 ? messages.length : end
  if (count < 2) return messages
  const text = messages
    .slice(0, count)
    .map((message) => partsText(message.content))
    .join('\n\n')
  return [{ role: 'system', content: [{ type: 'text', text }] }, ...messages.slice(count)]
}

/** A tool's result is text only; its images follow in a user message, behind the last result of the turn (1.3). */
function moveToolImages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const result: ChatMessage[] = []
  let moved: ContentPart[] = []
  const flush = () => {
    if (moved.length > 0) result.push({ role: 'user', content: moved })
    moved = []
  }
  for (const message of messages) {
    if (message.role !== 'tool') {
      flush()
      result.push(message)
      continue
    }
    moved.push(...message.content.filter((part) => part.type !== 'text'))
    result.push({ ...message, content: message.content.filter((part) => part.type === 'text') })
  }
  flush()
  return result
}

export function prepareMessages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const merged = mergeLeadingSystem(messages)
  const hasToolMedia = merged.some(
    (message) => message.role === 'tool' && message.content.some((part) => part.type !== 'text'),
  )
  return hasToolMedia ? moveToolImages(merged) : merged
}
