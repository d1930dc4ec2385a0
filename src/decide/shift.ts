/** The latency budget: when the primary is expected to be too slow and a fallback faster, that one goes first. */
import type { Ask, Shift, Target } from './decision.ts'
import { type Situation, sameTarget } from './gate.ts'
import { backendOf } from './model.ts'
import type { Route } from './policy.ts'

interface Budget {
  readonly budgetMs: number
  readonly expectedMs: (target: Target) => number | null
}

/**
 * What is measured against what. A stream is judged on its first token where the route says so (SPEC 9.7), else
 * on the whole answer like everything else. Live medians win over what the policy declares.
 */
function budgetFor(route: Route, { ask, view, policy }: Situation): Budget | null {
  if (ask.stream && route.firstTokenBudgetMs !== null) {
    return {
      budgetMs: route.firstTokenBudgetMs,
      expectedMs: (target) =>
        view.medianFirstTokenMs(target) ?? backendOf(policy, target.backend)?.firstTokenP50Ms ?? null,
    }
  }
  if (route.latencyBudgetMs === null) return null
  return {
    budgetMs: route.latencyBudgetMs,
    expectedMs: (target) =>
      view.medianLatencyMs(target, ask.stream) ?? backendOf(policy, target.backend)?.p50Ms ?? null,
  }
}

export interface Ordered {
  readonly targets: readonly Target[]
  readonly shift: Shift | null
}

/**
 * `targets` have all passed the gate, so a shift cannot reach what the gate turned away. Without the route's own
 * primary at their head there is nothing to shift from. Unknown expectations never shift: a guess is no measure.
 */
export function orderByLatency(targets: readonly Target[], route: Route, situation: Situation): Ordered {
  const unshifted: Ordered = { targets, shift: null }
  const [primary, ...fallbacks] = targets
  const budget = budgetFor(route, situation)
  if (primary === undefined || primary.backend !== route.backend || budget === null) return unshifted

  const { budgetMs, expectedMs } = budget
  const ofPrimary = expectedMs(primary)
  if (ofPrimary === null || !(ofPrimary > budgetMs)) return unshifted
  const faster = fallbacks.find((fallback) => {
    const expected = expectedMs(fallback)
    return expected !== null && expected < ofPrimary
  })
  if (faster === undefined) return unshifted
  return {
    targets: [faster, primary, ...fallbacks.filter((fallback) => !sameTarget(fallback, faster))],
    shift: { from: primary.backend, to: faster.backend, expectedMs: ofPrimary, budgetMs },
  }
}

export function describeShift({ from, to, expectedMs, budgetMs }: Shift, ask: Ask): string {
  const measure = ask.stream ? 'expected (stream)' : 'expected'
  return `shifted from ${from} to ${to}: ${Math.round(expectedMs)} ms ${measure}, budget ${budgetMs} ms`
}
