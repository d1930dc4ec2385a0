/** A backend that speaks one of the four protocols, and its line of a policy, at its own address or at a proxy's. */
import { startBackend, type Backend } from '../backend.ts'
import type { Answer } from '../protocols/neutral.ts'
import { MODEL, play } from '../protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../protocols/protocols.ts'

export interface PlayedBackend extends Backend {
  readonly protocol: ProtocolName
  /** Why requests were refused: the words of a {@link Breach}. */
  readonly breaches: readonly string[]
  answer(next: Answer): void
}

export async function startPlayedBackend(protocol: ProtocolName, answer: Answer): Promise<PlayedBackend> {
  const breaches: string[] = []
  const { server } = PROTOCOLS[protocol]
  const backend = await startBackend(play(server, answer, breaches))
  return {
    ...backend,
    protocol,
    breaches,
    answer: (next) => backend.script(play(server, next, breaches)),
  }
}

/** An entry of `backends:`, indented. `more` are further keys, written as in the policy. */
export function policyEntry(name: string, protocol: ProtocolName, origin: string, more = ''): string {
  const rest = more === '' ? '' : `, ${more}`
  return protocol === 'ollama'
    ? `  ${name}: { type: ollama, endpoint: "${origin}", model: ${MODEL}${rest} }`
    : `  ${name}: { type: openai-compatible, endpoint: "${origin}/v1", model: ${MODEL}, protocol: ${protocol}${rest} }`
}
