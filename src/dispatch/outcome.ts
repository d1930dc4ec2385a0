/** What `dispatch` hands on: every attempt it made and how the request ended. */
import type { Target } from '../decide/decision.ts'
import type { RouterError } from '../errors.ts'
import type { ChatReply, FinishReason, Usage } from '../wire/exchange.ts'
import type { JsonValue } from '../wire/json.ts'
import type { Outbound } from './outbound.ts'

export type AttemptResult = 'success' | 'failure' | 'aborted'

export interface Attempt {
  readonly target: Target
  /** A call was made; false for a target that was passed over, which is no failure of its backend. */
  readonly sent: boolean
  readonly startedAtEpochMs: number
  /** From the attempt's own start. */
  readonly totalMs: number
  /** First content-bearing event of a stream; null when none came, or the answer was buffered. */
  readonly firstTokenMs: number | null
  readonly result: AttemptResult
  /** HTTP status of the backend, null when none came. */
  readonly status: number | null
  readonly error: RouterError | null
}

/** A whole answer, ready for the reply stage; `bytes` are the backend's own. */
export interface BufferedAnswer {
  readonly target: Target
  readonly reply: ChatReply
  readonly body: JsonValue
  readonly bytes: Buffer
  readonly outbound: Outbound
}

export interface Outcome {
  readonly attempts: readonly Attempt[]
  /** The target whose content the client got; null when none answered. */
  readonly answeredBy: Target | null
  readonly result: AttemptResult
  readonly error: RouterError | null
  /** Content of the answer had already gone to the client (a stream past its commit point). */
  readonly committed: boolean
  /** The client had been told to wait, so that its status was 200 whatever came after. */
  readonly opened: boolean
  readonly answer: BufferedAnswer | null
  readonly finish: FinishReason | null
  readonly usage: Usage | null
  /** From the request's arrival to its first content, for streams. */
  readonly firstTokenMs: number | null
  /** From the request's arrival to the end. */
  readonly totalMs: number
}
