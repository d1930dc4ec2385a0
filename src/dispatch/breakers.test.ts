import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock, type ManualClock } from '../../test/support/manual-clock.ts'
import { createBreakers, type Breakers, type TargetGuard } from './breakers.ts'

function stage(maxTargets?: number): { breakers: Breakers; clock: ManualClock } {
  const clock = createManualClock()
  const bound = maxTargets === undefined ? {} : { maxTargets }
  return { clock, breakers: createBreakers({ clock, random: () => 0, ...bound }) }
}

function fail({ breaker }: TargetGuard, times: number): void {
  for (let i = 0; i < times; i++) {
    const pass = breaker.admit()
    assert.ok(pass.allowed)
    breaker.record('failure', pass)
  }
}

const LOCAL = { local: true }

describe('the breakers', () => {
  test('are one for each pair of backend and model', () => {
    const { breakers } = stage()
    fail(breakers.forTarget('a', 'm', LOCAL), 3)
    const states = ['a m', 'a n', 'b m'].map((pair) => {
      const [backend = '', model = ''] = pair.split(' ')
      return breakers.forTarget(backend, model, LOCAL).breaker.snapshot().state
    })
    assert.deepEqual(states, ['open', 'closed', 'closed'])
  })

  test('outlive a reload: the same target with other settings is the same breaker', () => {
    const { breakers } = stage()
    const before = breakers.forTarget('a', 'm', { local: true, settings: {} })
    fail(before, 2)
    const after = breakers.forTarget('a', 'm', { local: true, settings: { openMs: 9000 } })
    assert.equal(after, before)
    fail(after, 1)
    assert.equal(after.breaker.snapshot().openForMs, 9000)
  })

  test('take a target that is no longer local for a hosted one', () => {
    const { breakers } = stage()
    fail(breakers.forTarget('a', 'm', LOCAL), 2)
    const guard = breakers.forTarget('a', 'm', { local: false })
    fail(guard, 2)
    assert.equal(guard.breaker.snapshot().state, 'closed')
    fail(guard, 1)
    assert.equal(guard.breaker.snapshot().state, 'open')
  })

  test('are bounded: the longest unused closed one goes first', () => {
    const { breakers } = stage(3)
    fail(breakers.forTarget('a', 'open', LOCAL), 3)
    breakers.forTarget('a', 'first', LOCAL)
    breakers.forTarget('a', 'second', LOCAL)
    breakers.forTarget('a', 'first', LOCAL)
    breakers.forTarget('a', 'third', LOCAL)
    const models = breakers.snapshots().map(({ model }) => model)
    assert.deepEqual(models, ['open', 'first', 'third'])
  })

  test('are bounded when all are open, too', () => {
    const { breakers } = stage(3)
    for (let i = 0; i < 50; i++) fail(breakers.forTarget('a', `m${i}`, LOCAL), 3)
    const models = breakers.snapshots().map(({ model }) => model)
    assert.deepEqual(models, ['m47', 'm48', 'm49'])
  })

  test('tell the state of each target', () => {
    const { breakers } = stage()
    const { budget } = breakers.forTarget('a', 'm', LOCAL)
    budget.withdraw()
    const closed = { state: 'closed', openForMs: 0, consecutiveFailures: 0 }
    assert.deepEqual(breakers.snapshots(), [
      {
        backend: 'a',
        model: 'm',
        breaker: { ...closed, windowSamples: 0, windowSuccessRate: null },
        budget: { available: 9, granted: 1, refused: 0 },
      },
    ])
  })
})
