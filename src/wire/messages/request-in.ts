/** A Messages request → the canonical one (reference 4). */
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
import type { JsonObject } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeThinking } from './effort.ts'
import { Losses } from './losses.ts'
import { decodeMessages, decodeSystem } from './messages-in.ts'
import { decodeTools } from './tools-in.ts'

/** Change the answer, and have no place in the exchange. */
const NOT_CARRIED = ['container', 'mcp_servers', 'compaction'] as const

export function decodeMessagesRequest(body: JsonObject): ChatRequest {
  refuseThreads(body)
  const losses = new Losses()
  noteLosses(body, losses)
  if (optionalNumber(body, 'max_tokens') === undefined) throw missing('max_tokens')
  const messages = [...decodeSystem(body['system'], losses), ...decodeMessages(body['messages'], losses)]
  const tools = decodeTools(body, losses)
  return {
    model: optionalString(body, 'model') ?? '',
    messages,
    stream: optionalBoolean(body, 'stream') ?? false,
    includeUsage: true,
    ...tools,
    responseFormat: decodeFormat(body),
    maxOutputTokens: positiveTokenLimit(body, 'max_tokens'),
    temperature: optionalNumber(body, 'temperature'),
    topP: optionalNumber(body, 'top_p'),
    topK: optionalNumber(body, 'top_k'),
    stop: decodeStop(body),
    ...decodeThinking(body),
    user: decodeUser(body),
    nativeOnly: losses.nativeOnly,
    dropped: losses.dropped,
  }
}

/** A conversation that one provider keeps cannot go to another, and every turn is routed anew. */
function refuseThreads(body: JsonObject): void {
  if (body['thread'] === undefined || body['thread'] === null) return
  const message = "'thread' is not supported by this router: send the whole conversation."
  throw new RouterError('unsupported_parameter', message, { param: 'thread' })
}

function noteLosses(body: JsonObject, losses: Losses): void {
  for (const key of NOT_CARRIED) {
    const value = body[key]
    if (value !== undefined && value !== null && !(isJsonArray(value) && value.length === 0)) losses.drop(key)
  }
  const context = body['context_management']
  const edits = isJsonObject(context) ? context['edits'] : undefined
  if (isJsonArray(edits) && edits.length > 0) losses.drop('context_management')
}

/** Older clients have the format at the top. A name, which chat wants, it has not. */
function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const config = optionalObject(body, 'output_config') ?? {}
  const inConfig = optionalObject(config, 'format', 'output_config.format')
  const format = inConfig ?? optionalObject(body, 'output_format')
  if (format === undefined) return undefined
  const param = inConfig === undefined ? 'output_format' : 'output_config.format'
  if (format['type'] !== 'json_schema') throw invalid(`${param}.type`, 'json_schema')
  const schema = optionalObject(format, 'schema', `${param}.schema`)
  if (schema === undefined) throw missing(`${param}.schema`)
  return { type: 'json_schema', name: 'answer', schema }
}

function decodeStop(body: JsonObject): readonly string[] | undefined {
  const list = optionalArray(body, 'stop_sequences')
  if (list === undefined || list.length === 0) return undefined
  return list.map((value, index) => {
    if (typeof value !== 'string') throw invalid(`stop_sequences[${index}]`, 'a string')
    return value
  })
}

function decodeUser(body: JsonObject): string | undefined {
  return optionalString(optionalObject(body, 'metadata') ?? {}, 'user_id', 'metadata.user_id')
}
