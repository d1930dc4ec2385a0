/** A buffered completion of a backend. */
import { RouterError } from '../../errors.ts'
import { decodeFinish } from '../chat/finish.ts'
import { decodeUsage } from '../chat/usage.ts'
import type { ChatChoice, ChatReply } from '../exchange.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeLogprobs } from './logprobs.ts'

export function decodeCompletionsReply(body: JsonValue): ChatReply {
  if (!isJsonObject(body) || !isJsonArray(body['choices']) || body['choices'].length === 0) {
    throw notACompletion()
  }
  return {
    id: textOr(body['id'], '') || newId('cmpl-'),
    createdAtSeconds: tokenCount(body['created']) ?? 0,
    model: textOr(body['model'], ''),
    choices: body['choices'].map(decodeChoice),
    usage: decodeUsage(body['usage']),
  }
}

function decodeChoice(value: JsonValue, position: number): ChatChoice {
  if (!isJsonObject(value) || typeof value['text'] !== 'string') throw notACompletion()
  return {
    index: tokenCount(value['index']) ?? position,
    text: value['text'],
    toolCalls: [],
    finish: decodeFinish(value['finish_reason'], false),
    logprobs: decodeLogprobs(value['logprobs']),
  }
}

function notACompletion(): RouterError {
  return new RouterError('upstream_error', 'The backend answered with something that is not a completion.')
}
