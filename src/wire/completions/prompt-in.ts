/** `prompt` of a completion: a text, several texts, or token ids. */
import type { ChatMessage, ChatRequest } from '../exchange.ts'
import { invalid, missing } from '../fields.ts'
import type { JsonValue } from '../json.ts'
import { isJsonArray } from '../json.ts'

export interface DecodedPrompt extends Pick<ChatRequest, 'messages' | 'nativeOnly'> {
  /** Undefined when there is not exactly one text. */
  readonly text: string | undefined
}

const EXPECTED = 'a string, an array of strings or of token ids'
const SEVERAL = 'each of several prompts is answered by itself'
const TOKEN_IDS = 'token ids are words of one model’s vocabulary'

export function decodePrompt(value: JsonValue | undefined): DecodedPrompt {
  if (value === undefined || value === null) throw missing('prompt')
  if (typeof value === 'string') return oneText(value)
  if (!isJsonArray(value) || value.length === 0) throw invalid('prompt', EXPECTED)
  const [first] = value
  if (value.length === 1 && typeof first === 'string') return oneText(first)
  const texts = value.filter((item) => typeof item === 'string')
  if (texts.length === value.length) {
    return { text: undefined, messages: texts.map(message), nativeOnly: { param: 'prompt', why: SEVERAL } }
  }
  if (!isTokenIds(value) && !value.every(isTokenIds)) throw invalid('prompt', EXPECTED)
  return { text: undefined, messages: [message('')], nativeOnly: { param: 'prompt', why: TOKEN_IDS } }
}

function oneText(text: string): DecodedPrompt {
  return { text, messages: [message(text)] }
}

function message(text: string): ChatMessage {
  return { role: 'user', content: text === '' ? [] : [{ type: 'text', text }] }
}

function isTokenIds(value: JsonValue): boolean {
  return isJsonArray(value) && value.every((item) => typeof item === 'number')
}
