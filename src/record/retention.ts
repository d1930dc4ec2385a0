/** Deletes old records in small passes, off the way of requests. */
import type { Clock } from '../clock.ts'
import type { Store } from './store.ts'

const INTERVAL_MS = 60_000
/** Between two passes while there is more to delete: thousands of rows a second, in slices nobody notices. */
const AGAIN_MS = 100

export interface RetentionParts {
  readonly store: Pick<Store, 'prune'>
  readonly clock: Clock
  readonly onFault: (error: unknown) => void
}

export function startRetention({ store, clock, onFault }: RetentionParts): { stop(): void } {
  let stopped = false
  let timer = arm(INTERVAL_MS)

  function arm(ms: number): ReturnType<Clock['setTimer']> {
    return clock.setTimer(ms, () => void pass(), { background: true })
  }

  async function pass(): Promise<void> {
    let more = false
    try {
      more = await store.prune(clock.epochMs())
    } catch (error) {
      onFault(error)
    }
    if (!stopped) timer = arm(more ? AGAIN_MS : INTERVAL_MS)
  }

  return {
    stop() {
      stopped = true
      timer.cancel()
    },
  }
}
