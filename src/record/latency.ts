/** How long targets take at present: the live half of `decide/view.ts`. */
import type { Clock } from '../clock.ts'
import type { Target } from '../decide/decision.ts'
import type { View } from '../decide/view.ts'
import { createRing, MAX_AGE_MS, type Ring } from './latency-ring.ts'
import type { RecordObserver } from './observer.ts'
import type { LatencySample, Store } from './store.ts'

/** Targets come from the policy, so this is never reached; it bounds what a mistake elsewhere could cost. */
const MAX_TARGETS = 4096

export interface LatencyBook extends RecordObserver, Pick<View, 'medianLatencyMs' | 'medianFirstTokenMs'> {
  observe(sample: LatencySample): void
  /** Takes over what the store remembers of the last minutes. Rejects when the store does. */
  warmStart(store: Pick<Store, 'recentLatencies'>): Promise<void>
}

interface TargetTimes {
  readonly buffered: Ring
  readonly streamed: Ring
  readonly firstToken: Ring
}

export function createLatencyBook(clock: Pick<Clock, 'nowMs' | 'epochMs'>): LatencyBook {
  const targets = new Map<string, Map<string, TargetTimes>>()
  let count = 0

  function timesOf(backend: string, model: string): TargetTimes | null {
    let models = targets.get(backend)
    if (models === undefined) targets.set(backend, (models = new Map()))
    let times = models.get(model)
    if (times === undefined) {
      if (count >= MAX_TARGETS) return null
      count += 1
      models.set(
        model,
        (times = { buffered: createRing(), streamed: createRing(), firstToken: createRing() }),
      )
    }
    return times
  }

  function observe(sample: LatencySample): void {
    const ageMs = Math.max(0, clock.epochMs() - sample.endedAtEpochMs)
    if (ageMs >= MAX_AGE_MS) return
    const times = timesOf(sample.backend, sample.model)
    if (times === null) return
    const at = clock.nowMs() - ageMs
    if (sample.stream) times.streamed.add(sample.totalMs, at)
    else times.buffered.add(sample.totalMs, at)
    if (sample.stream && sample.firstTokenMs !== null) times.firstToken.add(sample.firstTokenMs, at)
  }

  const peek = (target: Target): TargetTimes | undefined => targets.get(target.backend)?.get(target.model)

  return {
    observe,
    observeRequest(record) {
      for (const attempt of record.attempts) {
        if (attempt.result !== 'success') continue
        const endedAtEpochMs = attempt.startedAtEpochMs + attempt.totalMs
        observe({ ...attempt, stream: record.stream, endedAtEpochMs })
      }
    },
    // A mirrored call yields to real traffic, so its time says little about a real one's.
    observeShadow() {},
    async warmStart(store) {
      for (const sample of await store.recentLatencies(clock.epochMs() - MAX_AGE_MS)) observe(sample)
    },
    medianLatencyMs: (target, stream) =>
      peek(target)?.[stream ? 'streamed' : 'buffered'].median(clock.nowMs()) ?? null,
    medianFirstTokenMs: (target) => peek(target)?.firstToken.median(clock.nowMs()) ?? null,
  }
}
