/** What this machine offers to someone who has not written a policy yet. */
import type { Clock } from '../clock.ts'
import { createBackend } from './backend.ts'
import { probeModels, type ListedModel } from './probe.ts'

export interface Discovery {
  /** Null when no Ollama answers. */
  readonly ollama: { readonly endpoint: string; readonly models: readonly ListedModel[] } | null
  readonly hasOpenaiKey: boolean
  readonly hasSarmalinkKey: boolean
  readonly hasAnthropicKey: boolean
}

/** One GET to Ollama's address, and a look at the environment. Nothing is sent anywhere else. */
export async function discover(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<Discovery> {
  const endpoint = ollamaEndpoint(env['OLLAMA_HOST'])
  const backend = createBackend(
    { name: 'ollama', connection: { type: 'ollama', endpoint }, policyTimeouts: {}, env },
    null,
  )
  const models = await probeModels(backend, clock)
  await backend.pool.close()
  return {
    ollama: models === null ? null : { endpoint, models },
    hasOpenaiKey: isSet(env['OPENAI_API_KEY']),
    hasSarmalinkKey: isSet(env['SARMALINK_API_KEY']),
    hasAnthropicKey: isSet(env['ANTHROPIC_API_KEY']),
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== ''
}

/**
 * `OLLAMA_HOST` as Ollama reads it: `host`, `host:port`, `:port` or a URL, default port 11434. An address to
 * bind every interface is one to reach it by loopback.
 */
export function ollamaEndpoint(host: string | undefined): string {
  const fallback = 'http://localhost:11434'
  const text = host?.trim().replace(/\/+$/, '') ?? ''
  if (text === '') return fallback
  const withScheme = /^https?:\/\//i.test(text)
    ? text
    : `http://${text.startsWith(':') ? `localhost${text}` : text}`
  const url = URL.parse(withScheme)
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return fallback
  if (url.port === '' && !/:\d+$/.test(withScheme)) url.port = '11434'
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = 'localhost'
  return url.href.replace(/\/+$/, '')
}
