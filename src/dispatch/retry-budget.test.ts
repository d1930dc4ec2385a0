import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createRetryBudget } from './retry-budget.ts'

function withdrawals(budget: { withdraw(): boolean }): number {
  let granted = 0
  while (budget.withdraw()) granted++
  return granted
}

describe('the retry budget', () => {
  test('of a target nobody asks is its reserve: one a second, ten at once', () => {
    const clock = createManualClock()
    const budget = createRetryBudget(clock)
    assert.equal(withdrawals(budget), 10)
    let granted = 0
    for (let second = 0; second < 1000; second++) {
      clock.advance(1000)
      granted += withdrawals(budget)
    }
    assert.ok(granted > 850 && granted <= 1000, `${granted} in 1000 s`)
  })

  test('grows by one with five first tries', () => {
    const budget = createRetryBudget(createManualClock())
    for (let i = 0; i < 100; i++) budget.deposit()
    assert.equal(budget.snapshot().available, 30)
    assert.equal(withdrawals(budget), 30)
    for (let i = 0; i < 4; i++) budget.deposit()
    assert.equal(budget.withdraw(), false)
    budget.deposit()
    assert.equal(budget.withdraw(), true)
    assert.deepEqual(budget.snapshot(), { available: 0, granted: 31, refused: 2 })
  })

  test('forgets first tries after ten seconds', () => {
    const clock = createManualClock()
    const budget = createRetryBudget(clock)
    for (let i = 0; i < 1000; i++) budget.deposit()
    clock.advance(9999)
    assert.equal(budget.snapshot().available, 210)
    clock.advance(1)
    assert.equal(budget.snapshot().available, 10)
  })

  test('at each granted try, grants of the last 10 s are at most a fifth of its first tries, and 10', () => {
    const event = fc.oneof(
      fc.record({ do: fc.constant('deposit' as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant('withdraw' as const), n: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('advance' as const), n: fc.integer({ min: 1, max: 4000 }) }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: '+1' }), (events) => {
        const clock = createManualClock()
        const budget = createRetryBudget(clock)
        const deposits: number[] = []
        const granted: number[] = []
        const recent = (times: readonly number[]): number =>
          times.filter((atMs) => atMs > clock.nowMs() - 10_000).length
        const withdraw = (): void => {
          if (!budget.withdraw()) return
          granted.push(clock.nowMs())
          assert.ok(recent(granted) <= recent(deposits) / 5 + 10)
        }
        const deposit = (): void => {
          budget.deposit()
          deposits.push(clock.nowMs())
        }
        for (const { do: what, n } of events) {
          if (what === 'advance') clock.advance(n)
          else for (let i = 0; i < n; i++) (what === 'deposit' ? deposit : withdraw)()
        }
      }),
    )
  })
})
