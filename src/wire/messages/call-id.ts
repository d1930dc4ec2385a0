/** Ids of tool calls as Messages demands them: at most 64 of `[a-zA-Z0-9_-]` (reference 1.7). */
import { createHash } from 'node:crypto'

const VALID = /^[a-zA-Z0-9_-]{1,64}$/
const KEPT = 42
const HASH = 21

/**
 * The same id for the same text, so that a call and its result stay together without anyone keeping a table. The
 * hash keeps two ids apart that differ only in what had to go.
 */
export function safeCallId(id: string): string {
  if (VALID.test(id)) return id
  const readable = id.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, KEPT)
  return `${readable}_${createHash('sha256').update(id).digest('base64url').slice(0, HASH)}`
}
