/** OpenAI's error body, the same on Chat Completions and Responses. `code` is a string, never a number (5). */
import type { RouterError } from '../errors.ts'

export function encodeErrorEnvelope(error: RouterError): string {
  const { message, type, param, code } = error
  return JSON.stringify({ error: { message, type, param, code } })
}
