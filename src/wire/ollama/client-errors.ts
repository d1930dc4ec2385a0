/** Errors as Ollama's clients know them: a text and a status, no codes (reference 5 and 6.6). */
import type { RouterError } from '../../errors.ts'

export function encodeOllamaError(error: RouterError): string {
  return JSON.stringify({ error: error.message })
}

/** Ollama says 503 where its queue is full; it never says 429. */
export function ollamaErrorStatus(error: RouterError): number {
  return error.status === 429 ? 503 : error.status
}
