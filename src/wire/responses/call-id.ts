/** The id that ties a tool's output to its call. */
import { newId } from '../ids.ts'

const LONGEST_CALL_ID = 64

/** At most 64 of `[A-Za-z0-9_-]`: what Responses and Anthropic accept (reference 1.7); the same id in, the same out. */
export function safeCallId(id: string): string {
  const safe = id.replaceAll(/[^\w-]/g, '_').slice(0, LONGEST_CALL_ID)
  return safe === '' ? newId('call_') : safe
}
