/** A policy as `decide` sees it: frozen, names resolved, defaults filled in. Written by `config.ts`. */
import type { Complexity, Family, Modality, Sensitivity, Task } from '../classify/classification.ts'

/** One backend as far as deciding goes; how to reach it is dispatch's business. */
export interface PolicyBackend {
  readonly name: string
  readonly families: Readonly<Partial<Record<Family, string>>>
  readonly model: string | null
  readonly models: readonly string[]
  /** Model that turns texts into vectors; null: the backend gets no such requests. */
  readonly embeddings: string | null
  /** Declared expectation of the whole answer, the prior until there are records. */
  readonly p50Ms: number | null
  /** Declared expectation of the first token of a stream. */
  readonly firstTokenP50Ms: number | null
  /** What the operator says it can do; `null`: not said, so not held against it. */
  readonly capabilities: { readonly vision: boolean | null; readonly tools: boolean | null }
}

/** A conjunction; each present key must hold. A list holds when any of its values does. */
export interface Match {
  readonly task?: readonly Task[] | undefined
  readonly complexity?: readonly Complexity[] | undefined
  readonly sensitivity?: readonly Sensitivity[] | undefined
  readonly modality?: readonly Modality[] | undefined
  readonly family?: readonly Family[] | undefined
  readonly tokens?: { readonly min: number; readonly max: number } | undefined
}

export interface Route {
  /** The policy's `name`, else `route-N` (from 1), else `default`. Safe as a metric label. */
  readonly name: string
  /** `null` on the default. */
  readonly match: Match | null
  readonly backend: string
  readonly fallback: readonly string[]
  readonly latencyBudgetMs: number | null
  readonly firstTokenBudgetMs: number | null
  readonly reason: string | null
  /** Limits in milliseconds by name, for dispatch, which knows what they mean; null: the backends' own. */
  readonly timeouts: RouteTimeouts | null
}

export type RouteTimeouts = Readonly<Record<string, number | undefined>>

export interface AbPolicy {
  readonly enabled: boolean
  /** 0 to 1. */
  readonly sampleRate: number
  /** Primary backend → candidate backend. */
  readonly candidates: Readonly<Record<string, string>>
}

export interface Policy {
  readonly backends: Readonly<Record<string, PolicyBackend>>
  /** In the order of the file; the last is the default. */
  readonly routes: readonly Route[]
  readonly ab: AbPolicy
  readonly privacy: {
    /** Only `true` in so many words lets a sensitive request reach a target that is not proven local. */
    readonly allowRemote: boolean
  }
}
