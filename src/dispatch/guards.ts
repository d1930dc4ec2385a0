/** What stands before each backend: its door, and the breaker and the retry budget of each target. Outlives reloads. */
import type { Clock } from '../clock.ts'
import { RouterError } from '../errors.ts'
import { createAdmission, type Admission, type AdmissionSnapshot } from './admission.ts'
import type { Backend } from './backend.ts'
import { createWarmth, type Warmth } from './warmth.ts'
import { createBreakers, type TargetGuard, type TargetSnapshot } from './breakers.ts'

export interface Guards {
  target(backend: Backend, model: string): TargetGuard
  admission(backend: Backend): Admission
  warmth(backend: Backend, model: string): Warmth
  targets(): readonly TargetSnapshot[]
  /** Of the backends that were called, by name. */
  admissions(): ReadonlyMap<string, AdmissionSnapshot>
  /** Turns away whoever waits. */
  close(): void
}

interface Door {
  readonly admission: Admission
  readonly settings: string
}

const MOST_WARMTHS = 1024

export function createGuards(clock: Clock, random: () => number = Math.random): Guards {
  const breakers = createBreakers({ clock, random })
  const doors = new Map<string, Door>()
  const warmths = new Map<string, Warmth>()

  return {
    target: (backend, model) =>
      breakers.forTarget(backend.name, model, {
        local: backend.peerRule !== 'none',
        settings: backend.breaker,
      }),
    admission({ name, admission: wanted }) {
      const settings = JSON.stringify(wanted)
      const known = doors.get(name)
      if (known?.settings === settings) return known.admission
      // Whoever waits at the old door is let in by it; nobody comes to it any more.
      const admission = createAdmission({ clock, settings: wanted, random })
      doors.set(name, { admission, settings })
      return admission
    },
    warmth({ name }, model) {
      const key = `${name}\n${model}`
      let warmth = warmths.get(key)
      if (warmth === undefined) {
        // Models are those of policies, so there are few; old policies' may go.
        if (warmths.size >= MOST_WARMTHS) warmths.clear()
        warmths.set(key, (warmth = createWarmth(clock)))
      }
      return warmth
    },
    targets: () => breakers.snapshots(),
    admissions: () => new Map([...doors].map(([name, { admission }]) => [name, admission.snapshot()])),
    close() {
      for (const { admission } of doors.values()) {
        admission.close(new RouterError('server_shutdown', 'The router is shutting down.'))
      }
    },
  }
}
