/** The policy of SPEC 3, word for word but for where its backends are. */
import { sampleOf } from '../../src/decide/shadow.ts'

export const SPEC_POLICY = `\
backends:
  local:
    type: ollama
    endpoint: http://localhost:11434
    families: { qwen-coder: "qwen2.5-coder:7b", gemma: "gemma3:12b", llama: "llama4:16x17b" }
    p50Ms: 1800
  sarmalink: { type: sarmalink, endpoint: "https://api.sarmalink.ai/v1", model: smart, p50Ms: 600 }
  frontier: { type: openai, model: gpt-4o, p50Ms: 900 }
routes:
  - match: { sensitivity: high }
    backend: local
    reason: "Privacy: never leave the machine"
  - match: { task: code, complexity: low }
    backend: local
    fallback: sarmalink
    latencyBudgetMs: 2500
  - match: { task: vision }
    backend: local
    fallback: frontier
    latencyBudgetMs: 3000
  - match: { task: web_search }
    backend: sarmalink
  - default: local
    fallback: sarmalink
    latencyBudgetMs: 1200
ab:
  enabled: true
  sampleRate: 0.05
  candidates: { local: sarmalink }
`

export const SPEC_MODELS = ['qwen2.5-coder:7b', 'gemma3:12b', 'llama4:16x17b']

/** `more` is appended: sections the SPEC's policy leaves at their defaults. */
export function specPolicy(
  origins: { readonly local: string; readonly sarmalink: string; readonly frontier: string },
  more = '',
): string {
  const placed = SPEC_POLICY.replace('http://localhost:11434', origins.local)
    .replace('https://api.sarmalink.ai/v1', `${origins.sarmalink}/v1`)
    .replace('type: openai, ', `type: openai, endpoint: "${origins.frontier}/v1", `)
  return placed + more
}

/** Its `ab` mirrors 5 % of what `local` serves to `sarmalink`: told by the request's id. */
export function isMirrored(requestId: string | null): boolean {
  return requestId !== null && sampleOf(requestId) < 0.05
}
