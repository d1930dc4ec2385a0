/** Chat Completions on both sides: the client's own body goes out, fields we never heard of included (DESIGN 2.2). */
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'

/**
 * The client's body with the model replaced. A stream is always asked for its usage, which records need; the
 * reply stage drops that chunk again when the client did not ask. Without a stream `stream_options` must go:
 * OpenAI answers 400 to it.
 */
export function passThroughChatRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  const { stream_options: options, ...rest } = body
  if (!stream) return { ...rest, model, stream }
  const kept = isJsonObject(options) ? options : {}
  return { ...rest, model, stream, stream_options: { ...kept, include_usage: true } }
}
