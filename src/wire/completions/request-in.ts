/** A legacy Completions request → the canonical one. */
import type { ChatRequest } from '../exchange.ts'
import {
  invalid,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalTokenLimit,
} from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { decodeStop } from '../stop-list.ts'
import { decodePrompt } from './prompt-in.ts'

export function decodeCompletionsRequest(body: JsonObject): ChatRequest {
  const stream = optionalBoolean(body, 'stream') ?? false
  const { text, messages, nativeOnly } = decodePrompt(body['prompt'])
  const suffix = optionalString(body, 'suffix') || undefined
  return {
    model: optionalString(body, 'model') ?? '',
    messages,
    stream,
    includeUsage: stream && optionalObject(body, 'stream_options')?.['include_usage'] === true,
    tools: [],
    // OpenAI's own default is 16 tokens; local servers have none, and their users count on that.
    maxOutputTokens: optionalTokenLimit(body, 'max_tokens'),
    temperature: optionalNumber(body, 'temperature'),
    topP: optionalNumber(body, 'top_p'),
    presencePenalty: optionalNumber(body, 'presence_penalty'),
    frequencyPenalty: optionalNumber(body, 'frequency_penalty'),
    seed: optionalNumber(body, 'seed'),
    stop: decodeStop(body, 'stop'),
    choiceCount: decodeChoiceCount(body),
    ...decodeLogprobs(body),
    user: optionalString(body, 'user'),
    completion: text === undefined ? undefined : { prompt: text, suffix, strict: suffix !== undefined },
    nativeOnly,
    dropped: NOT_CARRIED.filter(([key, isSet]) => isSet(body[key])).map(([key]) => key),
  }
}

/** Fields without a place in the exchange, and when they ask for something. */
const NOT_CARRIED: readonly (readonly [string, (value: JsonObject[string]) => boolean])[] = [
  ['echo', (value) => value === true],
  ['best_of', (value) => typeof value === 'number' && value > 1],
  ['logit_bias', (value) => isJsonObject(value) && Object.keys(value).length > 0],
]

function decodeChoiceCount(body: JsonObject): number | undefined {
  const count = optionalNumber(body, 'n')
  if (count === undefined) return undefined
  if (!Number.isInteger(count) || count < 1 || count > 128) throw invalid('n', 'an integer from 1 to 128')
  return count
}

/** One number: the tokens' probabilities, with so many alternatives each. */
function decodeLogprobs(body: JsonObject): Pick<ChatRequest, 'logprobs' | 'topLogprobs'> {
  const count = body['logprobs'] === false ? undefined : optionalNumber(body, 'logprobs')
  return count === undefined ? {} : { logprobs: true, topLogprobs: count }
}
