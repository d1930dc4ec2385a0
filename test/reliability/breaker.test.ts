/** Rows of the fault table that a breaker and a retry budget answer for by themselves, in virtual time. */
import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { createBackend } from '../../src/dispatch/backend.ts'
import { breakerLimits } from '../../src/dispatch/breaker-settings.ts'
import { createBreaker, type Pass, type Breaker, type Verdict } from '../../src/dispatch/breaker.ts'
import { fromStatus } from '../../src/dispatch/failure.ts'
import { createRetryBudget } from '../../src/dispatch/retry-budget.ts'
import { createDraw } from '../../src/record/random.ts'
import { createManualClock, type ManualClock } from '../support/manual-clock.ts'

interface Stage {
  readonly breaker: Breaker
  readonly clock: ManualClock
  /** One try, if it is let through. */
  readonly attempt: (verdict: Verdict, retryAfterMs?: number) => boolean
}

function stage(isLocal = false): Stage {
  const clock = createManualClock()
  const draw = createDraw(7)
  const random = (): number => draw(1_000_000) / 1_000_000
  const breaker = createBreaker({ clock, random, settings: breakerLimits({}, isLocal) })
  return {
    breaker,
    clock,
    attempt(verdict, retryAfterMs) {
      const admittance = breaker.admit()
      if (admittance.allowed) breaker.record(verdict, admittance, retryAfterMs)
      return admittance.allowed
    },
  }
}

/** Opens it and waits until it is half-open. */
function halfOpen(): Stage {
  const all = stage()
  while (all.attempt('failure'));
  all.clock.advance(all.breaker.snapshot().openForMs)
  return all
}

const CONNECTION = { type: 'openai-compatible', endpoint: 'http://127.0.0.1:9' } as const
const backend = createBackend({ name: 'b', connection: CONNECTION, policyTimeouts: {}, env: {} }, null)
const PLAIN = { contextOverflow: false, incapable: false, code: null }

describe('A 16: 429 with a Retry-After', () => {
  const date = 'Wed, 25 Nov 2026 12:00:00 GMT'
  for (const [what, value, pauseMs] of [
    ['in seconds', '7', 7000],
    ['of no seconds', '0', 0],
    ['as a date', 'Wed, 25 Nov 2026 12:00:30 GMT', 30_000],
    ['as a date of the old form', 'Wednesday, 25-Nov-26 12:00:30 GMT', 30_000],
    ['as a date that has passed', 'Wed, 25 Nov 2026 11:00:00 GMT', 0],
    ['as a date of another age', 'Fri, 31 Dec 9999 23:59:59 GMT', 600_000],
    ['of a day', '86400', 600_000],
    ['of more seconds than there are', '9'.repeat(400), 600_000],
    ['of less than none', '-5', 0],
    ['that is none', 'later', 0],
    ['that is missing', undefined, 0],
  ] as const) {
    test(`A 16: ${what} keeps the target alone for ${pauseMs} ms`, () => {
      const { breaker, clock, attempt } = stage()
      const headers = value === undefined ? { date } : { date, 'retry-after': value }
      const { error } = fromStatus(backend, 429, headers, PLAIN)
      const retryAfterMs = error.retryAfterSeconds === null ? undefined : error.retryAfterSeconds * 1000
      attempt('throttled', retryAfterMs)
      if (pauseMs > 0) {
        assert.deepEqual(breaker.admit(), { allowed: false, retryAfterMs: pauseMs })
        clock.advance(pauseMs - 1)
        assert.deepEqual(breaker.admit(), { allowed: false, retryAfterMs: 1 })
        clock.advance(1)
      }
      assert.equal(breaker.snapshot().state, 'closed', 'a pause that was asked for is not an opening')
      assert.equal(attempt('success'), true)
    })
  }

  test('A 16: the longest of several pauses holds, and each ends within ten minutes', () => {
    const { breaker, clock } = stage()
    const passes = [9000, 1e15, 3000].map(() => breaker.admit())
    for (const [i, retryAfterMs] of [9000, 1e15, 3000].entries()) {
      breaker.record('throttled', passes[i] as Pass, retryAfterMs)
    }
    assert.equal(breaker.snapshot().openForMs, 600_000)
    clock.advance(600_000)
    assert.equal(breaker.snapshot().state, 'closed')
  })

  test('A 16: 429 alone never counts as a run of failures, but does in the window', () => {
    const { breaker, attempt } = stage(true)
    for (let i = 0; i < 9; i++) attempt('throttled')
    const { state, consecutiveFailures, windowSamples } = breaker.snapshot()
    assert.deepEqual([state, consecutiveFailures, windowSamples], ['closed', 0, 9])
    attempt('throttled')
    assert.equal(breaker.snapshot().state, 'open')
  })

  test('A 16: 429 to a probe keeps the target shut, for as long as it asks', () => {
    const { breaker, clock, attempt } = halfOpen()
    attempt('throttled', 45_000)
    assert.equal(breaker.snapshot().openForMs, 45_000)
    clock.advance(45_000)
    assert.equal(breaker.snapshot().state, 'half-open')
  })

  test('A 16: a Retry-After with the failure that opens it makes it longer, never shorter', () => {
    const { breaker, attempt } = stage()
    for (let i = 0; i < 4; i++) attempt('failure', 20_000)
    assert.equal(breaker.snapshot().state, 'closed')
    attempt('failure', 20_000)
    assert.equal(breaker.snapshot().openForMs, 20_000)
    const other = stage()
    for (let i = 0; i < 5; i++) other.attempt('failure', 1)
    assert.ok(other.breaker.snapshot().openForMs > 500)
  })
})

