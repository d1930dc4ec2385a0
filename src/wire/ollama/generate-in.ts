/** A request of `/api/generate` → the canonical one: a chat of one message, unless the template is to stay out. */
import type { ChatMessage, ChatRequest } from '../exchange.ts'
import { invalid, optionalBoolean, optionalString, unsupported } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'
import { decodeContent } from './messages-in.ts'
import { decodeSettings } from './settings-in.ts'

export function decodeGenerateRequest(body: JsonObject): ChatRequest {
  const content = decodeContent(body, 'prompt')
  if (content.length === 0) throw invalid('prompt', 'a non-empty string')
  const settings = decodeSettings(body)
  return {
    model: optionalString(body, 'model') ?? '',
    messages: [...decodeSystem(body), { role: 'user', content }],
    tools: [],
    ...settings,
    ...decodeCompletion(body),
    dropped: [...NOT_CARRIED.filter((key) => isGiven(body[key])), ...settings.dropped],
  }
}

/** A template is the model's own matter elsewhere; `context` is token ids of one model's vocabulary. */
const NOT_CARRIED = ['template', 'context'] as const

function isGiven(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return !isJsonArray(value) || value.length > 0
}

function decodeSystem(body: JsonObject): readonly ChatMessage[] {
  const text = optionalString(body, 'system') ?? ''
  return text === '' ? [] : [{ role: 'system', content: [{ type: 'text', text }] }]
}

/** Only `raw` and `suffix` ask for a text to be continued; a plain prompt goes through the model's chat template. */
function decodeCompletion(body: JsonObject): Pick<ChatRequest, 'completion' | 'nativeOnly'> {
  const suffix = optionalString(body, 'suffix') || undefined
  const raw = optionalBoolean(body, 'raw') === true
  if (!raw && suffix === undefined) return {}
  // Ollama answers 400 to these as well.
  if (raw && ['system', ...NOT_CARRIED].some((key) => isGiven(body[key]))) {
    throw unsupported('raw', 'a raw prompt goes without system, template and context.')
  }
  const completion = { prompt: optionalString(body, 'prompt') ?? '', suffix, strict: true }
  const beside = ['images', 'system'].find((key) => isGiven(body[key]))
  if (beside === undefined) return { completion }
  return { completion, nativeOnly: { param: beside, why: 'a completion is made of text alone' } }
}
