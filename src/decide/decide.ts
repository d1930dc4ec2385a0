/**
 * Where may this request go, in which order, and why? Pure and total: it reads nothing but its arguments, never
 * throws, and the same arguments always give the same decision.
 *
 *   pinned by the client? ── yes ─→ that one target
 *        │ no
 *   embeddings? ── yes ─→ the backends with the one model for them
 *        │ no
 *   first route that matches ─→ its backend, then its fallbacks
 *        │
 *   gate each ─→ model of the family, capability, availability, label
 *        │ none left, and the request is private
 *   walk on over the policy's other backends: a proven local one may still serve it
 *        │
 *   latency budget ─→ order          sample ─→ shadow
 *        │
 *   PRIVACY RULE, the last step
 */
import type { Classification } from '../classify/classification.ts'
import type { Ask, Decision, Label, Rejection } from './decision.ts'
import { decideEmbedding } from './embedding.ts'
import { type Candidate, NOT_PROVEN_LOCAL, permitted, type Sifted, type Situation, sift } from './gate.ts'
import { describeMatch, firstMatch } from './match.ts'
import { type Pin, pinOf } from './model.ts'
import type { Policy, Route } from './policy.ts'
import { refusalFor } from './refusal.ts'
import { chooseShadow } from './shadow.ts'
import { describeShift, orderByLatency } from './shift.ts'
import type { View } from './view.ts'

/** `high` keeps a request in the house, unless the policy says in so many words that it need not (SPEC 9.1). */
function labelFor(classification: Classification, policy: Policy): Label {
  return classification.sensitivity === 'high' && !policy.privacy.allowRemote ? 'local-only' : 'any'
}

export function decide(classification: Classification, ask: Ask, policy: Policy, view: View): Decision {
  const label = labelFor(classification, policy)
  const situation: Situation = { tags: classification, ask, policy, view, label }
  const pin = pinOf(policy, ask.model)
  const unpinned = ask.embeds ? decideEmbedding : routed
  const draft = pin === null ? unpinned(situation) : pinnedTo(pin, situation)
  return underPrivacyRule(draft, situation)
}

/** The client named an advertised target: that one or none. No fallback, no shift, no mirror. */
function pinnedTo(pin: Pin, situation: Situation): Decision {
  const sifted = sift([{ ...pin, role: 'pinned' }], situation)
  return {
    label: situation.label,
    route: 'pinned',
    reason: `the client asked for ${situation.ask.model}`,
    targets: sifted.targets,
    pinned: true,
    shift: null,
    shadow: null,
    timeouts: null,
    rejected: sifted.rejected,
    refusal: sifted.targets.length === 0 ? refusalFor(sifted, situation) : null,
  }
}

function routed(situation: Situation): Decision {
  const { policy, tags, ask, label } = situation
  const route = firstMatch(policy, tags)
  const own = route === null ? { targets: [], rejected: [] } : sift(chainOf(route), situation)
  const walked = walkOn(own, route, situation)
  const sifted = walked ?? own
  const { targets, shift } =
    route === null
      ? { targets: sifted.targets, shift: null }
      : orderByLatency(sifted.targets, route, situation)
  const mirrored = chooseShadow(targets[0], situation)

  const reasons = [route === null ? 'no route matched' : (route.reason ?? describeMatch(route, tags))]
  const skipped = own.rejected.find(({ role }) => role === 'primary')
  if (walked !== null && targets.length > 0) {
    reasons.push(`sensitive, and no target of the route can take it here: went on to ${targets[0]?.backend}`)
  } else {
    if (skipped !== undefined) reasons.push(`${skipped.backend} skipped: ${skipped.reason}`)
    if (label === 'local-only') reasons.push('sensitive, so proven local only')
  }
  if (shift !== null) reasons.push(describeShift(shift, ask))

  return {
    label,
    route: route?.name ?? 'none',
    reason: reasons.join('; '),
    targets,
    pinned: false,
    shift,
    shadow: mirrored.shadow,
    timeouts: route?.timeouts ?? null,
    rejected: [...sifted.rejected, ...mirrored.rejected],
    refusal: targets.length === 0 ? refusalFor(sifted, situation) : null,
  }
}

function chainOf(route: Route): readonly Candidate[] {
  const fallbacks = route.fallback.map((backend) => ({ backend, role: 'fallback' as const }))
  return [{ backend: route.backend, role: 'primary' }, ...fallbacks]
}

/**
 * A private request whose route leaves it nowhere to go (a hosted `web_search`, say) looks at the policy's other
 * backends, in the order of the file, before it is refused. A proven local one among them is within every promise
 * the policy makes, and an answer from the house serves its owner better than a refusal. Requests that are not
 * private never walk on: for those the route is the operator's whole will. Null: no need to, or no one else.
 */
function walkOn(own: Sifted, route: Route | null, situation: Situation): Sifted | null {
  if (situation.label !== 'local-only' || own.targets.length > 0) return null
  const seen = new Set(route === null ? [] : [route.backend, ...route.fallback])
  const others = Object.keys(situation.policy.backends).filter((name) => !seen.has(name))
  if (others.length === 0) return null
  const found = sift(
    others.map((backend) => ({ backend, role: 'fallback' as const })),
    situation,
  )
  return {
    targets: found.targets,
    rejected: [...own.rejected, ...found.rejected],
  }
}

/**
 * The last step, over whatever the steps before came up with. The gate has already turned away what is not proven
 * local, so this changes nothing today; it is here so that no later change of a step above can open the door.
 */
function underPrivacyRule(draft: Decision, situation: Situation): Decision {
  const { label } = situation
  const { shadow } = draft
  const barred = draft.targets.filter((target) => !permitted(label, target))
  const shadowBarred = shadow !== null && (label === 'local-only' || situation.tags.sensitivity === 'high')
  if (barred.length === 0 && !shadowBarred) return draft

  const targets = draft.targets.filter((target) => permitted(label, target))
  const rejections = barred.map(({ backend, model }): Rejection => ({
    backend,
    model,
    role: 'fallback',
    reason: NOT_PROVEN_LOCAL,
  }))
  const rejected = [...draft.rejected, ...rejections]
  return {
    ...draft,
    targets,
    rejected,
    shift: null,
    shadow: null,
    refusal: targets.length === 0 ? refusalFor({ targets, rejected }, situation) : null,
  }
}
