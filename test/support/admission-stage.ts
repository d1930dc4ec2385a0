/** An admission on a clock that stands still, and who asked it for what. */
import { createAdmission, type Admission, type Permit, type Release } from '../../src/dispatch/admission.ts'
import type { Priority } from '../../src/dispatch/admission-queue.ts'
import { admissionSettings, type AdmissionSettings } from '../../src/dispatch/admission-settings.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

export interface Caller {
  readonly priority: Priority
  readonly deadlineMs: number
  /** `waiting` until the admission has answered. */
  state: 'waiting' | 'admitted' | 'refused'
  /** How often it answered. */
  answers: number
  error: unknown
  /** When it answered. */
  atMs: number
  leave(): void
  release(how?: Partial<Release>): void
}

export interface AdmissionStage {
  readonly clock: ManualClock
  readonly admission: Admission
  /** In the order of their admission. */
  readonly admitted: readonly Caller[]
  /** Asks, and waits until an answer that is given at once has come. */
  readonly ask: (priority?: Priority, patienceMs?: number) => Promise<Caller>
}

/** The reason that leaving clients give. */
export const LEFT = new Error('the client left')

/** Answers that have been given have been heard. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createAdmissionStage(settings: Partial<AdmissionSettings> = {}): AdmissionStage {
  const clock = createManualClock()
  const defaults = { enabled: true, parallel: 1, firstTokenMs: 300_000 }
  const admission = createAdmission({
    clock,
    settings: admissionSettings({ maxParallel: settings.parallel ?? 1, ...settings }, defaults),
    random: () => 1,
  })
  const admitted: Caller[] = []

  return {
    clock,
    admission,
    admitted,
    async ask(priority = 'interactive', patienceMs = 1e9) {
      const client = new AbortController()
      let permit: Permit | null = null
      const answer = (state: 'admitted' | 'refused'): void => {
        caller.state = state
        caller.answers++
        caller.atMs = clock.nowMs()
      }
      const deadlineMs = clock.nowMs() + patienceMs
      const caller: Caller = {
        priority,
        deadlineMs,
        state: 'waiting',
        answers: 0,
        error: null,
        atMs: -1,
        leave: () => client.abort(LEFT),
        release: (how) => permit?.release({ firstTokenMs: 100, ...how }),
      }
      const entrance = { priority, signal: client.signal, deadlineMs }
      void admission.enter(entrance).then(
        (given) => {
          permit = given
          admitted.push(caller)
          answer('admitted')
        },
        (error: unknown) => {
          caller.error = error
          answer('refused')
        },
      )
      await settled()
      return caller
    },
  }
}
