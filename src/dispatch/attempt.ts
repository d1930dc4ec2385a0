/** What the two kinds of attempt, buffered and streamed, have in common. */
import type { Clock } from '../clock.ts'
import type { Target } from '../decide/decision.ts'
import { RouterError } from '../errors.ts'
import type { FinishReason, Usage } from '../wire/exchange.ts'
import type { Backend } from './backend.ts'
import type { AttemptFailure, Disposition } from './failure.ts'
import type { Timeouts } from './settings.ts'
import type { Outbound } from './outbound.ts'
import type { CallRequest } from './transport.ts'
import type { Attempt, AttemptResult, BufferedAnswer } from './outcome.ts'

export interface AttemptInput {
  readonly backend: Backend
  readonly target: Target
  /** The attempts of this request before this one. */
  readonly failed: readonly Attempt[]
  readonly outbound: Outbound
  /** Those of the route over those of the backend. */
  readonly timeouts: Timeouts
  readonly clock: Clock
  /** Aborted with a RouterError as its reason: the client left, the deadline passed, the router shuts down. */
  readonly signal: AbortSignal
}

export interface AttemptEnd {
  readonly result: AttemptResult
  readonly status: number | null
  readonly error: RouterError | null
  readonly disposition: Disposition
  /** From the start of the attempt. */
  readonly firstTokenMs: number | null
  readonly committed: boolean
  readonly answer: BufferedAnswer | null
  readonly finish: FinishReason | null
  readonly usage: Usage | null
}

/** The largest answer that is held in memory, and the most of an error body that is looked at. */
export const MAX_REPLY_BYTES = 67_108_864
export const MAX_ERROR_BYTES = 65_536

export function callOf({ backend, outbound }: AttemptInput): CallRequest {
  const { codec, body, headers } = outbound
  return { backend, method: 'POST', protocol: codec.protocol, path: codec.path, body, headers }
}

export function ended(failure: AttemptFailure, progress: Partial<AttemptEnd> = {}): AttemptEnd {
  const aborted = failure.error.code === 'client_closed_request' || failure.error.code === 'server_shutdown'
  return {
    result: aborted ? 'aborted' : 'failure',
    status: failure.status,
    error: failure.error,
    disposition: aborted ? 'final' : failure.disposition,
    firstTokenMs: null,
    committed: false,
    answer: null,
    finish: null,
    usage: null,
    ...progress,
  }
}

/** The reason a signal was aborted with, made sure to be ours. */
export function abortReason(signal: AbortSignal): RouterError {
  const reason: unknown = signal.reason
  return reason instanceof RouterError ? reason : new RouterError('client_closed_request', 'The client left.')
}
