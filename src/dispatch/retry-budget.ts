/**
 * How many further tries a target may be given: retries, fallbacks into it, hedges and mirrors draw on one budget
 * (reference 1.2, the shape of Finagle's). When everything fails, the target gets little more than its requests.
 */
import type { Clock } from '../clock.ts'
import { createRollingTotal } from './rolling-total.ts'

export interface RetryBudget {
  /** A first try was made. */
  deposit(): void
  /** Takes a further try from the budget; false when there is none left. */
  withdraw(): boolean
  snapshot(): RetryBudgetSnapshot
}

export interface RetryBudgetSnapshot {
  /** Further tries that would be granted now. */
  readonly available: number
  /** Since the target was first used. */
  readonly granted: number
  readonly refused: number
}

const SHARE_PERCENT = 20
const RESERVE_PER_SECOND = 1
const TTL_SECONDS = 10
/** In hundredths of a try, so that the sums are whole numbers. */
const TRY = 100

/**
 * At each granted try, those of the last 10 s are at most a fifth of the first tries of these 10 s, and 10 more. For
 * that to hold at any moment, not only at the edges of buckets, what was granted counts for a bucket longer.
 */
export function createRetryBudget(clock: Clock): RetryBudget {
  const deposits = createRollingTotal(clock, 1000, TTL_SECONDS)
  const withdrawals = createRollingTotal(clock, 1000, TTL_SECONDS + 1)
  let granted = 0
  let refused = 0

  const balance = (): number =>
    deposits.total() + RESERVE_PER_SECOND * TTL_SECONDS * TRY - withdrawals.total()

  return {
    deposit: () => deposits.add(SHARE_PERCENT),
    withdraw() {
      if (balance() < TRY) {
        refused++
        return false
      }
      withdrawals.add(TRY)
      granted++
      return true
    },
    snapshot: () => ({ available: Math.max(0, Math.floor(balance() / TRY)), granted, refused }),
  }
}
