/** Chat Completions on both sides: the client's own body goes out, fields we never heard of included (DESIGN 2.2). */
import { argumentsText } from '../call-arguments.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../json.ts'

/**
 * The client's body with the model replaced. A stream is always asked for its usage, which records need; the
 * reply stage drops that chunk again when the client did not ask. Without a stream `stream_options` must go:
 * OpenAI answers 400 to it. Tool calls in the history whose arguments are no JSON are mended (reference rule 12).
 */
export function passThroughChatRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  const { stream_options: options, ...others } = body
  const rest = withValidCalls(others)
  if (!stream) return { ...rest, model, stream }
  const kept = isJsonObject(options) ? options : {}
  return { ...rest, model, stream, stream_options: { ...kept, include_usage: true } }
}

/** The same object when no message has a tool call, as most have none. */
function withValidCalls(body: JsonObject): JsonObject {
  const messages = body['messages']
  if (!isJsonArray(messages) || !messages.some(hasCalls)) return body
  return {
    ...body,
    messages: messages.map((message) => (hasCalls(message) ? withValidArguments(message) : message)),
  }
}

function hasCalls(message: JsonValue): message is JsonObject {
  return isJsonObject(message) && isJsonArray(message['tool_calls'])
}

function withValidArguments(message: JsonObject): JsonObject {
  const calls = message['tool_calls']
  if (!isJsonArray(calls)) return message
  return { ...message, tool_calls: calls.map(mended) }
}

function mended(call: JsonValue): JsonValue {
  if (!isJsonObject(call) || !isJsonObject(call['function'])) return call
  const written = call['function']['arguments']
  if (typeof written !== 'string') return call
  return { ...call, function: { ...call['function'], arguments: argumentsText(written) } }
}
