/** A buffered answer of Ollama's native chat. */
import { RouterError } from '../../errors.ts'
import type { ChatReply } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { decodeCreatedAt, decodeFinish, decodeLogprobs, decodeToolCalls, decodeUsage } from './answer.ts'

export function decodeOllamaReply(body: JsonValue): ChatReply {
  const message = isJsonObject(body) ? body['message'] : undefined
  if (!isJsonObject(body) || !isJsonObject(message)) {
    throw new RouterError(
      'upstream_error',
      'The backend answered with something that is not an Ollama chat answer.',
    )
  }
  const toolCalls = decodeToolCalls(message)
  return {
    id: newId('chatcmpl-'),
    createdAtSeconds: decodeCreatedAt(body),
    model: textOr(body['model'], ''),
    choices: [
      {
        index: 0,
        text: typeof message['content'] === 'string' ? message['content'] : null,
        reasoning: textOr(message['thinking'], '') || undefined,
        toolCalls,
        finish: decodeFinish(body['done_reason'], toolCalls.length > 0),
        logprobs: decodeLogprobs(body),
      },
    ],
    usage: decodeUsage(body),
  }
}
