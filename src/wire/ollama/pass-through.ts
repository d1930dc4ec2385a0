/** Ollama's native API on both sides: the client's own body goes out, `options` and all (DESIGN 2.2). */
import type { JsonObject } from '../json.ts'

/**
 * Ollama streams when nothing is said, so `stream` is always written. `truncate` stays the client's own wish where
 * it has one; otherwise what does not fit is told rather than cut out without a word (reference 6.4).
 */
export function passThroughOllamaRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  return { ...body, truncate: body['truncate'] ?? false, model, stream }
}
