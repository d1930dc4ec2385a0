/**
 * How much the process itself has left to give. Under pressure it first stops what nobody waits for, then what can
 * wait, and takes no new requests only when the next one might be its last (Envoy's overload manager).
 */
import type { Clock } from './clock.ts'
import { RouterError } from './errors.ts'
import type { Priority } from './dispatch/admission-queue.ts'

export const OVERLOAD_LEVELS = ['normal', 'shed-shadow', 'shed-batch', 'shed-all'] as const
export type OverloadLevel = (typeof OVERLOAD_LEVELS)[number]

export interface OverloadSample {
  /** The 99th percentile over the last second. */
  readonly loopDelayMs: number
  /** Used part of the heap's limit, 0 to 1. */
  readonly heapUsed: number
}

export interface Overload {
  /** As of the last sample: a field, for the way of every request. */
  readonly level: OverloadLevel
  readonly sample: OverloadSample
  /** Whether a request of this class is to be refused now. */
  sheds(priority: Priority): boolean
  close(): void
}

export interface OverloadOptions {
  readonly clock: Clock
  readonly sample: () => OverloadSample
}

const SAMPLE_INTERVAL_MS = 250
const LATE_LOOP_MS = 200
/** Of the heap's limit, for each level above normal. */
const FULL_HEAP = [0.85, 0.9, 0.95] as const
/**
 * A pause stays in the percentile for a second, which is four or five late samples. A loop that is late for twice
 * as long has too much to do, and it is batch's turn. Never everybody's: a late loop still answers.
 */
const LATE_SAMPLES = 8
/** A level is left, one at a time, once every measure has been a tenth below its threshold for a second. */
const LEAVING = 0.9
const CALM_SAMPLES = 4

const FIRST_SHED_AT: Readonly<Record<Priority, number>> = { shadow: 1, batch: 2, interactive: 3 }

export function createOverload({ clock, sample }: OverloadOptions): Overload {
  let depth = 0
  let lateSamples = 0
  let calmSamples = 0
  const overload = {
    level: 'normal' as OverloadLevel,
    sample: { loopDelayMs: 0, heapUsed: 0 } as OverloadSample,
    sheds: (priority: Priority): boolean => depth >= FIRST_SHED_AT[priority],
    close: (): void => timer.cancel(),
  }

  function look(): void {
    timer = clock.setTimer(SAMPLE_INTERVAL_MS, look, { background: true })
    const now = sample()
    lateSamples = now.loopDelayMs > LATE_LOOP_MS ? lateSamples + 1 : 0
    const isLong = lateSamples > LATE_SAMPLES
    const called = depthOf(now, 1, isLong)
    calmSamples = depthOf(now, LEAVING, isLong || depth > 1) < depth ? calmSamples + 1 : 0
    if (called > depth) depth = called
    else if (calmSamples >= CALM_SAMPLES) {
      depth--
      calmSamples = 0
    }
    overload.sample = now
    overload.level = OVERLOAD_LEVELS[depth] ?? 'shed-all'
  }

  let timer = clock.setTimer(SAMPLE_INTERVAL_MS, look, { background: true })
  return overload
}

/** Which level a sample calls for, the thresholds taken times `part`. */
function depthOf({ loopDelayMs, heapUsed }: OverloadSample, part: number, isLong: boolean): number {
  const loop = loopDelayMs > LATE_LOOP_MS * part ? (isLong ? 2 : 1) : 0
  const heap = FULL_HEAP.filter((threshold) => heapUsed > threshold * part).length
  return Math.max(loop, heap)
}

/** To a client whose class of requests is turned away. */
export function tooMuchToDo(): RouterError {
  const message = 'The router has more to do than it can; requests of this class are turned away for now.'
  return new RouterError('overloaded', message, { retryAfterSeconds: 1 })
}
