/**
 * "Local" as a property that is proven, not a label (DESIGN 2.5). A model on 127.0.0.1:11434 may run elsewhere:
 * Ollama forwards its cloud models, and every alias made of one, through the same port. Unknown is not local.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Backend } from './backend.ts'
import { probeModels, type ListedModel } from './probe.ts'

/** How long a proof holds, and how often it is renewed. */
const PROOF_MS = 60_000
const RENEW_MS = 20_000
/** A request that lacks a proof asks for one, but a dead server is not asked for every request. */
const RETRY_MS = 1_000

/** `unprobed` is a hosted backend: nothing is sent there for our own curiosity. */
export type BackendState = 'up' | 'down' | 'unprobed'

interface Proof {
  readonly models: readonly ListedModel[] | null
  readonly atMs: number
}

export interface Locality {
  isProvenLocal(backend: string, model: string): boolean
  state(backend: string): BackendState
  /** What the last answered probe listed; null when there was none. */
  listed(backend: string): readonly ListedModel[] | null
  /** Asks every local server whose proof is missing or about to lapse, at most once a second each. */
  refresh(): Promise<void>
  stop(): void
}

export function createLocality(backends: readonly Backend[], clock: Clock): Locality {
  const probed = backends.filter((backend) => backend.peerRule !== 'none')
  const proofs = new Map<string, Proof>()
  const pending = new Map<string, Promise<void>>()
  const byName = new Map(backends.map((backend) => [backend.name, backend]))

  const probe = (backend: Backend): Promise<void> => {
    const running = pending.get(backend.name)
    if (running !== undefined) return running
    const started = probeModels(backend, clock).then((models) => {
      proofs.set(backend.name, { models, atMs: clock.nowMs() })
      pending.delete(backend.name)
    })
    pending.set(backend.name, started)
    return started
  }
  const isStale = (backend: Backend): boolean => {
    const proof = proofs.get(backend.name)
    if (proof === undefined) return true
    return clock.nowMs() - proof.atMs > (proof.models === null ? RETRY_MS : RENEW_MS)
  }
  const refresh = async (): Promise<void> => {
    await Promise.all(probed.filter(isStale).map(probe))
  }
  let timer: Timer | null = null
  const renew = (): void => {
    timer = clock.setTimer(
      RENEW_MS,
      () => {
        void Promise.all(probed.map(probe))
        renew()
      },
      { background: true },
    )
  }
  renew()

  return {
    isProvenLocal(name, model) {
      const backend = byName.get(name)
      if (backend === undefined || backend.peerRule === 'none') return false
      if (backend.type === 'demo') return true
      if (backend.type !== 'ollama') return backend.attested
      const proof = proofs.get(name)
      if (proof === undefined || proof.models === null || clock.nowMs() - proof.atMs > PROOF_MS) return false
      return isHeldLocally(proof.models, model)
    },
    state(name) {
      const backend = byName.get(name)
      if (backend === undefined || backend.peerRule === 'none') return 'unprobed'
      return proofs.get(name)?.models ? 'up' : 'down'
    },
    listed: (name) => proofs.get(name)?.models ?? null,
    refresh,
    stop: () => timer?.cancel(),
  }
}

/** The daemon lists the model as its own, and the name asks for nothing else. */
function isHeldLocally(models: readonly ListedModel[], model: string): boolean {
  if (isCloudName(model)) return false
  const wanted = withTag(model)
  return models.some(
    (listed) => withTag(listed.name) === wanted && !listed.remote && !isCloudName(listed.name),
  )
}

/** Ollama's own rule: the last segment is `cloud`, or ends in `-cloud`, in any case, blanks trimmed. */
export function isCloudName(model: string): boolean {
  const tag = model.trim().toLowerCase().split(':').at(-1)?.trim() ?? ''
  return tag === 'cloud' || tag.endsWith('-cloud')
}

export function withTag(model: string): string {
  const afterNamespace = model.slice(model.lastIndexOf('/') + 1)
  return afterNamespace.includes(':') ? model : `${model}:latest`
}
