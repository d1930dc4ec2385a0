/** What `dispatch` is given to do. */
import type { Accepted } from '../accept/accepted.ts'
import type { Clock } from '../clock.ts'
import type { Decision } from '../decide/decision.ts'
import type { Fleet } from './fleet.ts'
import type { Guards } from './guards.ts'
import type { StreamSink } from './sink.ts'

export interface Job {
  readonly accepted: Accepted
  readonly decision: Decision
  readonly fleet: Fleet
  readonly guards: Guards
  readonly clock: Clock
  /** From 0 to below 1: spreads repeated tries in time. */
  readonly random: () => number
  /** Where a stream goes; null asks for a whole answer. */
  readonly sink: StreamSink | null
  readonly signal: AbortSignal
  /** On the monotonic clock, where the client says how long it waits; queueing and every try share it. */
  readonly deadlineMs: number | null
  /** Called before a backend is used, so that a mirror on it can give way. */
  readonly yieldTo: (backend: string) => void
}
