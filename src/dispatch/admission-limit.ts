/**
 * How many calls a backend can take at once, learnt from its first tokens (Netflix's Gradient2). Not from whole
 * answers: how long those take says how much was written, not how busy the server is.
 */
const TOLERANCE = 2
const SMOOTHING = 0.2
const QUEUE_TERM = 1
const WINDOW = 600
/** The median of so many first tokens is where the long average starts: one of them may be a cold load. */
const WARM_UP = 10

export interface AdmissionLimit {
  /** Whole slots. */
  slots(): number
  /** A first token came; `inFlight` counts the calls there were when this one was let in, itself included. */
  observe(firstTokenMs: number, inFlight: number): void
  /** The backend said that its own queue is full. */
  shrink(): void
}

export function createAdmissionLimit(start: number, max: number): AdmissionLimit {
  const warmUp: number[] = []
  let limit = start
  let longMs: number | null = null

  function learn(firstTokenMs: number): void {
    if (longMs === null) {
      warmUp.push(firstTokenMs)
      if (warmUp.length < WARM_UP) return
      longMs = warmUp.toSorted((a, b) => a - b)[WARM_UP >> 1] ?? firstTokenMs
      return
    }
    // A load of a minute among answers of 0.1 s would carry the average off for hours.
    const bounded = Math.min(firstTokenMs, TOLERANCE * longMs)
    longMs += (2 / (WINDOW + 1)) * (bounded - longMs)
  }

  return {
    slots: () => Math.floor(limit),
    observe(firstTokenMs, inFlight) {
      const shortMs = Math.max(firstTokenMs, 1)
      const known = longMs
      // Only calls that had the backend more or less to themselves teach what a first token takes. Under a load
      // that lasts, the average would otherwise rise to the queueing that it is there to notice, and with it the
      // limit, step by step to its maximum.
      if (inFlight <= Math.max(start, limit / 2)) learn(shortMs)
      if (known === null || inFlight < limit / 2) return
      const gradient = Math.min(1, Math.max(0.5, (TOLERANCE * known) / shortMs))
      const wanted = limit * gradient + QUEUE_TERM
      limit = Math.min(max, Math.max(1, limit * (1 - SMOOTHING) + wanted * SMOOTHING))
    },
    shrink() {
      limit = Math.max(1, limit / 2)
    },
  }
}
