/**
 * What is done to one request: a pure function of seed, number of the request and faults, so that a run can be had
 * again however the sockets interleave.
 */
import { fillIn, type Fault, type FullFault } from './fault.ts'
import { seeded } from './seeded.ts'

export interface Schedule {
  /** Those that strike, in the order in which they were given. */
  readonly faults: readonly FullFault[]
  readonly delayMs: number
  /** Answered instead of the upstream's answer; null: that one. */
  readonly status: { readonly code: number; readonly retryAfter: string } | null
  /** For what is drawn piece by piece. */
  readonly seed: number
}

export function scheduleOf(seed: number, request: number, faults: readonly Fault[]): Schedule {
  const struck: FullFault[] = []
  let delayMs = 0
  let status: Schedule['status'] = null
  for (const [index, fault] of faults.entries()) {
    // One row of numbers a fault: adding or taking away another does not change what this one does.
    const draw = seeded(seed, request, index)
    if (draw() * 100 >= (fault.percent ?? 100)) continue
    const full = fillIn(fault)
    struck.push(full)
    if (full.kind === 'latency') delayMs += full.ms + Math.round(draw() * full.jitterMs)
    if (full.kind === 'status') {
      const code = full.statuses[Math.floor(draw() * full.statuses.length)] ?? 503
      status ??= { code, retryAfter: full.retryAfter }
    }
  }
  return { faults: struck, delayMs, status, seed: Math.floor(seeded(seed, request)() * 0x1_0000_0000) }
}
