import type { Clock } from './clock.ts'
import { modelsOf } from './decide/model.ts'
import type { Snapshot } from './snapshot.ts'

export interface BackendHealth {
  readonly type: string
  /** `up` and `down` are of the last probe; hosted backends are not probed. */
  readonly state: 'up' | 'down' | 'unprobed'
  /** Every model of it is proven local. */
  readonly local: boolean
  /** What a person should know, e.g. a key that is not set. */
  readonly note: string | null
  readonly in_flight: number
}

export interface Health {
  readonly status: 'ok'
  readonly version: string
  readonly uptime_seconds: number
  readonly policy: {
    readonly source: string
    readonly loaded_at: string
    readonly reload_error: string | null
  }
  readonly demonstration: boolean
  readonly backends: Readonly<Record<string, BackendHealth>>
}

export interface HealthSource {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly version: string
  readonly startedAtMs: number
  readonly loadedAtEpochMs: number
  readonly reloadError: string | null
}

/** Liveness and the state of every backend, from what is known already: asking causes no call. */
export function healthOf(source: HealthSource): Health {
  const { config } = source.snapshot
  const names = Object.keys(config.connections)
  return {
    status: 'ok',
    version: source.version,
    uptime_seconds: Math.floor((source.clock.nowMs() - source.startedAtMs) / 1000),
    policy: {
      source: config.source.label,
      loaded_at: new Date(source.loadedAtEpochMs).toISOString(),
      reload_error: source.reloadError,
    },
    demonstration: Object.values(config.connections).every((connection) => connection.type === 'demo'),
    backends: Object.fromEntries(names.map((name) => [name, backendHealth(source.snapshot, name)])),
  }
}

/** True when every model of the backend is proven local now. */
export function isLocalBackend({ config, fleet }: Snapshot, name: string): boolean {
  const backend = config.policy.backends[name]
  const models = backend === undefined ? [] : modelsOf(backend)
  return models.length > 0 && models.every((model) => fleet.locality.isProvenLocal(name, model))
}

function backendHealth(snapshot: Snapshot, name: string): BackendHealth {
  const { fleet } = snapshot
  const backend = fleet.backends.get(name)
  return {
    type: backend?.type ?? 'unknown',
    state: fleet.locality.state(name),
    local: isLocalBackend(snapshot, name),
    note: fleet.unavailability(name, ''),
    in_flight: backend?.inFlight ?? 0,
  }
}
