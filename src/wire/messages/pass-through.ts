/** Messages on both sides: the client's own body goes out, fields we never heard of included (DESIGN 2.2). */
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import { decodeThought, isMarked, replayThought } from './thinking-blocks.ts'

/**
 * The client's body with the model replaced. Thinking of earlier turns that another backend did stands there under
 * a mark of the router's, which a provider would refuse: what was its own gets its seal back, the rest is left out.
 */
export function passThroughMessagesRequest(body: JsonObject, model: string, stream: boolean): JsonObject {
  return { ...withOwnThinking(body), model, stream }
}

/** The same object when there is nothing to mend, as in most. */
function withOwnThinking(body: JsonObject): JsonObject {
  const messages = body['messages']
  if (!isJsonArray(messages) || !messages.some((message) => markedBlocks(message) !== undefined)) return body
  return { ...body, messages: messages.flatMap(mended) }
}

/** The blocks of a message in which one is marked. */
function markedBlocks(message: JsonValue): readonly JsonValue[] | undefined {
  const content = isJsonObject(message) ? message['content'] : undefined
  const hasMark = isJsonArray(content) && content.some((block) => isJsonObject(block) && isMarked(block))
  return hasMark ? content : undefined
}

/** Nothing of a turn that was thinking only: an empty one would be refused. */
function mended(message: JsonValue): readonly JsonValue[] {
  const blocks = markedBlocks(message)
  if (blocks === undefined || !isJsonObject(message)) return [message]
  const content = blocks.flatMap((block): readonly JsonValue[] => {
    const thought = isJsonObject(block) && isMarked(block) ? decodeThought(block) : undefined
    return thought === undefined ? [block] : replayThought(thought)
  })
  return content.length === 0 ? [] : [{ ...message, content }]
}
