/**
 * Makes an expensive read safe to offer over HTTP: one computation at a time, shared by all who ask meanwhile, and
 * its result handed out again for a while in proportion to what it cost. However often it is asked for, the same
 * report takes at most about a tenth of the time there is.
 */
import type { Clock } from '../clock.ts'

/** A result that took 20 ms to make is good for 200 ms. */
const REST_FACTOR = 10
/** Different reports remembered; asking for many of them in turn only queues. */
const MAX_REMEMBERED = 16

interface Remembered<T> {
  readonly value: Promise<T>
  /** Infinity while it is being made. */
  untilMs: number
}

export function createPaced<K, T>(
  clock: Pick<Clock, 'nowMs'>,
  compute: (key: K) => Promise<T>,
): (key: K) => Promise<T> {
  const remembered = new Map<K, Remembered<T>>()
  let last: Promise<unknown> = Promise.resolve()

  function start(key: K): Remembered<T> {
    const value = last.then(async () => {
      const startedMs = clock.nowMs()
      try {
        return await compute(key)
      } finally {
        const endedMs = clock.nowMs()
        entry.untilMs = endedMs + REST_FACTOR * (endedMs - startedMs)
      }
    })
    const entry: Remembered<T> = { value, untilMs: Number.POSITIVE_INFINITY }
    last = value.catch(() => {
      if (remembered.get(key) === entry) remembered.delete(key)
    })
    return entry
  }

  return (key) => {
    const known = remembered.get(key)
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.value
    const entry = start(key)
    remembered.delete(key)
    remembered.set(key, entry)
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
    return entry.value
  }
}
