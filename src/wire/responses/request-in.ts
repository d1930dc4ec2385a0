/** A Responses request → the canonical one (reference 1.2). */
import { RouterError } from '../../errors.ts'
import type { ChatRequest, ResponseFormat } from '../exchange.ts'
import {
  invalid,
  missing,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  positiveTokenLimit,
} from '../fields.ts'
import { decodeResponseFormat } from '../function-tool.ts'
import type { JsonObject } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { Conversation, type DecodedInput } from './items-in.ts'
import { decodeTools } from './tools-in.ts'

export function decodeResponsesRequest(body: JsonObject): ChatRequest {
  refuseStateful(body)
  const { tools, toolChoice, dropped, nativeOnly } = decodeTools(body)
  const conversation = decodeConversation(body)
  const text = optionalObject(body, 'text') ?? {}
  const reasoning = optionalObject(body, 'reasoning') ?? {}
  const logprobs = includes(body, 'message.output_text.logprobs')
  return {
    model: optionalString(body, 'model') ?? '',
    messages: conversation.messages,
    stream: optionalBoolean(body, 'stream') ?? false,
    includeUsage: true,
    tools,
    toolChoice,
    parallelToolCalls: optionalBoolean(body, 'parallel_tool_calls'),
    responseFormat: decodeFormat(text),
    maxOutputTokens: positiveTokenLimit(body, 'max_output_tokens'),
    temperature: optionalNumber(body, 'temperature'),
    topP: optionalNumber(body, 'top_p'),
    presencePenalty: optionalNumber(body, 'presence_penalty'),
    frequencyPenalty: optionalNumber(body, 'frequency_penalty'),
    logprobs: logprobs || undefined,
    topLogprobs: logprobs ? optionalNumber(body, 'top_logprobs') : undefined,
    reasoningEffort: optionalString(reasoning, 'effort', 'reasoning.effort'),
    sealedReasoning: includes(body, 'reasoning.encrypted_content') || undefined,
    user: optionalString(body, 'user'),
    nativeOnly: nativeOnly ?? conversation.nativeOnly,
    dropped: [...dropped, ...conversation.dropped, ...notCarried(body, text)],
  }
}

export function includes(body: JsonObject, wanted: string): boolean {
  return isJsonArray(body['include']) && body['include'].includes(wanted)
}

/**
 * What lives on the server in OpenAI's own service and nowhere here. `previous_response_id` is no part of it: what
 * it stands for is in `input` by now.
 */
function refuseStateful(body: JsonObject): void {
  const refuse = (param: string): never => {
    throw new RouterError('unsupported_parameter', `'${param}' is not supported by this router.`, { param })
  }
  if (optionalBoolean(body, 'background') === true) refuse('background')
  for (const param of ['conversation', 'prompt']) {
    if (body[param] !== undefined && body[param] !== null) refuse(param)
  }
}

function decodeConversation(body: JsonObject): DecodedInput {
  const conversation = new Conversation()
  const instructions = optionalString(body, 'instructions')
  if (instructions) conversation.addMessage('system', [{ type: 'text', text: instructions }])
  const input = body['input']
  if (input === undefined || input === null) throw missing('input')
  if (typeof input === 'string') conversation.addMessage('user', [{ type: 'text', text: input }])
  else if (isJsonArray(input)) input.forEach((item, index) => conversation.addItem(item, index))
  else throw invalid('input', 'a string or an array of items')
  const decoded = conversation.finish()
  if (decoded.messages.length === 0) throw invalid('input', 'a string or a non-empty array of items')
  return decoded
}

function decodeFormat(text: JsonObject): ResponseFormat | undefined {
  const format = optionalObject(text, 'format', 'text.format')
  return format && decodeResponseFormat(format, 'text.format')
}

function notCarried(body: JsonObject, text: JsonObject): string[] {
  const names: string[] = []
  if (body['truncation'] === 'auto') names.push('truncation')
  if (optionalArray(body, 'context_management')?.length) names.push('context_management')
  if (optionalNumber(body, 'max_tool_calls') !== undefined) names.push('max_tool_calls')
  if (text['verbosity'] !== undefined && text['verbosity'] !== null) names.push('text.verbosity')
  return names
}
