import type { Clock } from '../clock.ts'

/** Long enough to make trying keys slow work, short enough for a person who mistyped one. */
const WAIT_MS = 200
/** How many may wait at once; the rest is told at once to come back later, so that nothing piles up. */
const MOST_WAITING = 64

/** Whoever had a wrong key waits for the answer. A right one never comes here, however many wrong ones do. */
export interface WaitingRoom {
  /** False, and nothing happens, when it is full. */
  wait(then: () => void): boolean
}

export function createWaitingRoom(clock: Clock): WaitingRoom {
  let waiting = 0
  return {
    wait(then) {
      if (waiting >= MOST_WAITING) return false
      waiting++
      clock.setTimer(WAIT_MS, () => {
        waiting--
        then()
      })
      return true
    },
  }
}
