/** The last samples of one figure of one target, and their median while they are fresh. */
import { nearestRank } from './percentile.ts'

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
  /** Null when there are too few fresh samples. */
  median(nowMs: number): number | null
}

/** Kept in order as samples come and go: under load each request adds one and asks for the median. */
export function createRing(): Ring {
  const values = new Float64Array(SAMPLES)
  const times = new Float64Array(SAMPLES).fill(Number.NEGATIVE_INFINITY)
  /** The `count` samples not yet dropped, ascending. */
  const sorted = new Float64Array(SAMPLES)
  let next = 0
  let count = 0
  let oldestMs = Number.POSITIVE_INFINITY

  /** Index of the first sorted sample that is not below `value`. */
  function placeOf(value: number): number {
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }

  function drop(index: number): void {
    const place = placeOf(values[index] ?? 0)
    sorted.copyWithin(place, place + 1, count)
    count -= 1
    times[index] = Number.NEGATIVE_INFINITY
  }

  return {
    add(value, atMs) {
      if (!Number.isFinite(value)) return
      if (times[next] !== Number.NEGATIVE_INFINITY) drop(next)
      const place = placeOf(value)
      sorted.copyWithin(place + 1, place, count)
      sorted[place] = value
      count += 1
      values[next] = value
      times[next] = atMs
      next = (next + 1) % SAMPLES
      oldestMs = Math.min(oldestMs, atMs)
    },
    median(nowMs) {
      if (oldestMs <= nowMs - MAX_AGE_MS) {
        oldestMs = Number.POSITIVE_INFINITY
        for (const [index, at] of times.entries()) {
          if (at === Number.NEGATIVE_INFINITY) continue
          if (at <= nowMs - MAX_AGE_MS) drop(index)
          else oldestMs = Math.min(oldestMs, at)
        }
      }
      return count < MIN_SAMPLES ? null : (sorted[nearestRank(count, 0.5)] ?? null)
    },
  }
}
