/** The policy of SPEC 3, word for word but for where its backends are. */
import { readFileSync } from 'node:fs'
import { sampleOf } from '../../src/decide/shadow.ts'

export const SPEC_POLICY = readFileSync(new URL('../../examples/policy.spec.yaml', import.meta.url), 'utf8')

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
