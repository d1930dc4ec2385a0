/**
 * What a backend's error body means, for every backend at once: OpenAI, llama.cpp, vLLM, Ollama, Anthropic and
 * Gemini each word the same two facts differently (reference 5 and 6.6). Its text is looked at, never kept: it
 * may quote the prompt.
 */
import type { UpstreamFailure } from './codec.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isJsonArray, isJsonObject } from './json.ts'

/** Bounds the patterns' time on a body that is a whole HTML page. */
const LONGEST_MESSAGE = 4096

const OVERFLOW_CODES = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'model_context_window_exceeded',
  'string_above_max_length',
])

const OVERFLOW = [
  /exceeds? the available context/i,
  /context[ _](?:length|window|size)/i,
  /(?:prompt|input|request) is too long/i,
  /too many (?:input |prompt )?tokens/i,
  /reduce the length of (?:the|your) (?:messages|prompt|input)/i,
  /input (?:length|token count)[^.]{0,80}exceed/i,
  /exceeds? the (?:maximum|max) (?:number of |input |allowed )?tokens/i,
  /maximum (?:prompt|input) length/i,
  // llama.cpp, of an embedding's text.
  /tokens\) is too large to process/i,
  /greater than the context/i,
  /larger than the (?:maximum )?context/i,
]

const INCAPABLE = [
  /does not support (?:embed|insert|tool|function|think|reason|chat|image|vision|multimodal|audio|video|file|generate|structured|json|response)/i,
  /(?:image|audio|video|file|tool|vision)s? (?:input|calling|use|content)?s? ?(?:is|are) not supported/i,
  /tools? param requires --jinja/i,
  /requires --enable-auto-tool-choice/i,
  /is not a multimodal model/i,
  /no endpoints found that (?:can handle|support)/i,
  /(?:at most|only) 0 image/i,
]

const TOKENS = [
  /\((?<prompt>\d{1,9}) tokens\)[^(]{0,120}\((?<context>\d{1,9}) tokens\)/,
  /(?<prompt>\d{1,9}) tokens > (?<context>\d{1,9})/,
  /(?:length|limit) (?:is|of) (?<context>\d{1,9}) tokens[^\d]{1,80}(?<prompt>\d{1,9})/,
]

const CODE = /^(?:[a-z]+(?:_[a-z]+)*|[A-Z]+(?:_[A-Z]+)*)$/

/** llama.cpp puts a number in `code` and the meaning in `type`. */
function safeCode(error: JsonObject): string | null {
  for (const value of [error['code'], error['type'], error['status']]) {
    if (typeof value === 'string' && CODE.test(value)) return value
  }
  return typeof error['code'] === 'number' ? String(error['code']).slice(0, 64) : null
}

/** `{error:{…}}`, `{error:"text"}`, `{object:"error",…}`, Gemini's `[{error:{…}}]`. */
function errorObject(body: JsonValue | undefined): JsonObject {
  const outer = isJsonArray(body) ? body[0] : body
  if (typeof outer === 'string') return { message: outer }
  if (!isJsonObject(outer)) return {}
  const inner = outer['error']
  if (isJsonObject(inner)) return inner
  return typeof inner === 'string' ? { message: inner, code: outer['code'] } : outer
}

function readTokens(
  error: JsonObject,
  message: string,
): Pick<UpstreamFailure, 'promptTokens' | 'contextTokens'> {
  if (typeof error['n_prompt_tokens'] === 'number' && typeof error['n_ctx'] === 'number') {
    return { promptTokens: error['n_prompt_tokens'], contextTokens: error['n_ctx'] }
  }
  for (const pattern of TOKENS) {
    const found = pattern.exec(message)?.groups
    if (found) return { promptTokens: Number(found['prompt']), contextTokens: Number(found['context']) }
  }
  return {}
}

export function readFailure(body: JsonValue | undefined): UpstreamFailure {
  const error = errorObject(body)
  const text = error['message'] ?? error['detail']
  const message = typeof text === 'string' ? text.slice(0, LONGEST_MESSAGE) : ''
  const code = safeCode(error)
  const contextOverflow =
    [error['code'], error['type']].some((value) => typeof value === 'string' && OVERFLOW_CODES.has(value)) ||
    OVERFLOW.some((pattern) => pattern.test(message))
  const incapable = !contextOverflow && INCAPABLE.some((pattern) => pattern.test(message))
  return { contextOverflow, incapable, code, ...(contextOverflow ? readTokens(error, message) : {}) }
}
