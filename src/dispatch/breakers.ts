/** The breaker and the retry budget of each target. They outlive a reload: a target is its backend and its model. */
import type { Clock } from '../clock.ts'
import { breakerLimits, type BreakerSettings } from './breaker-settings.ts'
import { createBreaker, type Breaker, type BreakerSnapshot } from './breaker.ts'
import { createRetryBudget, type RetryBudget, type RetryBudgetSnapshot } from './retry-budget.ts'

export interface TargetGuard {
  readonly breaker: Breaker
  readonly budget: RetryBudget
}

export interface TargetTraits {
  readonly local: boolean
  /** Backend over policy; compared by identity, so one object for each loaded policy. */
  readonly settings?: BreakerSettings
}

export interface TargetSnapshot {
  readonly backend: string
  readonly model: string
  readonly breaker: BreakerSnapshot
  readonly budget: RetryBudgetSnapshot
}

export interface Breakers {
  forTarget(backend: string, model: string, traits: TargetTraits): TargetGuard
  /** In the order of their last use, the latest last. */
  snapshots(): readonly TargetSnapshot[]
}

export interface BreakersOptions {
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly maxTargets?: number
}

interface Entry extends TargetGuard {
  readonly backend: string
  readonly model: string
  local: boolean
  settings: BreakerSettings
}

const NO_SETTINGS: BreakerSettings = Object.freeze({})

export function createBreakers({ clock, random, maxTargets = 1024 }: BreakersOptions): Breakers {
  const entries = new Map<string, Entry>()

  /** The longest unused one that is closed. One that is open knows something; it goes only when all are. */
  function makeRoom(): void {
    let [victim] = entries.keys()
    for (const [key, { breaker }] of entries) {
      if (breaker.snapshot().state !== 'closed') continue
      victim = key
      break
    }
    if (victim !== undefined) entries.delete(victim)
  }

  return {
    forTarget(backend, model, { local, settings = NO_SETTINGS }) {
      // A backend's name holds no line break, so the key is that of this pair alone.
      const key = `${backend}\n${model}`
      let entry = entries.get(key)
      if (entry === undefined) {
        if (entries.size >= maxTargets) makeRoom()
        const limits = breakerLimits(settings, local)
        const breaker = createBreaker({ clock, random, settings: limits })
        entry = { backend, model, local, settings, breaker, budget: createRetryBudget(clock) }
      } else {
        entries.delete(key)
        if (entry.local !== local || entry.settings !== settings) {
          entry.local = local
          entry.settings = settings
          entry.breaker.configure(breakerLimits(settings, local))
        }
      }
      entries.set(key, entry)
      return entry
    },
    snapshots: () =>
      [...entries.values()].map(({ backend, model, breaker, budget }) => ({
        backend,
        model,
        breaker: breaker.snapshot(),
        budget: budget.snapshot(),
      })),
  }
}
