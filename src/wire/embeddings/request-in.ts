/** A `/v1/embeddings` request → the canonical one (reference 2.4). */
import type { ChatRequest, EmbeddingAsk } from '../exchange.ts'
import { invalid, missing, optionalString } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { embeddingRequest, optionalDimensions } from './embedding-request.ts'

/** OpenAI's own bound on the texts of one request. */
const MAX_INPUTS = 2048

const FORMATS = ['float', 'base64'] as const
export type EncodingFormat = (typeof FORMATS)[number]

/** Of NVIDIA, Jina and vLLM: they make other vectors, and have no place in the exchange. */
const NOT_CARRIED = ['input_type', 'task', 'truncate_prompt_tokens'] as const

const NATIVE_ONLY = {
  param: 'input',
  why: 'token ids need a backend with /v1/embeddings; send text instead',
} as const

export function decodeEmbeddingsRequest(body: JsonObject): ChatRequest {
  encodingFormat(body)
  const inputs = decodeInput(body['input'])
  const hasTokenIds = inputs.some((input) => typeof input !== 'string')
  return embeddingRequest(
    optionalString(body, 'model') ?? '',
    { inputs, dimensions: optionalDimensions(body) },
    {
      user: optionalString(body, 'user'),
      nativeOnly: hasTokenIds ? NATIVE_ONLY : undefined,
      dropped: NOT_CARRIED.filter((key) => body[key] !== undefined && body[key] !== null),
    },
  )
}

export function encodingFormat(body: JsonObject): EncodingFormat {
  const written = optionalString(body, 'encoding_format') ?? 'float'
  const format = FORMATS.find((known) => known === written)
  if (format === undefined) throw invalid('encoding_format', "'float' or 'base64'")
  return format
}

function decodeInput(input: JsonValue | undefined): EmbeddingAsk['inputs'] {
  if (input === undefined || input === null) throw missing('input')
  if (typeof input === 'string') return [readText(input, 'input')]
  if (!isJsonArray(input) || input.length === 0) {
    throw invalid('input', 'a string or a non-empty array of strings or token ids')
  }
  const [first] = input
  if (typeof first === 'number') return [readTokenIds(input, 'input')]
  if (input.length > MAX_INPUTS) throw invalid('input', `an array of at most ${MAX_INPUTS} entries`)
  const read = isJsonArray(first) ? readTokenIds : readText
  return input.map((value, index) => read(value, `input[${index}]`))
}

function readText(value: JsonValue, param: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(param, 'a string that is not empty')
  return value
}

function readTokenIds(value: JsonValue, param: string): readonly number[] {
  if (!isJsonArray(value) || value.length === 0 || !value.every(isTokenId)) {
    throw invalid(param, 'a non-empty array of token ids')
  }
  return value
}

function isTokenId(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
