/** Which model of a backend serves a request, and which names a client may pin. */
import type { Family } from '../classify/classification.ts'
import type { Policy, PolicyBackend } from './policy.ts'

/** Backends are looked up by names that come from clients: only own keys count, so `constructor` is no backend. */
export function backendOf(policy: Policy, name: string): PolicyBackend | null {
  return Object.hasOwn(policy.backends, name) ? (policy.backends[name] ?? null) : null
}

/** SPEC 4: the family through `families`, else `model`, else the first of `models`. */
export function resolveModel(backend: PolicyBackend, family: Family): string | null {
  const ofFamily = Object.hasOwn(backend.families, family) ? backend.families[family] : undefined
  return ofFamily ?? backend.model ?? backend.models[0] ?? null
}

/** Every model a backend names in the policy, each once, in the order of the file. */
export function modelsOf(backend: PolicyBackend): readonly string[] {
  const single = backend.model === null ? [] : [backend.model]
  return [...new Set([...Object.values(backend.families), ...single, ...backend.models])]
}

/** These, and the one for embeddings. */
function namesOf(backend: PolicyBackend): readonly string[] {
  return [...new Set([...modelsOf(backend), ...(backend.embeddings === null ? [] : [backend.embeddings])])]
}

export interface Pin {
  readonly backend: string
  /** null: the client named the backend only, so the family picks the model. */
  readonly model: string | null
}

/**
 * The target that the client's `model` pins, or null when the policy decides: for `auto`, for '' and for any
 * name that is not advertised, so that an application with a hard-coded model name works unchanged (SPEC 9.2).
 * A backend's name holds no slash, a model's may (`openai/gpt-4o`), so the first slash parts them.
 */
export function pinOf(policy: Policy, wanted: string): Pin | null {
  if (wanted === 'auto' || wanted === '') return null
  if (backendOf(policy, wanted) !== null) return { backend: wanted, model: null }
  const slash = wanted.indexOf('/')
  if (slash <= 0) return null
  const name = wanted.slice(0, slash)
  const model = wanted.slice(slash + 1)
  const backend = backendOf(policy, name)
  return backend !== null && namesOf(backend).includes(model) ? { backend: name, model } : null
}

/** What `GET /v1/models` lists and what therefore pins: `auto`, every backend, every `backend/model`. */
export function advertisedModels(policy: Policy): readonly string[] {
  const names = Object.values(policy.backends).flatMap((backend) => [
    backend.name,
    ...namesOf(backend).map((model) => `${backend.name}/${model}`),
  ])
  return ['auto', ...names]
}
