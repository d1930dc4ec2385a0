/** Ends a server: nothing new comes in, what runs may end, and what does not is told so. */
import type { Server } from 'node:http'
import type { Clock, Timer } from './clock.ts'
import type { Departures } from './departures.ts'

/** What an error that ends a request may take to reach its client. */
const LAST_WORDS_MS = 500
/** A connection that falls idle while others still work would be kept alive for its client's next request. */
const IDLE_SWEEP_MS = 50

interface DrainParts {
  readonly clock: Clock
  readonly departures: Departures
}

export async function drain(server: Server, drainMs: number, parts: DrainParts): Promise<void> {
  const { clock, departures } = parts
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  let sweep: Timer | null = null
  const closeIdle = (): void => {
    server.closeIdleConnections()
    sweep = clock.setTimer(IDLE_SWEEP_MS, closeIdle)
  }
  sweep = clock.setTimer(0, closeIdle)
  let timer = clock.setTimer(drainMs, () => {
    departures.endAll()
    timer = clock.setTimer(LAST_WORDS_MS, () => server.closeAllConnections())
  })
  await closed
  timer.cancel()
  sweep.cancel()
}
