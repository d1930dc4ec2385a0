/** The real clock, whose hands a test can put forward: real timers fire as always, ages grow at once. */
import { systemClock, type Clock } from '../../src/clock.ts'

export interface SkewedClock extends Clock {
  /** What was measured before is older by so much from now on. Running timers are not touched. */
  skip(ms: number): void
}

export function createSkewedClock(): SkewedClock {
  let skewMs = 0
  return {
    nowMs: () => systemClock.nowMs() + skewMs,
    epochMs: () => systemClock.epochMs() + skewMs,
    setTimer: systemClock.setTimer,
    skip(ms) {
      skewMs += ms
    },
  }
}
