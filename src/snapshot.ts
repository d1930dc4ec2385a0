/** One loaded policy with its backends. A request keeps the snapshot it was admitted under (a reload swaps it). */
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { createFleet, type Fleet } from './dispatch/fleet.ts'

export interface Snapshot {
  readonly config: Config
  readonly fleet: Fleet
  /** Requests and mirrors that still use it. */
  enter(): void
  leave(): void
  /** Closes the fleet once nothing uses it. */
  retire(): void
  /** Resolves when the fleet is closed. */
  readonly closed: Promise<void>
}

export async function createSnapshot(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<Snapshot> {
  const { connections, timeouts } = config
  const fleet = await createFleet({ connections, timeouts, env, clock })
  const { promise, resolve } = Promise.withResolvers<void>()
  let users = 0
  let retired = false
  let closing = false
  const closeWhenUnused = (): void => {
    if (!retired || closing || users > 0) return
    closing = true
    fleet.close().then(resolve, resolve)
  }
  return {
    config,
    fleet,
    enter: () => {
      users++
    },
    leave: () => {
      users--
      closeWhenUnused()
    },
    retire: () => {
      retired = true
      closeWhenUnused()
    },
    closed: promise,
  }
}
