import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createManualClock, type ManualClock } from '../../test/support/manual-clock.ts'
import { breakerLimits, breakerSchema, type BreakerLimits } from './breaker-settings.ts'
import { createBreaker, type Pass, type Breaker, type Verdict } from './breaker.ts'

const HOSTED = breakerLimits({}, false)

function stage(limits: BreakerLimits = HOSTED): { breaker: Breaker; clock: ManualClock } {
  const clock = createManualClock()
  return { clock, breaker: createBreaker({ clock, random: () => 0, settings: limits }) }
}

function admitted(breaker: Breaker): Pass {
  const admittance = breaker.admit()
  assert.ok(admittance.allowed)
  return admittance
}

function tryOnce(breaker: Breaker, verdict: Verdict, retryAfterMs?: number): void {
  breaker.record(verdict, admitted(breaker), retryAfterMs)
}

function tryTimes(breaker: Breaker, times: number, verdict: Verdict): void {
  for (let i = 0; i < times; i++) tryOnce(breaker, verdict)
}

describe('a closed breaker', () => {
  for (const [where, isLocal, failures] of [
    ['hosted', false, 5],
    ['local', true, 3],
  ] as const) {
    test(`opens at ${failures} failures in a row of a ${where} target`, () => {
      const { breaker } = stage(breakerLimits({}, isLocal))
      tryTimes(breaker, failures - 1, 'failure')
      assert.equal(breaker.snapshot().state, 'closed')
      tryOnce(breaker, 'failure')
      assert.deepEqual(breaker.admit(), { allowed: false, retryAfterMs: 1000 })
      assert.deepEqual(breaker.snapshot(), {
        state: 'open',
        openForMs: 1000,
        consecutiveFailures: failures,
        windowSamples: failures,
        windowSuccessRate: 0,
      })
    })
  }

  test('starts the run again at a success, and goes on with it after 429 and after what is ignored', () => {
    const { breaker } = stage(breakerLimits({}, true))
    for (const verdict of [
      'failure',
      'failure',
      'success',
      'failure',
      'throttled',
      'ignored',
      'failure',
    ] as const) {
      tryOnce(breaker, verdict)
    }
    assert.equal(breaker.snapshot().state, 'closed')
    tryOnce(breaker, 'failure')
    assert.equal(breaker.snapshot().state, 'open')
  })

  test('never opens for what says nothing of its health', () => {
    const { breaker } = stage()
    tryTimes(breaker, 1000, 'ignored')
    assert.deepEqual(breaker.snapshot(), {
      state: 'closed',
      openForMs: 0,
      consecutiveFailures: 0,
      windowSamples: 0,
      windowSuccessRate: null,
    })
  })

  test('gives no weight to a Retry-After that came with a single failure', () => {
    const { breaker } = stage()
    tryOnce(breaker, 'failure', 30_000)
    assert.equal(breaker.snapshot().state, 'closed')
  })

  test('does not count what was admitted before it last opened', () => {
    const { breaker, clock } = stage()
    const old = Array.from({ length: 20 }, () => admitted(breaker))
    tryTimes(breaker, 5, 'failure')
    clock.advance(1000)
    tryOnce(breaker, 'success')
    for (const pass of old) breaker.record('failure', pass)
    assert.equal(breaker.snapshot().state, 'closed')
    assert.equal(breaker.snapshot().windowSamples, 0)
  })
})

describe('a half-open breaker', () => {
  function halfOpen(): { breaker: Breaker; clock: ManualClock } {
    const all = stage()
    tryTimes(all.breaker, 5, 'failure')
    all.clock.advance(1000)
    assert.equal(all.breaker.snapshot().state, 'half-open')
    return all
  }

  test('has its place for a probe back when the probe said nothing, and only once', () => {
    const { breaker } = halfOpen()
    const left = admitted(breaker)
    assert.equal(breaker.admit().allowed, false)
    breaker.release(left)
    const rejected = admitted(breaker)
    assert.equal(rejected.probe, true)
    breaker.release(left)
    breaker.record('success', left)
    assert.equal(breaker.admit().allowed, false)
    breaker.record('ignored', rejected)
    assert.equal(admitted(breaker).probe, true)
  })

  test('opens for longer at a failed probe, and again from the start after it was closed for a window', () => {
    const { breaker, clock } = halfOpen()
    for (const openForMs of [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      tryOnce(breaker, 'failure')
      assert.equal(breaker.snapshot().openForMs, openForMs)
      clock.advance(openForMs)
    }
    tryOnce(breaker, 'success')
    assert.equal(breaker.snapshot().state, 'closed')
    clock.advance(30_000)
    tryTimes(breaker, 5, 'failure')
    assert.equal(breaker.snapshot().openForMs, 1000)
  })
})

describe('the jitter', () => {
  test('shortens an opening by up to a half, and leaves each longer than the one before', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 6 }), (draws) => {
        let drawn = 0
        const clock = createManualClock()
        const random = (): number => draws[drawn++ % draws.length] ?? 0
        const breaker = createBreaker({ clock, random, settings: HOSTED })
        tryTimes(breaker, 5, 'failure')
        let before = 0
        for (const fullMs of [1000, 2000, 4000, 8000, 16_000, 32_000]) {
          const { openForMs } = breaker.snapshot()
          assert.ok(openForMs > fullMs / 2 && openForMs <= fullMs && openForMs > before)
          before = openForMs
          clock.advance(openForMs)
          tryOnce(breaker, 'failure')
        }
      }),
    )
  })
})

describe('new settings', () => {
  test('hold at once and lose nothing of what was learnt', () => {
    const { breaker } = stage()
    tryTimes(breaker, 4, 'failure')
    breaker.configure(breakerLimits({ openMs: 7000 }, false))
    tryOnce(breaker, 'failure')
    assert.equal(breaker.snapshot().openForMs, 7000)
  })

  test('that turn it off let everything through, and a probe of before has no say later', () => {
    const { breaker, clock } = stage()
    tryTimes(breaker, 5, 'failure')
    clock.advance(1000)
    const probe = admitted(breaker)
    breaker.configure(breakerLimits({ enabled: false }, false))
    tryTimes(breaker, 100, 'failure')
    tryOnce(breaker, 'throttled', 60_000)
    assert.equal(breaker.snapshot().state, 'closed')
    assert.equal(admitted(breaker).probe, false)
    breaker.configure(HOSTED)
    breaker.record('failure', probe)
    assert.equal(breaker.snapshot().windowSamples, 0)
  })

  test('that turn it off end an opening and a pause', () => {
    const { breaker } = stage()
    tryOnce(breaker, 'throttled', 60_000)
    breaker.configure(breakerLimits({ enabled: false }, false))
    breaker.configure(HOSTED)
    tryTimes(breaker, 5, 'failure')
    assert.equal(breaker.snapshot().openForMs, 1000)
    breaker.configure(breakerLimits({ enabled: false }, false))
    assert.equal(breaker.snapshot().state, 'closed')
    breaker.configure(HOSTED)
    tryTimes(breaker, 5, 'failure')
    assert.equal(breaker.snapshot().openForMs, 1000)
  })

  test('are read strictly', () => {
    assert.deepEqual(breakerSchema.parse({}), {})
    assert.equal(breakerSchema.safeParse({ openMS: 5 }).success, false)
    assert.equal(breakerSchema.safeParse({ jitter: 1.5 }).success, false)
    assert.equal(breakerSchema.safeParse({ windowMs: 5 }).success, false)
  })
})
