/** What the engine's tests ask, and of which policy. */
import assert from 'node:assert/strict'
import type { ChatCompletionFunctionTool } from 'openai/resources/chat/completions'

/** llama.cpp's server speaks each of these itself; what else a client speaks is translated. */
export const EGRESS = ['chat', 'messages', 'responses'] as const
export type Egress = (typeof EGRESS)[number]

export const SENTENCE = 'Hello from a tiny llama.'
export const ENDLESS = 'Go on forever.'
export const PONDER = 'Please think.'
export const THOUGHT = /^let me think\s*$/
export const WEATHER: ChatCompletionFunctionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather at a place.',
    parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
  },
}

interface Line {
  readonly endpoint: string
  readonly fallback?: string
  readonly protocol?: Egress
}

/** Backends by name; the engine is attested, the others are what the caller writes. */
export function policyFor({ endpoint, fallback, protocol = 'chat' }: Line, more = ''): string {
  return `
backends:
  engine: { type: openai-compatible, endpoint: "${endpoint}", model: tiny, attest: local, protocol: ${protocol} }
${more}
routes:
  - default: engine
${fallback === undefined ? '' : `    fallback: ${fallback}`}
`
}

export function user(content: string): { model: string; messages: { role: 'user'; content: string }[] } {
  return { model: 'auto', messages: [{ role: 'user', content }] }
}

/** Waits until `holds`; fails after two seconds. */
export async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 2_000
  while (!(await holds())) {
    if (performance.now() > deadlineMs) assert.fail(`not within 2 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
