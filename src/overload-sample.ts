/** What {@link createOverload} looks at in a real process. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { OverloadSample } from './overload.ts'

export interface OverloadSampler {
  readonly sample: () => OverloadSample
  close(): void
}

/** Reads in a row that a histogram serves for: at four reads a second it then holds half a second to a second. */
const READS_EACH = 2

/**
 * Two histograms, emptied in turn, and the older one read: a single one that is emptied every second knows, just
 * after that, nothing of the pause that was.
 */
export function createOverloadSampler(): OverloadSampler {
  let older = startHistogram()
  let newer = startHistogram()
  let reads = 0
  return {
    sample() {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      const reading = { loopDelayMs: older.percentile(99) / 1e6, heapUsed: used / limit }
      if (++reads % READS_EACH === 0) {
        older.reset()
        ;[older, newer] = [newer, older]
      }
      return reading
    },
    close() {
      older.disable()
      newer.disable()
    },
  }
}

function startHistogram(): ReturnType<typeof monitorEventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: 20 })
  histogram.enable()
  return histogram
}
