/**
 * A vendor is settings, not code (DESIGN 2.6): one HTTP client serves all of them. A new OpenAI-compatible vendor
 * is one entry here and its name in `settings.ts`; only a new dialect needs a codec in `wire/`.
 */
import { backendCodec } from '../wire/codecs.ts'
import type { BackendCodec } from '../wire/codec.ts'
import type { ChatProtocol, Timeouts, VendorName } from './settings.ts'

/** The protocols that a server of one kind is spoken to in. */
export interface Speaks {
  /** For every client whose own protocol is not among `native`. */
  readonly main: BackendCodec
  /** Clients of these pass through. */
  readonly native: readonly BackendCodec[]
  /** For prompts that are to be continued rather than answered; null: it only chats. */
  readonly completions: BackendCodec | null
  readonly embeddings: BackendCodec | null
}

export interface Vendor {
  readonly protocol: ChatProtocol
  /** `null`: the policy must give one. */
  readonly defaultEndpoint: string | null
  /** Environment variable of the bearer key, unless the policy names another. */
  readonly apiKeyEnv: string | null
  readonly timeouts: Timeouts
  /** Requests that a server of this kind works on at once unless told otherwise; local ones only. */
  readonly parallel: number
  /**
   * Newer OpenAI models refuse `max_tokens`, many other servers ignore `max_completion_tokens` and would run on
   * without a limit: those get both.
   */
  readonly wantsMaxTokens: boolean
}

const LOCAL_TIMEOUTS = {
  connectMs: 1_000,
  // A cold load of a large model from a slow disk takes minutes: slow is not dead.
  firstTokenMs: 300_000,
  idleMs: 60_000,
  totalMs: 600_000,
  streamMs: 1_800_000,
  progressMs: 180_000,
  clientStallMs: 60_000,
  keepAliveMs: 10_000,
} as const
export const HOSTED_TIMEOUTS = { ...LOCAL_TIMEOUTS, connectMs: 5_000, firstTokenMs: 60_000 } as const

export const VENDORS: Readonly<Record<VendorName, Vendor>> = {
  ollama: {
    protocol: 'ollama',
    defaultEndpoint: 'http://localhost:11434',
    apiKeyEnv: null,
    timeouts: LOCAL_TIMEOUTS,
    parallel: 1,
    wantsMaxTokens: false,
  },
  openai: {
    protocol: 'chat',
    defaultEndpoint: 'https://api.openai.com/v1',
    apiKeyEnv: 'OPENAI_API_KEY',
    timeouts: HOSTED_TIMEOUTS,
    parallel: 4,
    wantsMaxTokens: false,
  },
  sarmalink: {
    protocol: 'chat',
    defaultEndpoint: 'https://api.sarmalink.ai/v1',
    apiKeyEnv: 'SARMALINK_API_KEY',
    timeouts: HOSTED_TIMEOUTS,
    parallel: 4,
    wantsMaxTokens: true,
  },
  'openai-compatible': {
    protocol: 'chat',
    defaultEndpoint: null,
    apiKeyEnv: null,
    timeouts: LOCAL_TIMEOUTS,
    parallel: 16,
    wantsMaxTokens: true,
  },
  anthropic: {
    protocol: 'messages',
    defaultEndpoint: 'https://api.anthropic.com/v1',
    apiKeyEnv: 'ANTHROPIC_API_KEY',
    timeouts: HOSTED_TIMEOUTS,
    parallel: 4,
    wantsMaxTokens: false,
  },
  demo: {
    protocol: 'chat',
    defaultEndpoint: null,
    apiKeyEnv: null,
    timeouts: LOCAL_TIMEOUTS,
    parallel: 4,
    wantsMaxTokens: false,
  },
}

/**
 * What a server speaks: what the policy says, else what its kind does. OpenAI itself is chatted with, but takes
 * Responses as they come: its hosted tools and encrypted reasoning have no other form. Servers that only look like it
 * may have no `/responses`, or one that says "completed" for a cut answer (llama.cpp), so theirs must be named.
 */
export function speaksOf(
  type: VendorName,
  wanted: ChatProtocol | readonly ChatProtocol[] | undefined,
  isVendorsOwn: boolean,
): Speaks {
  const vendors = type === 'openai' && isVendorsOwn ? OPENAI_PROTOCOLS : VENDORS[type].protocol
  const names = [wanted ?? vendors].flat()
  const [first = VENDORS[type].protocol] = names
  const native: BackendCodec[] = names.map((name) => backendCodec(name))
  const main = backendCodec(first)
  if (first === 'ollama') {
    const generate = backendCodec('ollama-generate')
    return {
      main,
      native: [...native, generate],
      completions: generate,
      embeddings: backendCodec('ollama-embed'),
    }
  }
  const embeddings = type === 'anthropic' || type === 'demo' ? null : backendCodec('embeddings')
  if (type !== 'openai-compatible' || first !== 'chat') return { main, native, completions: null, embeddings }
  const completions = backendCodec('completions')
  return { main, native: [...native, completions], completions, embeddings }
}

const OPENAI_PROTOCOLS: readonly ChatProtocol[] = ['chat', 'responses']
