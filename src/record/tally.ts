/** Adds up what the store reads in slices. */
import { percentile } from './percentile.ts'
import type { AttemptTally, LatencyFigures, Tally, TrafficSummary } from './store.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Latencies of successes, kept until all are there. */
class LatencyCollector {
  readonly #totals: number[] = []
  readonly #firstTokens: number[] = []

  add(totalMs: number | null, firstTokenMs: number | null): void {
    if (totalMs !== null) this.#totals.push(totalMs)
    if (firstTokenMs !== null) this.#firstTokens.push(firstTokenMs)
  }

  figures(): LatencyFigures {
    const totals = Float64Array.from(this.#totals).sort()
    const firstTokens = Float64Array.from(this.#firstTokens).sort()
    return {
      p50Ms: percentile(totals, 0.5),
      p95Ms: percentile(totals, 0.95),
      firstTokenP50Ms: percentile(firstTokens, 0.5),
    }
  }
}

export class TrafficCollector {
  readonly latency = new LatencyCollector()
  readonly #sum: Mutable<Tally> = {
    requests: 0,
    success: 0,
    failure: 0,
    aborted: 0,
    refused: 0,
    fellBack: 0,
    shifted: 0,
    localOnly: 0,
    inputTokens: 0,
    outputTokens: 0,
    withoutUsage: 0,
  }

  add(part: Tally): void {
    for (const key of Object.keys(this.#sum) as (keyof Tally)[]) this.#sum[key] += part[key]
  }

  summary(): TrafficSummary {
    return { ...this.#sum, ...this.latency.figures() }
  }
}

export class AttemptCollector {
  readonly latency = new LatencyCollector()
  readonly #sum: Mutable<AttemptTally> = { attempts: 0, success: 0, failure: 0, aborted: 0 }

  add(part: AttemptTally): void {
    for (const key of Object.keys(this.#sum) as (keyof AttemptTally)[]) this.#sum[key] += part[key]
  }

  summary(): AttemptTally & LatencyFigures {
    return { ...this.#sum, ...this.latency.figures() }
  }
}

/** The entry of `key`, made when it is not there yet. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
