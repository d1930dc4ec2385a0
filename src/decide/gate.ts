/** May this request go to this backend, and to which of its models? Every candidate passes here. */
import type { Classification } from '../classify/classification.ts'
import type { Ask, Label, Rejection, Target } from './decision.ts'
import { backendOf, modelsOf, resolveModel } from './model.ts'
import type { Policy, PolicyBackend } from './policy.ts'
import type { View } from './view.ts'

/** All that stays the same while the candidates of one request are looked at. */
export interface Situation {
  readonly tags: Classification
  readonly ask: Ask
  readonly policy: Policy
  readonly view: View
  readonly label: Label
}

export interface Candidate {
  readonly backend: string
  readonly role: Rejection['role']
  /** Given when the client pinned it; else the family picks. */
  readonly model?: string | null
}

export type Verdict = { readonly target: Target } | { readonly rejection: Rejection }

export const NOT_PROVEN_LOCAL = 'not proven local, and this request is sensitive'
/** The same of a server that is away: what helps is to start it. */
export const OUT_OF_REACH =
  'cannot be reached, so it could not be proven local, and this request is sensitive'

/** Only what the operator declared false is held against a backend; not said is not a no. */
function lackingCapabilities(backend: PolicyBackend, ask: Ask): string[] {
  const lacking: string[] = []
  if (ask.needsVision && backend.capabilities.vision === false)
    lacking.push('cannot read images (capabilities.vision)')
  if (ask.needsTools && backend.capabilities.tools === false)
    lacking.push('cannot call tools (capabilities.tools)')
  return lacking
}

export function permitted(label: Label, target: Target): boolean {
  return label === 'any' || target.provenLocal
}

export function gate(candidate: Candidate, { tags, ask, policy, view, label }: Situation): Verdict {
  const { backend: name, role } = candidate
  const reject = (model: string, reasons: readonly string[]): Verdict => ({
    rejection: { backend: name, model, role, reason: reasons.join('; ') },
  })

  const backend = backendOf(policy, name)
  if (backend === null) return reject('', ['is not a backend of this policy'])
  const model = candidate.model ?? (ask.embeds ? backend.embeddings : resolveModel(backend, tags.family))
  if (ask.embeds && (model === null || model !== backend.embeddings)) {
    const own = backend.embeddings
    return reject(model ?? '', [own === null ? 'makes no embeddings' : `makes embeddings with ${own} only`])
  }
  if (model === null) return reject('', [`has no model for family ${tags.family}`])
  if (!ask.embeds && model === backend.embeddings && !modelsOf(backend).includes(model)) {
    return reject(model, ['makes vectors and answers nothing (embeddings)'])
  }

  const reasons = lackingCapabilities(backend, ask)
  const unavailable = view.unavailability(name, model)
  if (unavailable !== null) reasons.push(unavailable)

  const target: Target = { backend: name, model, provenLocal: view.isProvenLocal(name, model) }
  if (!permitted(label, target)) reasons.push(view.isDown(name) ? OUT_OF_REACH : NOT_PROVEN_LOCAL)
  return reasons.length === 0 ? { target } : reject(model, reasons)
}

export interface Sifted {
  readonly targets: readonly Target[]
  readonly rejected: readonly Rejection[]
}

export function sameTarget(a: Target, b: Target): boolean {
  return a.backend === b.backend && a.model === b.model
}

/** Gates a chain of candidates, keeping its order; a target named twice counts once. */
export function sift(candidates: readonly Candidate[], situation: Situation): Sifted {
  const targets: Target[] = []
  const rejected: Rejection[] = []
  for (const candidate of candidates) {
    const verdict = gate(candidate, situation)
    if ('rejection' in verdict) {
      rejected.push(verdict.rejection)
    } else if (!targets.some((known) => sameTarget(known, verdict.target))) {
      targets.push(verdict.target)
    }
  }
  return { targets, rejected }
}
