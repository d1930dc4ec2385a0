/** What `decide` hands on. Dispatch can reach `targets` and `shadow` and nothing else (DESIGN 2.4). */
import type { ErrorCode } from '../errors.ts'
import type { RouteTimeouts } from './policy.ts'

/** `any`: may go wherever the policy says. `local-only`: only to targets that are proven local. */
export type Label = 'any' | 'local-only'

export interface Target {
  readonly backend: string
  readonly model: string
  /** As it stood when the decision was taken; dispatch asserts it again. */
  readonly provenLocal: boolean
}

export interface Rejection {
  readonly backend: string
  /** '' when no model could be resolved. */
  readonly model: string
  readonly role: 'primary' | 'fallback' | 'shadow' | 'pinned'
  readonly reason: string
}

export interface Shift {
  readonly from: string
  readonly to: string
  readonly expectedMs: number
  readonly budgetMs: number
}

export interface Decision {
  readonly label: Label
  readonly route: string
  /** For people: why these targets in this order. ASCII is made of it when it becomes a header. */
  readonly reason: string
  /** In the order in which they are to be tried; empty exactly when `refusal` is set. */
  readonly targets: readonly Target[]
  /** The role `targets[0]` was given: pinned by the client, the route's own, or shifted to. */
  readonly pinned: boolean
  readonly shift: Shift | null
  /** Mirror of this request, only if the answer comes from `primary`. */
  readonly shadow: { readonly primary: string; readonly target: Target } | null
  readonly rejected: readonly Rejection[]
  /** Limits that the route sets over those of its backends. */
  readonly timeouts: RouteTimeouts | null
  readonly refusal: { readonly code: ErrorCode; readonly message: string } | null
}

/** What of the request, beyond its tags, a decision depends on. */
export interface Ask {
  /** Request id: the hash of it picks what is mirrored. */
  readonly id: string
  /** As the client wrote it. */
  readonly model: string
  readonly stream: boolean
  /** Vectors are wanted, not an answer. */
  readonly embeds: boolean
  readonly needsTools: boolean
  readonly needsVision: boolean
}
