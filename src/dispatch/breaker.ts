/**
 * The circuit breaker of one target (reference 1.2). Starts no timer: it changes when it is asked or told.
 *
 * Closed, it opens after a run of failures or when too few of the answers in its window were successes. A request
 * that comes when it has been open long enough is the probe, and until its verdict the only one.
 */
import type { Clock } from '../clock.ts'
import type { BreakerLimits } from './breaker-settings.ts'
import { createRollingTotal, type RollingTotal } from './rolling-total.ts'

/**
 * `throttled` (429) speaks for the window alone. `ignored` says nothing of the target's health: 4xx, a prompt that
 * is too long, what its model cannot do, a client that left.
 */
export type Verdict = 'success' | 'failure' | 'throttled' | 'ignored'

export interface Pass {
  readonly allowed: true
  readonly probe: boolean
  /** A verdict counts in the period it was admitted in: one that comes after an opening is old news. */
  readonly period: number
}

export type Admittance = Pass | { readonly allowed: false; readonly retryAfterMs: number }

export interface BreakerSnapshot {
  /** `open` exactly while `openForMs` is above 0. */
  readonly state: 'closed' | 'open' | 'half-open'
  readonly openForMs: number
  readonly consecutiveFailures: number
  readonly windowSamples: number
  /** Null without samples. */
  readonly windowSuccessRate: number | null
}

export interface Breaker {
  admit(): Admittance
  /**
   * What became of an admitted try; once for each. A `Retry-After` that came with 429 keeps the target shut for that
   * long by itself, one that came with a failure only if that is open: a single 503 is no reason to close a door.
   */
  record(verdict: Verdict, pass: Pass, retryAfterMs?: number): void
  /** An admitted try ended with no verdict: the next request is the probe in its place. */
  release(pass: Pass): void
  snapshot(): BreakerSnapshot
  /** After a reload; what was learnt stays. */
  configure(limits: BreakerLimits): void
}

export interface BreakerOptions {
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly settings: BreakerLimits
}

const BUCKETS = 10
/** However long a backend asks to be left alone. */
const MAX_RETRY_AFTER_MS = 600_000

export function createBreaker({ clock, random, settings }: BreakerOptions): Breaker {
  let limits = settings
  let window = createWindow(clock, limits.windowMs)
  // Open with its time run out is half-open with the place of the probe free; probing is half-open with it taken.
  let phase: 'closed' | 'open' | 'probing' = 'closed'
  let period = 0
  let closedSinceMs = clock.nowMs()
  let openUntilMs = 0
  let openings = 0
  /** Until when the backend itself asked to be left alone. */
  let pausedUntilMs = 0
  let run = 0

  function close(): void {
    phase = 'closed'
    period++
    closedSinceMs = clock.nowMs()
    run = 0
    window.successes.clear()
    window.misses.clear()
  }

  /**
   * For a time drawn evenly from `(1 - jitter) × length` to `length`, which doubles from `openMs` to `maxOpenMs`. The
   * jitter only shortens, so that the limit is one; with at most 0.5 an opening is still longer than the one before.
   */
  function open(): void {
    const nowMs = clock.nowMs()
    // Only a closed period that lasted resets the doubling: a backend that flaps answers probes, and fails again.
    if (phase === 'closed' && nowMs - closedSinceMs >= limits.windowMs) openings = 0
    const lengthMs = Math.min(limits.maxOpenMs, limits.openMs * 2 ** openings++)
    openUntilMs = nowMs + lengthMs * (1 - limits.jitter * random())
    phase = 'open'
    period++
  }

  function waitMs(): number {
    return Math.max(0, Math.ceil(Math.max(openUntilMs, pausedUntilMs) - clock.nowMs()))
  }

  function release(pass: Pass): void {
    if (!pass.probe || pass.period !== period) return
    phase = 'open'
    period++
  }

  /** Called for misses alone: a success never opens. */
  function tooMany(): boolean {
    if (run >= limits.consecutiveFailures) return true
    const { samples, rate } = figures(window)
    return samples >= limits.minSamples && rate !== null && rate < limits.minSuccessRate
  }

  function judge(verdict: 'success' | 'failure' | 'throttled', isProbe: boolean): void {
    if (isProbe) return verdict === 'success' ? close() : open()
    if (verdict === 'success') {
      run = 0
      return window.successes.add(1)
    }
    window.misses.add(1)
    if (verdict === 'failure') run++
    if (tooMany()) open()
  }

  return {
    admit() {
      if (!limits.enabled) return { allowed: true, probe: false, period }
      const retryAfterMs = waitMs()
      if (retryAfterMs > 0) return { allowed: false, retryAfterMs }
      if (phase === 'closed') return { allowed: true, probe: false, period }
      if (phase === 'probing') return { allowed: false, retryAfterMs: limits.openMs }
      phase = 'probing'
      return { allowed: true, probe: true, period: ++period }
    },
    record(verdict, pass, retryAfterMs = 0) {
      if (!limits.enabled) return
      if (verdict === 'ignored') return release(pass)
      if (pass.period === period) judge(verdict, pass.probe)
      const isHeeded = verdict === 'throttled' || (verdict === 'failure' && phase === 'open')
      if (!isHeeded || !(retryAfterMs > 0)) return
      pausedUntilMs = Math.max(pausedUntilMs, clock.nowMs() + Math.min(retryAfterMs, MAX_RETRY_AFTER_MS))
    },
    release,
    snapshot() {
      const openForMs = waitMs()
      const { samples, rate } = figures(window)
      return {
        state: openForMs > 0 ? 'open' : phase === 'closed' ? 'closed' : 'half-open',
        openForMs,
        consecutiveFailures: run,
        windowSamples: samples,
        windowSuccessRate: rate,
      }
    },
    configure(next) {
      if (next.windowMs !== limits.windowMs) window = createWindow(clock, next.windowMs)
      limits = next
      if (limits.enabled) return
      close()
      openings = openUntilMs = pausedUntilMs = 0
    },
  }
}

interface Window {
  readonly successes: RollingTotal
  readonly misses: RollingTotal
}

function createWindow(clock: Clock, windowMs: number): Window {
  const total = (): RollingTotal => createRollingTotal(clock, windowMs / BUCKETS, BUCKETS)
  return { successes: total(), misses: total() }
}

function figures(window: Window): { readonly samples: number; readonly rate: number | null } {
  const successes = window.successes.total()
  const samples = successes + window.misses.total()
  return { samples, rate: samples === 0 ? null : successes / samples }
}
