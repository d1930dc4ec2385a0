/** A buffered answer of Ollama's native API. */
import { RouterError } from '../../errors.ts'
import type { ChatReply } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'
import type { AnswerShape } from './answer-shape.ts'
import { CHAT_SHAPE } from './answer-shape.ts'
import { decodeCreatedAt, decodeFinish, decodeLogprobs, decodeToolCalls, decodeUsage } from './answer.ts'

export function decodeOllamaReply(body: JsonValue, shape: AnswerShape = CHAT_SHAPE): ChatReply {
  const said = isJsonObject(body) ? shape.read(body) : undefined
  if (!isJsonObject(body) || said === undefined) {
    throw new RouterError(
      'upstream_error',
      'The backend answered with something that is not an answer of Ollama’s API.',
    )
  }
  const toolCalls = decodeToolCalls(said)
  return {
    id: newId('chatcmpl-'),
    createdAtSeconds: decodeCreatedAt(body),
    model: textOr(body['model'], ''),
    choices: [
      {
        index: 0,
        text: typeof said['content'] === 'string' ? said['content'] : null,
        reasoning: textOr(said['thinking'], '') || undefined,
        toolCalls,
        finish: decodeFinish(body['done_reason'], toolCalls.length > 0),
        logprobs: decodeLogprobs(body),
      },
    ],
    usage: decodeUsage(body),
  }
}
