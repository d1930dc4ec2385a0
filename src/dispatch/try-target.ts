/**
 * One try at one target: the gate, the body, the breaker, the budget, the door, the call, and what is learnt of it.
 * What does not come to a call counts as passed over, not as a failure of the backend.
 */
import type { Target } from '../decide/decision.ts'
import type { RouteTimeouts } from '../decide/policy.ts'
import { RouterError, type ErrorCode } from '../errors.ts'
import type { Permit } from './admission.ts'
import { abortReason, ended, type AttemptEnd, type AttemptInput } from './attempt.ts'
import type { Backend } from './backend.ts'
import type { Breaker, Pass, Verdict } from './breaker.ts'
import { runBufferedAttempt } from './buffered-attempt.ts'
import type { Job } from './job.ts'
import { openGate } from './egress.ts'
import { runFanOut } from './fan-out.ts'
import { outboundFor, type Outbound } from './outbound.ts'
import type { Attempt } from './outcome.ts'
import type { Timeouts } from './settings.ts'
import { runStreamedAttempt } from './streamed-attempt.ts'

export interface Try {
  readonly end: AttemptEnd
  /** A call was made. */
  readonly sent: boolean
  /** When it was; when it was given up, for one that was not. */
  readonly startedAtMs: number
  readonly startedAtEpochMs: number
}

export interface TryInput {
  readonly target: Target
  readonly failed: readonly Attempt[]
  /** The same target was tried before: draws on its budget. */
  readonly further: boolean
}

/** Resolves always. */
export async function tryTarget(job: Job, input: TryInput): Promise<Try> {
  const { clock } = job
  const passedOver = (error: RouterError): Try => ({
    end: ended({ error, status: null, disposition: 'next-target' }),
    sent: false,
    startedAtMs: clock.nowMs(),
    startedAtEpochMs: clock.epochMs(),
  })
  const way = prepare(job, input.target)
  if (way instanceof RouterError) return passedOver(way)
  const { backend } = way
  const { breaker, budget } = job.guards.target(backend, input.target.model)
  const pass = breaker.admit()
  if (!pass.allowed) return passedOver(circuitOpen(backend.name, pass.retryAfterMs))
  if (!input.further) budget.deposit()
  else if (!budget.withdraw()) {
    breaker.release(pass)
    return passedOver(budgetSpent(backend.name))
  }
  let permit: Permit
  try {
    // A mirror that runs on it gives way, or it would hold the only slot.
    job.yieldTo(backend.name)
    permit = await enter(job, backend)
  } catch (error) {
    breaker.release(pass)
    return passedOver(job.signal.aborted ? abortReason(job.signal) : turnedAway(backend.name, error))
  }
  const startedAtMs = clock.nowMs()
  const startedAtEpochMs = clock.epochMs()
  let end: AttemptEnd | null = null
  try {
    end = await call(job, way, input)
    return { end, sent: true, startedAtMs, startedAtEpochMs }
  } finally {
    permit.release({ firstTokenMs: end?.firstTokenMs ?? null, overloaded: end !== null && isOverloaded(end) })
    // What was cut off from our side (the client left, its time is over) says nothing about the backend.
    const counts = !job.signal.aborted || end?.result === 'success'
    settle({ breaker, pass, hasDoor: backend.admission.enabled }, counts ? end : null)
  }
}

interface Way {
  readonly backend: Backend
  readonly outbound: Outbound
}

function prepare({ accepted, decision, fleet, sink }: Job, target: Target): Way | RouterError {
  try {
    const backend = openGate(fleet, target, decision.label)
    return { backend, outbound: outboundFor(accepted, backend, target.model, sink !== null) }
  } catch (error) {
    return error instanceof RouterError
      ? error
      : new RouterError('internal_error', 'The request could not be translated.', { cause: error })
  }
}

function enter({ accepted, guards, signal, deadlineMs }: Job, backend: Backend): Promise<Permit> {
  const { priority } = accepted
  return guards
    .admission(backend)
    .enter({ priority, signal, deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY })
}

async function call(job: Job, { backend, outbound }: Way, { target, failed }: TryInput): Promise<AttemptEnd> {
  const { clock, sink, signal, decision } = job
  const warmth = job.guards.warmth(backend, target.model)
  const limits = withRoute(backend.timeouts, decision.timeouts)
  const timeouts = { ...limits, firstTokenMs: warmth.limitMs(limits.firstTokenMs) }
  const input: AttemptInput = { backend, target, failed, outbound, timeouts, clock, signal }
  backend.inFlight++
  try {
    const { choiceBodies } = outbound
    if (choiceBodies !== undefined) return await runFanOut(input, choiceBodies, sink)
    if (sink === null) return await runBufferedAttempt(input)
    const end = await runStreamedAttempt(input, sink)
    if (end.firstTokenMs !== null) warmth.sawFirstToken(end.firstTokenMs)
    return end
  } finally {
    backend.inFlight--
  }
}

/** What of it speaks for or against the target's health; the rest is the request's own matter, or the client's. */
const VERDICTS: Readonly<Partial<Record<ErrorCode, Verdict>>> = {
  upstream_error: 'failure',
  upstream_truncated: 'failure',
  upstream_timeout: 'failure',
  backend_unavailable: 'failure',
  rate_limit_exceeded: 'throttled',
}

interface Ward {
  readonly breaker: Breaker
  readonly pass: Pass
  /** The door of the backend sends less when that is overloaded. */
  readonly hasDoor: boolean
}

function settle({ breaker, pass, hasDoor }: Ward, end: AttemptEnd | null): void {
  if (end === null || end.result === 'aborted') return breaker.release(pass)
  if (end.result === 'success') return breaker.record('success', pass)
  const retryAfterSeconds = end.error?.retryAfterSeconds ?? null
  const retryAfterMs = retryAfterSeconds === null ? undefined : retryAfterSeconds * 1000
  breaker.record(verdictOn(end, hasDoor), pass, retryAfterMs)
}

/** A queue that is full is a busy server, not a broken one. */
function verdictOn(end: AttemptEnd, hasDoor: boolean): Verdict {
  if (isOverloaded(end)) return hasDoor ? 'ignored' : 'throttled'
  return VERDICTS[end.error?.code ?? 'internal_error'] ?? 'ignored'
}

function isOverloaded({ error, status }: AttemptEnd): boolean {
  return error?.code === 'backend_unavailable' && (status === 503 || status === 529)
}

/** A route's own limits win over its backends'. */
function withRoute(timeouts: Timeouts, route: RouteTimeouts | null): Timeouts {
  if (route === null) return timeouts
  const given = Object.entries(route).filter(([, value]) => value !== undefined)
  return { ...timeouts, ...Object.fromEntries(given) }
}

function circuitOpen(backend: string, retryAfterMs: number): RouterError {
  const message = `Backend "${backend}" keeps failing and is left alone for now.`
  return new RouterError('backend_unavailable', message, { retryAfterSeconds: seconds(retryAfterMs) })
}

function budgetSpent(backend: string): RouterError {
  const message = `Backend "${backend}" is given no further tries for now: too many failed.`
  return new RouterError('backend_unavailable', message, { retryAfterSeconds: 1 })
}

/** The door knows no names. */
function turnedAway(backend: string, error: unknown): RouterError {
  if (!(error instanceof RouterError))
    return new RouterError('internal_error', 'The queue failed.', { cause: error })
  const { code, message, retryAfterSeconds } = error
  return new RouterError(code, `Backend "${backend}": ${message}`, {
    retryAfterSeconds: retryAfterSeconds ?? undefined,
  })
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}
