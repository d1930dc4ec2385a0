/**
 * What `decide` needs to know of the world at this moment. Owned here, implemented by dispatch and record, so
 * that deciding stays pure: the same classification, policy and view always give the same decision.
 */
import type { Target } from './decision.ts'

export interface View {
  /** True only with a fresh proof (DESIGN 2.5); unknown is false. */
  isProvenLocal(backend: string, model: string): boolean
  /** A server of this house that did not answer when it was last asked; never true of a hosted one. */
  isDown(backend: string): boolean
  /** Why this target cannot take a request now (`OPENAI_API_KEY is not set`), or null. */
  unavailability(backend: string, model: string): string | null
  /** Median of recent whole answers in ms, null when there are too few. */
  medianLatencyMs(target: Target, stream: boolean): number | null
  /** Median of recent first tokens in ms, null when there are too few. */
  medianFirstTokenMs(target: Target): number | null
}
