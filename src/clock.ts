/** Time, by parameter: everything that waits or measures takes a {@link Clock}, so that tests own the time. */

export interface Timer {
  cancel(): void
}

export interface TimerOptions {
  /** A background timer does not keep the process alive. */
  readonly background?: boolean
}

export interface Clock {
  /** Monotonic milliseconds, for durations and deadlines. */
  readonly nowMs: () => number
  /** Wall time, for what is stored and shown. */
  readonly epochMs: () => number
  readonly setTimer: (ms: number, fire: () => void, options?: TimerOptions) => Timer
}

export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  setTimer: (ms: number, fire: () => void, options?: TimerOptions): Timer => {
    const timeout = setTimeout(fire, ms)
    if (options?.background === true) timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
})
