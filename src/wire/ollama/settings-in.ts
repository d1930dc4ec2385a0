/** What chat and generate are told in the same words: how to answer. The other way round is `settings-out.ts`. */
import type { ChatRequest, DroppableField, ResponseFormat } from '../exchange.ts'
import { invalid, optionalBoolean, optionalNumber, optionalObject } from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { decodeStop } from '../stop-list.ts'

/**
 * Options that change the answer and have no place in the exchange. The others (`num_ctx`, `num_gpu`, …) are about
 * the machine, which is another one when a request is translated.
 */
const NOT_CARRIED = [
  'min_p',
  'mirostat',
  'mirostat_eta',
  'mirostat_tau',
  'penalize_newline',
  'repeat_last_n',
  'repeat_penalty',
  'tfs_z',
  'typical_p',
] as const

/** What clients of Ollama call the fields of the exchange that another protocol may have to drop. */
export const OLLAMA_FIELD_NAMES: Readonly<Partial<Record<DroppableField, string>>> = {
  temperature: 'options.temperature',
  topP: 'options.top_p',
  topK: 'options.top_k',
  seed: 'options.seed',
  stop: 'options.stop',
  presencePenalty: 'options.presence_penalty',
  frequencyPenalty: 'options.frequency_penalty',
  responseFormat: 'format',
  reasoningEffort: 'think',
}

export type DecodedSettings = Pick<
  ChatRequest,
  | 'stream'
  | 'includeUsage'
  | 'responseFormat'
  | 'reasoningEffort'
  | 'logprobs'
  | 'topLogprobs'
  | 'maxOutputTokens'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'seed'
  | 'stop'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'dropped'
>

export function decodeSettings(body: JsonObject): DecodedSettings {
  const options = optionalObject(body, 'options') ?? {}
  const number = (key: string) => optionalNumber(options, key, `options.${key}`)
  const limit = number('num_predict')
  return {
    stream: optionalBoolean(body, 'stream') ?? true,
    includeUsage: true,
    responseFormat: decodeFormat(body),
    reasoningEffort: decodeThink(body),
    logprobs: optionalBoolean(body, 'logprobs'),
    topLogprobs: optionalNumber(body, 'top_logprobs'),
    // -1 is "no limit", -2 "as much as the context holds".
    maxOutputTokens: limit === undefined || limit < 1 ? undefined : Math.floor(limit),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    seed: number('seed'),
    stop: decodeStop(options, 'stop', 'options.stop'),
    presencePenalty: number('presence_penalty'),
    frequencyPenalty: number('frequency_penalty'),
    dropped: NOT_CARRIED.filter((key) => options[key] !== undefined && options[key] !== null).map(
      (key) => `options.${key}`,
    ),
  }
}

/** A schema has no name here, and other protocols want one. */
function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const format = body['format']
  if (format === undefined || format === null || format === '') return undefined
  if (format === 'json') return { type: 'json_object' }
  if (!isJsonObject(format)) throw invalid('format', '"json" or a JSON schema')
  return { type: 'json_schema', name: 'response', schema: format }
}

const LEVELS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'max'])

/** `true` asks for thinking and leaves open how much. */
function decodeThink(body: JsonObject): string | undefined {
  const think = body['think']
  if (think === undefined || think === null || think === '') return undefined
  if (typeof think === 'boolean') return think ? 'medium' : 'none'
  if (typeof think === 'string' && LEVELS.has(think)) return think
  throw invalid('think', 'true, false, "low", "medium", "high" or "max"')
}
