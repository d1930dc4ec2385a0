import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BreakerModel, type Ticket } from '../../test/support/breaker-model.ts'
import { createManualClock, type ManualClock } from '../../test/support/manual-clock.ts'
import { breakerLimits } from './breaker-settings.ts'
import { createBreaker, type Pass, type Breaker } from './breaker.ts'

describe('P19: a random sequence of events', () => {
  const LIMITS = breakerLimits(
    { consecutiveFailures: 3, minSamples: 4, windowMs: 1000, openMs: 100, maxOpenMs: 800 },
    false,
  )

  /** A try in flight, as each of the two knows it. */
  interface InFlight {
    readonly ticket: Ticket
    readonly pass: Pass
  }
  interface Both {
    readonly model: BreakerModel
    readonly breaker: Breaker
    readonly clock: ManualClock
    readonly inFlight: InFlight[]
  }
  type Command = fc.Command<object, Both>
  /** What was reached, so that the property cannot hold for want of events. */
  const reached = new Map<string, number>()

  function command(text: string, run: (both: Both) => void): Command {
    return {
      check: () => true,
      toString: () => text,
      run(_, both) {
        run(both)
        const seen = both.breaker.snapshot()
        assert.deepEqual(seen, both.model.snapshot())
        reached.set(seen.state, (reached.get(seen.state) ?? 0) + 1)
      },
    }
  }

  const admit = fc.constant(
    command('admit', ({ model, breaker, inFlight }) => {
      const ticket = model.admit()
      const admittance = breaker.admit()
      if (typeof ticket === 'number') {
        assert.deepEqual(admittance, { allowed: false, retryAfterMs: ticket })
        return
      }
      assert.ok(admittance.allowed)
      assert.equal(admittance.probe, ticket.probe)
      inFlight.push({ ticket, pass: admittance })
    }),
  )
  const advance = fc
    .oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 150 }) },
      { weight: 2, arbitrary: fc.constantFrom(100, 400, 1000, 1100) },
      { weight: 1, arbitrary: fc.constant(600_000) },
    )
    .map((ms) =>
      command(`advance ${ms}`, ({ model, clock }) => {
        model.nowMs += ms
        clock.advance(ms)
      }),
    )
  const verdict = fc.oneof(
    { weight: 4, arbitrary: fc.constant('failure' as const) },
    { weight: 3, arbitrary: fc.constant('success' as const) },
    { weight: 1, arbitrary: fc.constantFrom('throttled', 'ignored', 'released') },
  )
  const retryAfter = fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-5, 50, 700, 1e12) },
  )
  // Now and then a caller says twice what became of a try.
  const twice = fc.nat(9).map((n) => n === 0)
  const settle = fc.tuple(fc.nat(), verdict, retryAfter, twice).map(([at, said, retryAfterMs, isKept]) =>
    command(`${said} of ${at}, ${retryAfterMs}`, ({ model, breaker, inFlight }) => {
      const index = at % Math.max(1, inFlight.length)
      const one = inFlight[index]
      if (one === undefined) return
      if (!isKept) inFlight.splice(index, 1)
      const wasProbe = one.ticket.probe && one.ticket.life === model.life
      model.settle(one.ticket, said, retryAfterMs)
      if (said === 'released') breaker.release(one.pass)
      else breaker.record(said, one.pass, retryAfterMs)
      const what = `${wasProbe ? 'probe' : one.ticket.life === model.life ? 'try' : 'other'} ${said}`
      reached.set(what, (reached.get(what) ?? 0) + 1)
    }),
  )

  test('leaves the breaker as it leaves the reference model', () => {
    fc.assert(
      fc.property(
        fc.commands([admit, admit, settle, settle, advance], { maxCommands: 300, size: '+2' }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 }),
        (commands, draws) => {
          const drawing = (): (() => number) => {
            let drawn = 0
            return () => draws[drawn++ % draws.length] ?? 0
          }
          const clock = createManualClock()
          const both: Both = {
            clock,
            model: new BreakerModel(LIMITS, drawing()),
            breaker: createBreaker({ clock, random: drawing(), settings: LIMITS }),
            inFlight: [],
          }
          fc.modelRun(() => ({ model: {}, real: both }), commands)
        },
      ),
      { numRuns: 300 },
    )
    const events = ['probe success', 'probe failure', 'probe throttled', 'probe ignored', 'probe released']
    for (const what of ['closed', 'open', 'half-open', ...events, 'try success', 'other failure']) {
      assert.ok((reached.get(what) ?? 0) >= 10, `${what} was reached ${reached.get(what) ?? 0} times`)
    }
  })
})
