import type { Accepted } from '../accept/accepted.ts'
import type { Clock } from '../clock.ts'
import type { Decision, Target } from '../decide/decision.ts'
import { RouterError } from '../errors.ts'
import { ended, type AttemptEnd } from './attempt.ts'
import { runBufferedAttempt } from './buffered-attempt.ts'
import { openGate } from './egress.ts'
import type { Fleet } from './fleet.ts'
import { outboundFor } from './outbound.ts'
import type { Attempt, Outcome } from './outcome.ts'
import type { StreamSink } from './sink.ts'
import { runStreamedAttempt } from './streamed-attempt.ts'

export interface Job {
  readonly accepted: Accepted
  readonly decision: Decision
  readonly fleet: Fleet
  readonly clock: Clock
  /** Where a stream goes; null asks for a whole answer. */
  readonly sink: StreamSink | null
  readonly signal: AbortSignal
  /** Called before a backend is used, so that a mirror on it can give way. */
  readonly yieldTo: (backend: string) => void
}

/**
 * Tries the decision's targets in their order until one answers. Reaches nothing but these targets. Resolves
 * always: failures are in the outcome.
 */
export async function dispatch(job: Job): Promise<Outcome> {
  const { accepted, decision, clock } = job
  const attempts: Attempt[] = []
  let last: AttemptEnd | null = null
  let answeredBy: Target | null = null
  let firstTokenMs: number | null = null

  for (const target of decision.targets) {
    for (let tries = 0; tries < 2; tries++) {
      const startedAtMs = clock.nowMs()
      const startedAtEpochMs = clock.epochMs()
      last = await attempt(job, target, attempts)
      attempts.push({
        target,
        startedAtEpochMs,
        totalMs: clock.nowMs() - startedAtMs,
        firstTokenMs: last.firstTokenMs,
        result: last.result,
        status: last.status,
        error: last.error,
      })
      if (last.result === 'success' || last.committed) {
        answeredBy = target
        if (last.firstTokenMs !== null) {
          firstTokenMs = startedAtMs - accepted.receivedAtMs + last.firstTokenMs
        }
      }
      if (last.disposition !== 'same-target') break
    }
    if (last === null || last.disposition === 'final') break
  }
  return {
    attempts,
    answeredBy,
    result: last?.result ?? 'failure',
    error: last === null ? null : summarise(last.error, attempts),
    committed: last?.committed ?? false,
    opened: job.sink?.isOpen() ?? false,
    answer: last?.answer ?? null,
    finish: last?.finish ?? null,
    usage: last?.usage ?? null,
    firstTokenMs,
    totalMs: clock.nowMs() - accepted.receivedAtMs,
  }
}

/** One try: the gate, the body, the call. A target that cannot even be given the request counts as failed. */
async function attempt(job: Job, target: Target, failed: readonly Attempt[]): Promise<AttemptEnd> {
  const { accepted, decision, fleet, clock, sink, signal } = job
  let backend
  let outbound
  try {
    backend = openGate(fleet, target, decision.label)
    outbound = outboundFor(accepted, backend, target.model, sink !== null)
  } catch (error) {
    const known =
      error instanceof RouterError
        ? error
        : new RouterError('internal_error', 'The request could not be translated.')
    return ended({ error: known, status: null, disposition: 'next-target' })
  }
  const input = { backend, target, failed, outbound, clock, signal }
  job.yieldTo(target.backend)
  backend.inFlight++
  try {
    return sink === null ? await runBufferedAttempt(input) : await runStreamedAttempt(input, sink)
  } finally {
    backend.inFlight--
  }
}

/**
 * When several targets failed, the client learns of each. The code is that of the last one tried, unless one said
 * that the prompt is too long: a client that is told so shortens it, one that is told 503 repeats it.
 */
function summarise(error: RouterError | null, attempts: readonly Attempt[]): RouterError | null {
  if (error === null || attempts.length < 2 || error.code === 'client_closed_request') return error
  const failed = attempts.filter((one) => one.error !== null)
  if (failed.length < 2) return error
  const details = [...new Set(failed.map((one) => one.error?.message ?? ''))].join(' ')
  const isTooLong = failed.some((one) => one.error?.code === 'context_length_exceeded')
  const code = isTooLong ? 'context_length_exceeded' : error.code
  return new RouterError(code, `All ${failed.length} attempts failed. ${details}`, {
    param: error.param ?? undefined,
    retryAfterSeconds: error.retryAfterSeconds ?? undefined,
    tokens: failed.find((one) => one.error?.tokens)?.error?.tokens ?? undefined,
  })
}
