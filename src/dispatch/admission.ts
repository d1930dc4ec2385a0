/**
 * The door of one backend. What a single GPU cannot do now waits here, where it can still be given up, and not in
 * the server's own queue: Ollama's is 512 deep, and works on requests whose clients left long ago.
 */
import type { Clock, Timer } from '../clock.ts'
import { RouterError } from '../errors.ts'
import { createAdmissionLimit } from './admission-limit.ts'
import { createAdmissionQueue, type Priority } from './admission-queue.ts'
import type { AdmissionSettings } from './admission-settings.ts'

export interface Entrance {
  readonly priority: Priority
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal
  /** The last moment, on the monotonic clock, at which a start is of use to anyone. */
  readonly deadlineMs: number
}

export interface Release {
  /** From the start of the call; null when none came. */
  readonly firstTokenMs: number | null
  /** The backend refused the call because its own queue is full. */
  readonly overloaded?: boolean
}

/** One slot. Whoever holds it gives it back; giving it back twice is as good as once. */
export interface Permit {
  release(how: Release): void
}

export const DROP_REASONS = ['queue-full', 'displaced', 'too-late', 'expired', 'left', 'closed'] as const
export type DropReason = (typeof DROP_REASONS)[number]

export interface AdmissionSnapshot {
  /** Null when admission is off. */
  readonly limit: number | null
  readonly inFlight: number
  readonly queued: Readonly<Record<Priority, number>>
  readonly droppedTotal: Readonly<Record<DropReason, number>>
}

export interface Admission {
  /**
   * Resolves once the call may be made. Rejects with `backend_unavailable` when it would come too late or too
   * many wait already, and with the signal's reason when the client leaves first.
   */
  enter(entrance: Entrance): Promise<Permit>
  snapshot(): AdmissionSnapshot
  /** Rejects all who wait, and all who come later, with this error. Permits stay good. */
  close(reason?: RouterError): void
}

export interface AdmissionOptions {
  readonly clock: Clock
  readonly settings: AdmissionSettings
  /** Between 0 and 1: spreads the pauses of several routers in front of one backend. */
  readonly random?: () => number
}

interface Entry {
  readonly priority: Priority
  readonly deadlineMs: number
  resolve(permit: Permit): void
  reject(reason: unknown): void
}

interface Held {
  readonly sinceMs: number
  /** Calls in flight when this one was let in, itself included. */
  readonly inFlight: number
}

/** Calls that the estimate of a wait goes by: their median, since one of them may have been a cold load of minutes. */
const RECENT_CALLS = 15
const SHORTEST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 4_000