describe('A 22: a target that fails now and then', () => {
  /** One answer every 100 ms; of ten in a row the given ones are failures. Ends when it opens. */
  function serve(all: Stage, failing: readonly number[], answers: number): number {
    for (let i = 0; i < answers; i++) {
      all.attempt(failing.includes(i % 10) ? 'failure' : 'success')
      if (all.breaker.snapshot().state !== 'closed') return i + 1
      all.clock.advance(100)
    }
    return answers
  }

  test('A 22: half of the time stays in use', () => {
    const all = stage()
    assert.equal(serve(all, [1, 3, 5, 7, 9], 5000), 5000)
    assert.equal(all.breaker.snapshot().windowSuccessRate, 0.5)
  })

  test('A 22: more than half of the time is shut out at the tenth answer, and back after one probe', () => {
    const all = stage()
    assert.equal(serve(all, [1, 2, 4, 5, 7, 9], 5000), 10)
    assert.ok(all.breaker.snapshot().consecutiveFailures < 5)
    all.clock.advance(1000)
    const probe = all.breaker.admit()
    assert.equal(probe.allowed && probe.probe, true)
    assert.equal(all.breaker.admit().allowed, false)
    all.breaker.record('success', probe as Pass)
    for (let i = 0; i < 100; i++) assert.equal(all.attempt('success'), true)
  })

  test('A 22: a good past is forgotten after 30 s', () => {
    const all = stage()
    assert.equal(serve(all, [], 1000), 1000)
    const answers = serve(all, [1, 2, 4, 5, 7, 9], 5000)
    assert.ok(answers > 200 && answers < 300, `open after ${answers} answers`)
  })

  test('A 22: a few answers are no rate', () => {
    const all = stage()
    for (let i = 0; i < 100; i++) {
      all.attempt(i % 4 === 0 ? 'success' : 'failure')
      all.clock.advance(4000)
      assert.equal(all.breaker.snapshot().state, 'closed')
    }
  })
})

