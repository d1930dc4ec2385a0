/** Responses on both sides: the client's own body goes out, fields we never heard of included (DESIGN 2.2). */
import { argumentsText } from '../call-arguments.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { decodeSeal, isRouterMade } from '../reasoning-seal.ts'
import { isOwnReasoningId } from './reasoning-item.ts'

/**
 * The client's body with the model replaced. `previous_response_id` is our own by now: what it stands for is in
 * `input`, and the provider would not know it. Without a stream `stream_options` must go, as in chat.
 */
export function passThroughResponsesRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  const { previous_response_id: _expanded, stream_options, input, ...rest } = body
  const isStored = body['store'] !== false
  return {
    ...rest,
    model,
    input: isJsonArray(input) ? input.flatMap((item) => mended(item, isStored)) : input,
    stream,
    stream_options: stream ? stream_options : undefined,
  }
}

function mended(item: JsonValue, isStored: boolean): JsonValue[] {
  if (!isJsonObject(item)) return [item]
  if (item['type'] === 'reasoning') return withOwnSeal(item, isStored)
  // Servers that parse a call's arguments refuse the whole request over one that is no JSON (rule 12).
  if (item['type'] !== 'function_call' || typeof item['arguments'] !== 'string') return [item]
  return [{ ...item, arguments: argumentsText(item['arguments']) }]
}

/** Thinking that this provider did not do itself is nothing it could open, or find by its id. */
function withOwnSeal(item: JsonObject, isStored: boolean): JsonObject[] {
  const { encrypted_content: text, id, ...rest } = item
  const isOwn = typeof id === 'string' && isOwnReasoningId(id)
  if (typeof text !== 'string' || text === '') return isStored && !isOwn ? [item] : []
  if (!isRouterMade(text)) return [item]
  const seal = decodeSeal(text, 'responses')
  return seal?.origin === 'responses' ? [{ ...rest, encrypted_content: seal.value }] : []
}
