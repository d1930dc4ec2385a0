/** The last samples of one figure of one target, and their median while they are fresh. */
import { percentile } from './percentile.ts'

const SAMPLES = 64
/** Below this a median is an anecdote. */
const MIN_SAMPLES = 5
/**
 * Older samples do not count. A backend that was slow gets no traffic, hence no new samples: without an end to the
 * old ones it would stay shut out for ever.
 */
export const MAX_AGE_MS = 600_000

export interface Ring {
  add(value: number, atMs: number): void
  /** Null when there are too few fresh samples. Sorts only after a new sample, or when one has expired. */
  median(nowMs: number): number | null
}

export function createRing(): Ring {
  const values = new Float64Array(SAMPLES)
  const times = new Float64Array(SAMPLES).fill(Number.NEGATIVE_INFINITY)
  let next = 0
  let cached: number | null = null
  /** `cached` holds until then. */
  let cachedUntilMs = Number.NEGATIVE_INFINITY

  return {
    add(value, atMs) {
      if (!Number.isFinite(value)) return
      values[next] = value
      times[next] = atMs
      next = (next + 1) % SAMPLES
      cachedUntilMs = Number.NEGATIVE_INFINITY
    },
    median(nowMs) {
      if (nowMs < cachedUntilMs) return cached
      let oldestMs = Number.POSITIVE_INFINITY
      const fresh = values.filter((_, index) => {
        const at = times[index] ?? Number.NEGATIVE_INFINITY
        if (at <= nowMs - MAX_AGE_MS) return false
        oldestMs = Math.min(oldestMs, at)
        return true
      })
      cached = fresh.length < MIN_SAMPLES ? null : percentile(fresh.sort(), 0.5)
      cachedUntilMs = oldestMs + MAX_AGE_MS
      return cached
    },
  }
}
