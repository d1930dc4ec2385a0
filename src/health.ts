import type { Clock } from './clock.ts'
import { modelsOf } from './decide/model.ts'
import type { Guards } from './dispatch/guards.ts'
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
  /** The models that are not served as usual: left alone after failures, or being tried again. */
  readonly circuits: Readonly<Record<string, { readonly state: string; readonly open_for_ms: number }>>
  /** Calls given at once, and requests that wait; null for a backend that has no queue or was not asked yet. */
  readonly queue: { readonly limit: number; readonly waiting: number } | null
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
  /** Null before anything was served. */
  readonly guards: Guards | null
  readonly clock: Clock
  readonly version: string
  readonly startedAtMs: number
  readonly loadedAtEpochMs: number
  readonly reloadError: string | null
}

/** What a stranger may know where clients need keys. */
export function livenessOf(): Pick<Health, 'status'> {
  return { status: 'ok' }
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
    backends: Object.fromEntries(names.map((name) => [name, backendHealth(source, name)])),
  }
}

/** True when every model of the backend is proven local now. */
export function isLocalBackend({ config, fleet }: Snapshot, name: string): boolean {
  const backend = config.policy.backends[name]
  const chats = backend === undefined ? [] : modelsOf(backend)
  // Of one that only makes vectors, the model that makes them.
  const models = chats.length > 0 || !backend?.embeddings ? chats : [backend.embeddings]
  return models.length > 0 && models.every((model) => fleet.locality.isProvenLocal(name, model))
}

function backendHealth({ snapshot, guards }: HealthSource, name: string): BackendHealth {
  const { fleet } = snapshot
  const backend = fleet.backends.get(name)
  return {
    type: backend?.type ?? 'unknown',
    state: fleet.locality.state(name),
    local: isLocalBackend(snapshot, name),
    note: fleet.unavailability(name, ''),
    in_flight: backend?.inFlight ?? 0,
    circuits: guards === null ? {} : circuitsOf(guards, name),
    queue: guards === null ? null : queueOf(guards, name),
  }
}

function circuitsOf(guards: Guards, name: string): BackendHealth['circuits'] {
  const unusual = guards
    .targets()
    .filter(({ backend, breaker }) => backend === name && breaker.state !== 'closed')
  return Object.fromEntries(
    unusual.map(({ model, breaker: { state, openForMs } }) => [
      model,
      { state, open_for_ms: Math.ceil(openForMs) },
    ]),
  )
}

function queueOf(guards: Guards, name: string): BackendHealth['queue'] {
  const door = guards.admissions().get(name)
  if (door === undefined || door.limit === null) return null
  return { limit: door.limit, waiting: Object.values(door.queued).reduce((sum, count) => sum + count, 0) }
}
