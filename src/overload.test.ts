import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createManualClock } from '../test/support/manual-clock.ts'
import { createOverload, OVERLOAD_LEVELS, type OverloadSample } from './overload.ts'

function stage(start: Partial<OverloadSample> = {}) {
  const clock = createManualClock()
  let now: OverloadSample = { loopDelayMs: 20, heapUsed: 0.2, ...start }
  const overload = createOverload({ clock, sample: () => now })
  return {
    clock,
    overload,
    /** Holds a load for so many samples. */
    hold: (load: Partial<OverloadSample>, samples: number): string => {
      now = { loopDelayMs: 20, heapUsed: 0.2, ...load }
      clock.advance(250 * samples)
      return overload.level
    },
  }
}

describe('overload', () => {
  test('is normal at rest', () => {
    const { overload, hold } = stage()
    assert.equal(hold({}, 10), 'normal')
    assert.ok(!overload.sheds('shadow') && !overload.sheds('batch') && !overload.sheds('interactive'))
  })

  test('A 49: a late event loop stops mirrors at once, batch when it stays late, and clients never', () => {
    const { overload, hold } = stage()
    assert.equal(hold({ loopDelayMs: 500 }, 1), 'shed-shadow')
    assert.deepEqual(overload.sample, { loopDelayMs: 500, heapUsed: 0.2 })
    assert.ok(overload.sheds('shadow') && !overload.sheds('batch'))
    assert.equal(hold({ loopDelayMs: 500 }, 7), 'shed-shadow')
    assert.equal(hold({ loopDelayMs: 500 }, 1), 'shed-batch')
    assert.equal(hold({ loopDelayMs: 9_000 }, 100), 'shed-batch')
    assert.ok(overload.sheds('batch') && !overload.sheds('interactive'))
  })

  test('A 50: a full heap stops mirrors, then batch, then all', () => {
    const { overload, hold } = stage()
    const levels = [0.85, 0.86, 0.91, 0.96].map((heapUsed) => hold({ heapUsed }, 1))
    assert.deepEqual(levels, ['normal', 'shed-shadow', 'shed-batch', 'shed-all'])
    assert.ok(overload.sheds('interactive'))
  })

  test('goes from normal to all in one sample when it must', () => {
    assert.equal(stage().hold({ heapUsed: 0.99 }, 1), 'shed-all')
  })

  test('is left one level a second', () => {
    const { hold } = stage()
    hold({ heapUsed: 0.99 }, 1)
    const levels = [3, 1, 3, 1, 4].map((samples) => hold({}, samples))
    assert.deepEqual(levels, ['shed-all', 'shed-batch', 'shed-batch', 'shed-shadow', 'normal'])
  })

  test('does not flap around a threshold', () => {
    const { hold } = stage()
    hold({ heapUsed: 0.86 }, 1)
    for (let i = 0; i < 20; i++) assert.equal(hold({ heapUsed: i % 2 === 0 ? 0.84 : 0.86 }, 1), 'shed-shadow')
    assert.equal(hold({ heapUsed: 0.8 }, 40), 'shed-shadow')
    assert.equal(hold({ heapUsed: 0.7 }, 4), 'normal')
    hold({ loopDelayMs: 300 }, 1)
    assert.equal(hold({ loopDelayMs: 190 }, 40), 'shed-shadow')
    assert.equal(hold({ loopDelayMs: 100 }, 4), 'normal')
  })

  test('never sheds less than the present sample calls for', () => {
    const load = fc.record({ loopDelayMs: fc.nat(400), heapUsed: fc.double({ min: 0, max: 1, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(load, { maxLength: 50 }), (loads) => {
        const { overload, hold } = stage()
        for (const one of loads) {
          const before = OVERLOAD_LEVELS.indexOf(overload.level)
          hold(one, 1)
          const after = OVERLOAD_LEVELS.indexOf(overload.level)
          const heap = [0.85, 0.9, 0.95].filter((threshold) => one.heapUsed > threshold).length
          assert.ok(after >= heap && (one.loopDelayMs <= 200 || after >= 1))
          assert.ok(after >= before - 1)
        }
        for (let i = 0; i < 3; i++) hold({}, 4)
        assert.equal(overload.level, 'normal')
      }),
    )
  })

  test('stops looking when it is closed', () => {
    const { clock, overload } = stage()
    overload.close()
    assert.equal(clock.pending(), 0)
  })
})
