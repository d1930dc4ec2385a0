/** All backends of one loaded policy, with what is known of them. Closed when its last request has ended. */
import type { Clock } from '../clock.ts'
import { createBackend, DEMO_DEFAULTS, type Backend, type Connection } from './backend.ts'
import { startDemoServer, type DemoServer } from './demo-server.ts'
import { createLocality, isCloudName, withTag, type Locality } from './locality.ts'
import type { BreakerSettings } from './breaker-settings.ts'
import type { TimeoutSettings } from './settings.ts'

export interface FleetOptions {
  readonly connections: Readonly<Record<string, Connection>>
  readonly timeouts: TimeoutSettings
  readonly breaker?: BreakerSettings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}

export interface Fleet {
  readonly backends: ReadonlyMap<string, Backend>
  readonly locality: Locality
  /** Why a target cannot be asked at all, or null. */
  unavailability(backend: string, model: string): string | null
  close(): Promise<void>
}

/** Opens no connection to a backend, but for the embedded demonstration servers, which it starts. */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const backends = new Map<string, Backend>()
  const demos: DemoServer[] = []
  for (const [name, connection] of Object.entries(options.connections)) {
    const demo = connection.type === 'demo' ? await startDemoServer(connection.demo ?? DEMO_DEFAULTS) : null
    if (demo !== null) demos.push(demo)
    const { timeouts: policyTimeouts, breaker: policyBreaker, env } = options
    const given = { name, connection, policyTimeouts, ...(policyBreaker && { policyBreaker }), env }
    backends.set(name, createBackend(given, demo?.endpoint ?? null))
  }
  const locality = createLocality([...backends.values()], options.clock)
  return {
    backends,
    locality,
    unavailability(name) {
      const backend = backends.get(name)
      if (backend === undefined) return 'it is not in the policy'
      return backend.missingKeyEnv === null ? null : `${backend.missingKeyEnv} is not set`
    },
    async close() {
      locality.stop()
      await Promise.all([...backends.values()].map((backend) => backend.pool.close()))
      await Promise.all(demos.map((demo) => demo.close()))
    },
  }
}

/** What a person should know of a backend at start, e.g. the pull command for a model that is not there. */
export function missingModels(fleet: Fleet, backend: string, models: readonly string[]): readonly string[] {
  const listed = fleet.locality.listed(backend)
  if (listed === null || fleet.backends.get(backend)?.type !== 'ollama') return []
  const present = new Set(listed.map((model) => withTag(model.name)))
  return models.filter((model) => !present.has(withTag(model)) && !isCloudName(model))
}
