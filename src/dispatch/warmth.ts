/**
 * How long a first token may take from a model that is loaded. A cold load takes minutes, and a limit that allows for
 * it would leave a client waiting for minutes when a warm model hangs: what it has shown lately says better what to
 * expect (faults 1.2: 4 × p95, between 10 s and 120 s).
 */
import type { Clock } from '../clock.ts'

export interface Warmth {
  sawFirstToken(firstTokenMs: number): void
  /** `coldMs` while nothing is known, or when the model may have been unloaded since. */
  limitMs(coldMs: number): number
}

/** Ollama unloads after five minutes without a request. */
const WARM_FOR_MS = 240_000
const SAMPLES = 32
const FEWEST_SAMPLES = 8
const TIMES_P95 = 4
const SHORTEST_MS = 10_000
const LONGEST_MS = 120_000

export function createWarmth(clock: Clock): Warmth {
  const samples: number[] = []
  let next = 0
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    sawFirstToken(firstTokenMs) {
      samples[next++ % SAMPLES] = firstTokenMs
      lastMs = clock.nowMs()
    },
    limitMs(coldMs) {
      if (samples.length < FEWEST_SAMPLES || clock.nowMs() - lastMs > WARM_FOR_MS) return coldMs
      const sorted = samples.toSorted((a, b) => a - b)
      const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? coldMs
      return Math.min(coldMs, Math.max(SHORTEST_MS, Math.min(LONGEST_MS, TIMES_P95 * p95)))
    },
  }
}
