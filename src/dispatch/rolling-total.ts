/** A sum over the last stretch of time, in a fixed number of buckets: exact at any rate, and of constant size. */
import type { Clock } from '../clock.ts'

export interface RollingTotal {
  add(amount: number): void
  total(): number
  clear(): void
}

/** Holds what was added in the running bucket and the `buckets - 1` before it. */
export function createRollingTotal(clock: Clock, bucketMs: number, buckets: number): RollingTotal {
  const amounts = Array.from({ length: buckets }, () => 0)
  // Which bucket of all time each slot holds; older ones are stale and are not swept, only passed over.
  const held = Array.from({ length: buckets }, () => Number.NEGATIVE_INFINITY)
  const current = (): number => Math.floor(clock.nowMs() / bucketMs)
  return {
    add(amount) {
      const bucket = current()
      const slot = bucket % buckets
      amounts[slot] = held[slot] === bucket ? (amounts[slot] ?? 0) + amount : amount
      held[slot] = bucket
    },
    total() {
      const oldest = current() - buckets + 1
      let sum = 0
      for (let slot = 0; slot < buckets; slot++) {
        if ((held[slot] ?? oldest - 1) >= oldest) sum += amounts[slot] ?? 0
      }
      return sum
    },
    clear() {
      held.fill(Number.NEGATIVE_INFINITY)
    },
  }
}
