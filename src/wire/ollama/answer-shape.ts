/** Where the two ways of asking put what the model said: the only thing in which their answers differ (6.3). */
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'

/** `content`, `thinking`, `tool_calls`. */
export type Said = JsonObject

export interface AnswerShape {
  /** The fields of an answer, or of a line of a stream, that hold this. */
  write(said: Said): JsonObject
  /** Undefined when the answer holds none. */
  read(answer: JsonObject): Said | undefined
}

/** `/api/chat` */
export const CHAT_SHAPE: AnswerShape = {
  write: (said) => ({ message: { role: 'assistant', ...said } }),
  read: (answer) => (isJsonObject(answer['message']) ? answer['message'] : undefined),
}

/** `/api/generate` */
export const GENERATE_SHAPE: AnswerShape = {
  write: ({ content, ...rest }) => ({ response: content, ...rest }),
  read: ({ response, thinking }) =>
    typeof response === 'string' ? { content: response, thinking } : undefined,
}
