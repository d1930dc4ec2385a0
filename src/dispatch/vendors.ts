/**
 * A vendor is settings, not code (DESIGN 2.6): one HTTP client serves all of them. A new OpenAI-compatible vendor
 * is one entry here and its name in `settings.ts`; only a new dialect needs a codec in `wire/`.
 */
import { backendCodec } from '../wire/codecs.ts'
import type { BackendCodec } from '../wire/codec.ts'
import type { Timeouts, VendorName } from './settings.ts'

export interface Vendor {
  readonly codec: BackendCodec
  /** `null`: the policy must give one. */
  readonly defaultEndpoint: string | null
  /** Environment variable of the bearer key, unless the policy names another. */
  readonly apiKeyEnv: string | null
  /** Path of a free GET that tells whether the server is up and what it has; never loads a model. */
  readonly probePath: string
  readonly timeouts: Timeouts
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
} as const
export const HOSTED_TIMEOUTS = { ...LOCAL_TIMEOUTS, connectMs: 5_000, firstTokenMs: 60_000 } as const

const chat = backendCodec('chat')

export const VENDORS: Readonly<Record<VendorName, Vendor>> = {
  ollama: {
    codec: backendCodec('ollama'),
    defaultEndpoint: 'http://localhost:11434',
    apiKeyEnv: null,
    probePath: '/api/tags',
    timeouts: LOCAL_TIMEOUTS,
    wantsMaxTokens: false,
  },
  openai: {
    codec: chat,
    defaultEndpoint: 'https://api.openai.com/v1',
    apiKeyEnv: 'OPENAI_API_KEY',
    probePath: '/models',
    timeouts: HOSTED_TIMEOUTS,
    wantsMaxTokens: false,
  },
  sarmalink: {
    codec: chat,
    defaultEndpoint: 'https://api.sarmalink.ai/v1',
    apiKeyEnv: 'SARMALINK_API_KEY',
    probePath: '/models',
    timeouts: HOSTED_TIMEOUTS,
    wantsMaxTokens: true,
  },
  'openai-compatible': {
    codec: chat,
    defaultEndpoint: null,
    apiKeyEnv: null,
    probePath: '/models',
    timeouts: LOCAL_TIMEOUTS,
    wantsMaxTokens: true,
  },
  demo: {
    codec: chat,
    defaultEndpoint: null,
    apiKeyEnv: null,
    probePath: '/models',
    timeouts: LOCAL_TIMEOUTS,
    wantsMaxTokens: false,
  },
}
