/** From the decision to its outcome: which target is tried, how often, and when it is enough (faults 1.2). */
import type { Target } from '../decide/decision.ts'
import { RouterError, type ErrorCode } from '../errors.ts'
import type { AttemptEnd } from './attempt.ts'
import { abortReason, ended } from './attempt.ts'
import { backoffMs } from './backoff.ts'
import type { Job } from './job.ts'
import type { Attempt, Outcome } from './outcome.ts'
import { summarise } from './summarise.ts'
import { tryTarget, type Try } from './try-target.ts'

const MOST_TRIES_A_TARGET = 2
const MOST_TRIES_A_REQUEST = 3
/** A backend that asks for more is left to others; nobody sleeps for long inside a request. */
const LONGEST_RETRY_AFTER_SECONDS = 2
/** A timer may fire that much before its time; the breaker that keeps the same pause would not have ended it. */
const EARLIEST_TIMER_MS = 2

/**
 * Tries the decision's targets in their order until one answers. Reaches nothing but these targets. Resolves
 * always: failures are in the outcome.
 */
export async function dispatch(given: Job): Promise<Outcome> {
  const limited = withDeadline(given)
  try {
    return await run(limited.job, limited.isOver)
  } finally {
    limited.end()
  }
}

async function run(job: Job, isOver: () => boolean): Promise<Outcome> {
  const { accepted, decision, clock } = job
  const attempts: Attempt[] = []
  let last: AttemptEnd | null = null
  let answeredBy: Target | null = null
  let firstTokenMs: number | null = null

  for (const [index, target] of decision.targets.entries()) {
    const isLast = index === decision.targets.length - 1
    for (let tries = 0; tries < MOST_TRIES_A_TARGET; tries++) {
      if (tries > 0 && last !== null && !(await worthWaiting(job, last))) break
      // A fallback is a first try for its own target: what multiplies load there is asking the same one again.
      const tried = await tryTarget(job, { target, failed: attempts, further: tries > 0 })
      last = tried.end
      attempts.push(toAttempt(target, tried, clock.nowMs()))
      if (last.result === 'success' || last.committed) {
        answeredBy = target
        if (last.firstTokenMs !== null) {
          firstTokenMs = tried.startedAtMs - accepted.receivedAtMs + last.firstTokenMs
        }
      }
      const again = last.disposition === 'same-target' || (isLast && tried.sent && isRepeatable(last))
      if (!again || isEnough(attempts)) break
    }
    if (last === null || last.disposition === 'final' || isEnough(attempts) || isOver()) break
  }
  const cut = last === null ? null : cutOff(job, last)
  return {
    attempts,
    answeredBy,
    result: cut?.result ?? last?.result ?? 'failure',
    error: last === null ? null : (cut?.error ?? summarise(last.error, attempts)),
    committed: last?.committed ?? false,
    opened: job.sink?.isOpen() ?? false,
    answer: last?.answer ?? null,
    finish: last?.finish ?? null,
    usage: last?.usage ?? null,
    firstTokenMs,
    totalMs: clock.nowMs() - accepted.receivedAtMs,
  }
}

function toAttempt(
  target: Target,
  { end, sent, startedAtMs, startedAtEpochMs }: Try,
  nowMs: number,
): Attempt {
  const { firstTokenMs, result, status, error } = end
  return { target, sent, startedAtEpochMs, totalMs: nowMs - startedAtMs, firstTokenMs, result, status, error }
}

/** That the client left or its time is over is the end of it, and no try's failure: between two there may be none. */
function cutOff({ signal }: Job, { result, committed }: AttemptEnd): AttemptEnd | null {
  if (!signal.aborted || result === 'success' || committed) return null
  return ended({ error: abortReason(signal), status: null, disposition: 'final' })
}

function isEnough(attempts: readonly Attempt[]): boolean {
  return attempts.filter(({ sent }) => sent).length >= MOST_TRIES_A_REQUEST
}

/** What may go better a moment later. The next target comes first; the last one is asked again. */
const REPEATABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_error',
  'upstream_truncated',
  'backend_unavailable',
  'rate_limit_exceeded',
])

function isRepeatable({ error, committed, disposition }: AttemptEnd): boolean {
  if (committed || disposition === 'final' || error === null || !REPEATABLE.has(error.code)) return false
  const asked = error.retryAfterSeconds
  // A limit without a time is not over in a moment.
  if (error.code === 'rate_limit_exceeded' && asked === null) return false
  return asked === null || asked <= LONGEST_RETRY_AFTER_SECONDS
}

/** Waits for what the backend asked for, or a random while; false when the client or the deadline comes first. */
function worthWaiting({ clock, random, signal }: Job, { error, disposition }: AttemptEnd): Promise<boolean> {
  // A kept connection that was closed under us says nothing about the backend.
  if (disposition === 'same-target') return Promise.resolve(!signal.aborted)
  const asked = error?.retryAfterSeconds ?? null
  const waitMs = asked === null ? backoffMs(0, random) : asked * 1000 + EARLIEST_TIMER_MS
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve(!signal.aborted)
    }
    const timer = clock.setTimer(waitMs, done)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}

interface Limited {
  readonly job: Job
  /** The client left, or its time is up: also when the timer for that comes a moment after others of that moment. */
  readonly isOver: () => boolean
  readonly end: () => void
}

/** One deadline for queueing, tries and fallbacks together: the client's. */
function withDeadline(job: Job): Limited {
  const { deadlineMs, clock, signal, accepted } = job
  if (deadlineMs === null) return { job, isOver: () => signal.aborted, end: () => undefined }
  const over = new AbortController()
  const waitedMs = Math.round(deadlineMs - accepted.receivedAtMs)
  const expire = (): void =>
    over.abort(
      new RouterError('upstream_timeout', `No answer came within the ${waitedMs} ms that the client waits.`),
    )
  const timer = clock.setTimer(Math.max(0, deadlineMs - clock.nowMs()), expire)
  const onAbort = (): void => over.abort(abortReason(signal))
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort)
  return {
    job: { ...job, signal: over.signal },
    isOver() {
      if (clock.nowMs() >= deadlineMs - EARLIEST_TIMER_MS) expire()
      return over.signal.aborted
    },
    end() {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    },
  }
}
