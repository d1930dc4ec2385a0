/** The router's metrics by name. Children are bound once per combination of labels. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** From a small local model's 10 ms to a long reasoning answer's five minutes. */
const DURATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

export interface Adder {
  inc(by?: number): void
}

export interface Observer {
  observe(seconds: number): void
}

export interface Instruments {
  readonly requests: (route: string, backend: string, result: string) => Adder
  readonly duration: (route: string, backend: string) => Observer
  readonly firstToken: (backend: string) => Observer
  readonly attempts: (backend: string, result: string) => Adder
  readonly fallbacks: (route: string) => Adder
  readonly shifts: (route: string) => Adder
  readonly shadows: (backend: string, result: string) => Adder
  readonly shadowsSkipped: (backend: string) => Adder
  readonly tokens: (backend: string, direction: 'input' | 'output') => Adder
  readonly recordsDropped: Adder
  readonly heldLocal: Adder
  /** Hands what was counted to prom-client; before each rendering. */
  readonly settle: () => void
  readonly inflight: Gauge
  readonly policyReload: Gauge
  readonly buildInfo: (version: string, node: string) => { set(value: number): void }
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry]
  const tallies: Tally[] = []

  function counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers })
  }
  function gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers })
  }
  function histogram(name: string, help: string, labelNames: readonly string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: DURATION_SECONDS, registers })
  }
  const adders = (
    name: string,
    help: string,
    labelNames: readonly string[],
  ): ((...labels: string[]) => Adder) => {
    const metric = counter(name, help, labelNames)
    return bound((labels) => {
      const tally = createTally(metric.labels(...labels))
      tallies.push(tally)
      return tally
    })
  }
  const observers = (
    name: string,
    help: string,
    labelNames: readonly string[],
  ): ((...labels: string[]) => Observer) => {
    const metric = histogram(name, help, labelNames)
    return bound((labels) => metric.labels(...labels))
  }

  const buildInfo = gauge('llr_build_info', 'Always 1; the labels say what runs.', ['version', 'node'])

  return {
    requests: adders('llr_requests_total', 'Requests answered or refused.', ['route', 'backend', 'result']),
    duration: observers('llr_request_duration_seconds', 'From arrival to the end of the answer.', [
      'route',
      'backend',
    ]),
    firstToken: observers('llr_first_token_seconds', 'From arrival to the first content of a stream.', [
      'backend',
    ]),
    attempts: adders('llr_attempts_total', 'Calls made to backends for requests.', ['backend', 'result']),
    fallbacks: adders('llr_fallbacks_total', 'Requests answered by another than their first target.', [
      'route',
    ]),
    shifts: adders('llr_shifts_total', 'Requests moved by a latency budget.', ['route']),
    shadows: adders('llr_shadows_total', 'Mirrored calls by candidate.', ['backend', 'result']),
    shadowsSkipped: adders('llr_shadows_skipped_total', 'Mirrored calls not made for want of room.', [
      'backend',
    ]),
    tokens: adders('llr_tokens_total', 'Tokens that backends reported.', ['backend', 'direction']),
    recordsDropped: counter('llr_records_dropped_total', 'Records that could not be stored.'),
    heldLocal: counter('llr_held_local_total', 'Requests held to local targets (label local-only).'),
    settle: () => {
      for (const tally of tallies) tally.settle()
    },
    inflight: gauge('llr_inflight_requests', 'Requests being answered now.'),
    policyReload: gauge('llr_policy_reload_success', '1 when the last reload of the policy took, else 0.'),
    buildInfo: (version, node) => buildInfo.labels(version, node),
  }
}

interface Tally extends Adder {
  settle(): void
}

/** prom-client hashes the labels at each `inc`; a request makes half a dozen. A number is added up at no cost. */
function createTally(child: Adder): Tally {
  let amount = 0
  return {
    inc(by = 1) {
      amount += by
    },
    settle() {
      if (amount > 0) child.inc(amount)
      amount = 0
    },
  }
}

/** Remembers the child of each combination of labels. Names hold no control characters, so the key is theirs alone. */
function bound<T>(make: (labels: string[]) => T): (...labels: string[]) => T {
  const children = new Map<string, T>()
  return (...labels) => {
    const key = labels.join('\n')
    let child = children.get(key)
    if (child === undefined) children.set(key, (child = make(labels)))
    return child
  }
}
