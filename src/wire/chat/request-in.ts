/** A Chat Completions request → the canonical one. On the path of every request, so it only reads. */
import type { ChatRequest, ResponseFormat } from '../exchange.ts'
import {
  invalid,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalTokenLimit,
} from '../fields.ts'
import { decodeResponseFormat } from '../function-tool.ts'
import type { JsonObject } from '../json.ts'
import { decodeStop } from '../stop-list.ts'
import { decodeMessages } from './messages-in.ts'
import { decodeTools } from './tools-in.ts'

/** Change the answer, and have no place in the exchange: declared when a request is translated (reference 3.3). */
const NOT_CARRIED = [
  'audio',
  'logit_bias',
  'modalities',
  'prediction',
  'verbosity',
  'web_search_options',
] as const

export function decodeChatRequest(body: JsonObject): ChatRequest {
  const { tools, toolChoice, dropped } = decodeTools(body)
  const stream = optionalBoolean(body, 'stream') ?? false
  return {
    model: optionalString(body, 'model') ?? '',
    messages: decodeMessages(body['messages']),
    stream,
    includeUsage: stream && optionalObject(body, 'stream_options')?.['include_usage'] === true,
    tools,
    toolChoice,
    parallelToolCalls: optionalBoolean(body, 'parallel_tool_calls'),
    responseFormat: decodeFormat(body),
    maxOutputTokens: smaller(
      optionalTokenLimit(body, 'max_completion_tokens'),
      optionalTokenLimit(body, 'max_tokens'),
    ),
    temperature: optionalNumber(body, 'temperature'),
    topP: optionalNumber(body, 'top_p'),
    presencePenalty: optionalNumber(body, 'presence_penalty'),
    frequencyPenalty: optionalNumber(body, 'frequency_penalty'),
    seed: optionalNumber(body, 'seed'),
    stop: decodeStop(body, 'stop'),
    choiceCount: decodeChoiceCount(body),
    logprobs: optionalBoolean(body, 'logprobs'),
    topLogprobs: optionalNumber(body, 'top_logprobs'),
    reasoningEffort: optionalString(body, 'reasoning_effort'),
    user: optionalString(body, 'user'),
    dropped: [...dropped, ...NOT_CARRIED.filter((key) => body[key] !== undefined && body[key] !== null)],
  }
}

/** Clients of both ages are about; who sends both means the tighter bound (reference 2.3). */
function smaller(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

function decodeChoiceCount(body: JsonObject): number | undefined {
  const count = optionalNumber(body, 'n')
  if (count === undefined) return undefined
  if (!Number.isInteger(count) || count < 1 || count > 128) throw invalid('n', 'an integer from 1 to 128')
  return count
}

function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const format = optionalObject(body, 'response_format')
  return format && decodeResponseFormat(format, 'response_format', 'json_schema')
}