describe('A 23: a flapping target', () => {
  /** Answers each probe, and fails every request after it; 20 requests a second for an hour. */
  function flap(): { readonly openingsMs: number[]; readonly mostProbes: number; readonly tries: number } {
    const { breaker, clock } = stage()
    const openingsMs: number[] = []
    const probes = new Set<Pass>()
    let mostProbes = 0
    let tries = 0
    for (let i = 0; i < 20 * 3600; i++) {
      const admittance = breaker.admit()
      if (admittance.allowed) {
        tries++
        if (admittance.probe) probes.add(admittance)
        mostProbes = Math.max(mostProbes, probes.size)
        // Each answer takes three ticks.
        clock.setTimer(150, () => {
          probes.delete(admittance)
          const wasOpen = breaker.snapshot().openForMs > 0
          breaker.record(admittance.probe ? 'success' : 'failure', admittance)
          const { openForMs } = breaker.snapshot()
          if (!wasOpen && openForMs > 0) openingsMs.push(openForMs)
        })
      }
      clock.advance(50)
    }
    return { openingsMs, mostProbes, tries }
  }

  test('A 23: is left alone twice as long each time, up to a minute, with one probe at a time', () => {
    const { openingsMs, mostProbes, tries } = flap()
    for (const [i, openForMs] of openingsMs.entries()) {
      const fullMs = Math.min(60_000, 1000 * 2 ** i)
      assert.ok(openForMs > fullMs / 2 && openForMs <= fullMs, `opening ${i} is of ${openForMs} ms`)
    }
    assert.equal(mostProbes, 1)
    // Were each success of a probe a new beginning, it would open some 3000 times in the hour.
    assert.ok(openingsMs.length > 60 && openingsMs.length < 130, `${openingsMs.length} openings`)
    assert.ok(tries < 130 * 10, `${tries} of ${20 * 3600} requests were let through`)
  })

  test('A 23: that has been well for half a minute begins anew', () => {
    const { breaker, clock, attempt } = halfOpen()
    for (let i = 0; i < 5; i++) {
      attempt('failure')
      clock.advance(breaker.snapshot().openForMs)
    }
    attempt('success')
    for (let i = 0; i < 30; i++) {
      clock.advance(1000)
      attempt('success')
    }
    while (attempt('failure'));
    const { openForMs } = breaker.snapshot()
    assert.ok(openForMs > 500 && openForMs <= 1000)
  })
})

describe('A 24: a thousand requests at a half-open target', () => {
  test('A 24: exactly one passes, and all of them once it was answered', async () => {
    const { breaker } = halfOpen()
    const herd = (): Promise<boolean[]> =>
      Promise.all(
        Array.from({ length: 1000 }, async (_, i) => {
          if (i % 3 === 0) await setImmediate()
          const admittance = breaker.admit()
          if (!admittance.allowed) {
            assert.ok(admittance.retryAfterMs > 0)
            return false
          }
          await setImmediate()
          await setImmediate()
          await setImmediate()
          breaker.record('success', admittance)
          return true
        }),
      )
    assert.equal((await herd()).filter(Boolean).length, 1)
    assert.equal((await herd()).filter(Boolean).length, 1000)
  })

  test('A 24: one follows the other when each leaves without a word', () => {
    const { breaker } = halfOpen()
    for (let i = 0; i < 1000; i++) {
      const probe = breaker.admit()
      assert.ok(probe.allowed && probe.probe)
      assert.equal(breaker.admit().allowed, false)
      breaker.release(probe)
    }
    assert.equal(breaker.snapshot().state, 'half-open')
  })
})

describe('A 26: every answer a failure, 200 requests a second', () => {
  test('A 26: tries stay within 1.2 of the requests and the reserve, in each ten seconds and in all', () => {
    const clock = createManualClock()
    const budget = createRetryBudget(clock)
    const seconds = 120
    const triesOf: number[] = []
    for (let second = 0; second < seconds; second++) {
      let tries = 0
      for (let i = 0; i < 200; i++) {
        budget.deposit()
        tries++
        for (let retry = 0; retry < 2 && budget.withdraw(); retry++) tries++
        clock.advance(5)
      }
      triesOf.push(tries)
    }
    const sum = (from: number, to: number): number => triesOf.slice(from, to).reduce((a, b) => a + b, 0)
    for (let second = 0; second + 10 <= seconds; second++) {
      assert.ok(sum(second, second + 10) <= 1.2 * 200 * 10 + 10)
    }
    const all = sum(0, seconds)
    assert.ok(all <= 1.2 * 200 * seconds + seconds, `${all} tries`)
    assert.ok(all > 1.15 * 200 * seconds, `${all} tries: the budget is there to be used`)
  })
})
