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

/**
 * Claude Code puts reminders between the turns as system messages. Their place is their meaning, but many templates
 * refuse one that is not in front, and two user messages in a row as well: it becomes part of the user's turn there.
 */
function foldLaterSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  if (!messages.some(({ role }, index) => role === 'system' && index > 0)) return messages
  const folded: ChatMessage[] = []
  for (const message of messages) {
    const before = folded.at(-1)
    const isLater = message.role === 'system' && before !== undefined
    const asUser: ChatMessage = isLater ? { ...message, role: 'user' } : message
    // Two user messages of the client's own stay two: only what is folded here is joined.
    if (before?.role === 'user' && asUser.role === 'user' && isLater) {
      folded[folded.length - 1] = { ...before, content: [...before.content, ...asUser.content] }
    } else folded.push(asUser)
  }
  return folded
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
  const merged = foldLaterSystem(mergeLeadingSystem(messages))
  const hasToolMedia = merged.some(
    (message) => message.role === 'tool' && message.content.some((part) => part.type !== 'text'),
  )
  return hasToolMedia ? moveToolImages(merged) : merged
}
