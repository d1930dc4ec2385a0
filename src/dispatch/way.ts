/** How a server is reached in each of the protocols it speaks: the path its endpoints lie under, and the headers. */
import type { ProtocolName } from '../wire/codec.ts'

export interface Way {
  readonly basePath: string
  /** Built from empty: no client header ever passes. */
  readonly headers: Readonly<Record<string, string>>
}

export type WayTo = (protocol: ProtocolName) => Way

/** The version of Anthropic's protocol that our codec speaks; servers of it demand to be told. */
const MESSAGES_VERSION = '2023-06-01'

const HEADERS = {
  'content-type': 'application/json',
  // A compressed answer would have to be unpacked and bounded; local links do not need it.
  'accept-encoding': 'identity',
  'user-agent': 'local-llm-router',
} as const

/** `key` is undefined or '' when there is none. `isOllama`: the endpoint is that of an Ollama, whose own API lies at the root. */
export function waysTo(endpoint: URL, key: string | undefined, isOllama: boolean): WayTo {
  const isSet = key !== undefined && key !== ''
  const path = endpoint.pathname.replace(/\/+$/, '')
  // People paste Ollama's OpenAI address; its native API lies beside it.
  const root = path.replace(/\/(v1|api)$/, '')
  const bearer = { ...HEADERS, ...(isSet ? { authorization: `Bearer ${key}` } : {}) }
  const openai: Way = { basePath: isOllama ? `${root}/v1` : path, headers: bearer }
  const messages: Way = {
    basePath: openai.basePath,
    headers: { ...HEADERS, 'anthropic-version': MESSAGES_VERSION, ...(isSet ? { 'x-api-key': key } : {}) },
  }
  const ollama: Way = { basePath: root, headers: bearer }
  return (protocol) => {
    if (protocol === 'messages') return messages
    return protocol.startsWith('ollama') ? ollama : openai
  }
}
