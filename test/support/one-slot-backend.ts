/**
 * A GPU that works on one request at a time and lets the others queue, as Ollama does, in virtual time: it counts
 * how long it worked for clients that still wanted the answer, and how long for those that left.
 */
import type { ManualClock } from './manual-clock.ts'

export interface Work {
  readonly serviceMs: number
  readonly firstToken: () => void
  readonly done: () => void
}

export interface OneSlotBackend {
  start(work: Work): void
  /** The client left: what is running ends, what waits is taken out. */
  abort(work: Work): void
  readonly usefulMs: () => number
  readonly wastedMs: () => number
  readonly longestQueue: () => number
}

export function createOneSlotBackend(clock: ManualClock, prefillMs: number): OneSlotBackend {
  const queue: Work[] = []
  let running: { readonly work: Work; readonly sinceMs: number; cancel(): void } | null = null
  let usefulMs = 0
  let wastedMs = 0
  let longestQueue = 0

  function next(): void {
    running = null
    const work = queue.shift()
    if (work === undefined) return
    const sinceMs = clock.nowMs()
    const token = clock.setTimer(prefillMs, work.firstToken)
    const end = clock.setTimer(work.serviceMs, () => {
      usefulMs += work.serviceMs
      next()
      work.done()
    })
    running = { work, sinceMs, cancel: () => (token.cancel(), end.cancel()) }
  }

  return {
    start(work) {
      queue.push(work)
      longestQueue = Math.max(longestQueue, queue.length)
      if (running === null) next()
    },
    abort(work) {
      if (running?.work === work) {
        running.cancel()
        wastedMs += clock.nowMs() - running.sinceMs
        next()
      } else if (queue.includes(work)) queue.splice(queue.indexOf(work), 1)
    },
    usefulMs: () => usefulMs,
    wastedMs: () => wastedMs,
    longestQueue: () => longestQueue,
  }
}
