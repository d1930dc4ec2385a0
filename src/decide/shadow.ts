/** Which requests are mirrored to a candidate: a fixed sample by the hash of the request id (SPEC 9.8). */
import type { Decision, Rejection, Target } from './decision.ts'
import { gate, type Situation } from './gate.ts'

/**
 * FNV-1a with murmur3's finaliser, to [0, 1). FNV alone leaves its high bits nearly still for ids that differ in
 * their last characters only (req_1, req_2, …), which would make a 5 % sample anything but 5 %.
 */
export function sampleOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

export interface Mirrored {
  readonly shadow: Decision['shadow']
  readonly rejected: readonly Rejection[]
}

const NONE: Mirrored = { shadow: null, rejected: [] }

export function chooseShadow(primary: Target | undefined, situation: Situation): Mirrored {
  const { ab } = situation.policy
  if (primary === undefined || !ab.enabled || !Object.hasOwn(ab.candidates, primary.backend)) return NONE
  const backend = ab.candidates[primary.backend]
  if (backend === undefined || backend === primary.backend) return NONE
  if (!(sampleOf(situation.ask.id) < ab.sampleRate)) return NONE

  // A copy that nobody asked for is never worth a private prompt: not even `privacy.allowRemote` permits it.
  if (situation.label === 'local-only' || situation.tags.sensitivity === 'high') {
    const reason = 'sensitive requests are never mirrored'
    return { shadow: null, rejected: [{ backend, model: '', role: 'shadow', reason }] }
  }
  const verdict = gate({ backend, role: 'shadow' }, situation)
  if ('rejection' in verdict) return { shadow: null, rejected: [verdict.rejection] }
  return { shadow: { primary: primary.backend, target: verdict.target }, rejected: [] }
}