export function createAdmission({ clock, settings, random = Math.random }: AdmissionOptions): Admission {
  const limit = createAdmissionLimit(settings.parallel, settings.maxParallel)
  const queue = createAdmissionQueue<Entry>()
  const held = new Set<Held>()
  const droppedTotal = { 'queue-full': 0, displaced: 0, 'too-late': 0, expired: 0, left: 0, closed: 0 }
  const recentMs: number[] = []
  /** How long a slot is taken; null until one was given back. */
  let serviceMs: number | null = null
  let closed: RouterError | null = null
  let pause: { readonly untilMs: number; readonly timer: Timer } | null = null
  let overloadsInARow = 0
  let lastOverloadMs = Number.NEGATIVE_INFINITY

  const waiting = (): number => queue.ahead('shadow')
  const isFree = (): boolean => !settings.enabled || (pause === null && held.size < limit.slots())

  /** Until a newcomer of this class would start, going by what calls took lately; 0 while nothing is known. */
  function estimatedWaitMs(priority: Priority): number {
    const pausedMs = pause === null ? 0 : Math.max(0, pause.untilMs - clock.nowMs())
    if (serviceMs === null) return pausedMs
    let workMs = queue.ahead(priority) * serviceMs
    for (const { sinceMs } of held) workMs += Math.max(0, serviceMs - (clock.nowMs() - sinceMs))
    return pausedMs + workMs / limit.slots()
  }

  function refusal(reason: DropReason, message: string, priority: Priority): RouterError {
    droppedTotal[reason]++
    const seconds = Math.ceil(estimatedWaitMs(priority) / 1000)
    return new RouterError('backend_unavailable', message, {
      retryAfterSeconds: Math.min(600, Math.max(1, seconds)),
    })
  }

  function admit(): Permit {
    const mine: Held = { sinceMs: clock.nowMs(), inFlight: held.size + 1 }
    held.add(mine)
    return {
      release({ firstTokenMs, overloaded = false }) {
        if (!held.delete(mine)) return
        if (overloaded) backOff(mine)
        else learn(mine, firstTokenMs)
        pump()
      },
    }
  }

  function learn({ sinceMs, inFlight }: Held, firstTokenMs: number | null): void {
    recentMs.push(clock.nowMs() - sinceMs)
    if (recentMs.length > RECENT_CALLS) recentMs.shift()
    serviceMs = recentMs.toSorted((a, b) => a - b)[(recentMs.length - 1) >> 1] ?? null
    if (firstTokenMs === null) return
    overloadsInARow = 0
    limit.observe(firstTokenMs, inFlight)
  }

  /** Calls that were under way together and are all refused say one thing, once. */
  function backOff({ sinceMs }: Held): void {
    if (!settings.enabled || sinceMs <= lastOverloadMs) return
    lastOverloadMs = clock.nowMs()
    limit.shrink()
    if (closed !== null) return
    const longestMs = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** overloadsInARow++)
    const pauseMs = longestMs * (0.5 + random() / 2)
    const timer = clock.setTimer(pauseMs, endPause, { background: true })
    pause = { untilMs: clock.nowMs() + pauseMs, timer }
  }

  function endPause(): void {
    pause = null
    pump()
  }

  /** Lets in whom it can. Who would come too late is let go, even when a blocked event loop held up their timer. */
  function pump(): void {
    while (isFree()) {
      const entry = queue.next()
      if (entry === undefined) return
      if (clock.nowMs() > entry.deadlineMs) entry.reject(refusal('expired', EXPIRED, entry.priority))
      else entry.resolve(admit())
    }
  }

  function wait({ priority, signal }: Entrance, deadlineMs: number): Promise<Permit> {
    return new Promise((resolve, reject: (reason: unknown) => void) => {
      const left = (): void => {
        queue.remove(entry)
        droppedTotal.left++
        entry.reject(signal.reason)
      }
      const expired = (): void => {
        queue.remove(entry)
        entry.reject(refusal('expired', EXPIRED, priority))
      }
      const timer = clock.setTimer(deadlineMs - clock.nowMs(), expired)
      const settle = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', left)
      }
      const entry: Entry = {
        priority,
        deadlineMs,
        resolve: (permit) => (settle(), resolve(permit)),
        reject: (reason) => (settle(), reject(reason)),
      }
      signal.addEventListener('abort', left, { once: true })
      queue.push(entry)
    })
  }

  return {
    async enter(entrance) {
      const { priority, signal } = entrance
      signal.throwIfAborted()
      if (closed !== null) throw closed
      const nowMs = clock.nowMs()
      if (nowMs > entrance.deadlineMs) throw refusal('expired', EXPIRED, priority)
      if (isFree()) return admit()
      const deadlineMs = Math.min(entrance.deadlineMs, nowMs + settings.queueWaitMs)
      if (nowMs + estimatedWaitMs(priority) > deadlineMs) throw refusal('too-late', TOO_LATE, priority)
      const places = limit.slots() * settings.queuePerSlot
      if (waiting() >= places) {
        const other = queue.giveUp(priority, limit.slots())
        if (other === undefined) throw refusal('queue-full', FULL, priority)
        other.reject(refusal('displaced', DISPLACED, other.priority))
      }
      return wait(entrance, deadlineMs)
    },
    snapshot: () => ({
      limit: settings.enabled ? limit.slots() : null,
      inFlight: held.size,
      queued: queue.counts(),
      droppedTotal: { ...droppedTotal },
    }),
    close(reason = new RouterError('server_shutdown', 'The router is shutting down.')) {
      closed ??= reason
      pause?.timer.cancel()
      for (const entry of queue.all()) {
        queue.remove(entry)
        droppedTotal.closed++
        entry.reject(closed)
      }
    },
  }
}

const FULL = 'The backend is busy, and as many requests as may wait for it do.'
const DISPLACED = 'The backend is busy, and its queue was needed for interactive requests.'
const TOO_LATE = 'The backend is busy: this request would not start in time.'
const EXPIRED = 'The backend was busy until it was too late to start this request.'
