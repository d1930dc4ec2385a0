/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../../src/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time on, firing what falls due, in order of its due time. */
  advance(ms: number): void
  /** Timers that have neither fired nor been cancelled. */
  readonly pending: () => number
}

interface Entry {
  readonly dueMs: number
  readonly fire: () => void
}

export function createManualClock(startEpochMs = 1_750_000_000_000): ManualClock {
  let elapsedMs = 0
  const entries = new Set<Entry>()

  function nextDue(limitMs: number): Entry | undefined {
    let next: Entry | undefined
    for (const entry of entries) {
      if (entry.dueMs <= limitMs && (next === undefined || entry.dueMs < next.dueMs)) next = entry
    }
    return next
  }

  return {
    nowMs: () => elapsedMs,
    epochMs: () => startEpochMs + elapsedMs,
    setTimer(ms: number, fire: () => void): Timer {
      const entry = { dueMs: elapsedMs + Math.max(0, ms), fire }
      entries.add(entry)
      return { cancel: () => void entries.delete(entry) }
    },
    advance(ms: number): void {
      const limitMs = elapsedMs + ms
      for (let entry = nextDue(limitMs); entry !== undefined; entry = nextDue(limitMs)) {
        entries.delete(entry)
        elapsedMs = Math.max(elapsedMs, entry.dueMs)
        entry.fire()
      }
      elapsedMs = limitMs
    },
    pending: () => entries.size,
  }
}
