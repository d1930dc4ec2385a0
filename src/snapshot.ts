/** One loaded policy with its backends. A request keeps the snapshot it was admitted under (a reload swaps it). */
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { createFleet, type Fleet } from './dispatch/fleet.ts'
import { VENDORS } from './dispatch/vendors.ts'

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

/** What a header can hold; a key with a line break in it would stall every call. Its value is not told. */
const HEADER_VALUE = /^[\x20-\x7e]*$/

function checkKeys({ connections }: Config, env: Readonly<Record<string, string | undefined>>): void {
  for (const { type, apiKeyEnv } of Object.values(connections)) {
    const name = apiKeyEnv ?? VENDORS[type].apiKeyEnv
    if (name === null || HEADER_VALUE.test(env[name]?.trim() ?? '')) continue
    throw new Error(`${name} holds a character that no key has: a line break, or a letter that is not ASCII.`)
  }
}

/** Rejects when a key in the environment cannot be one. */
export async function createSnapshot(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<Snapshot> {
  checkKeys(config, env)
  const { connections, timeouts, breaker } = config
  const fleet = await createFleet({ connections, timeouts, breaker, env, clock })
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
