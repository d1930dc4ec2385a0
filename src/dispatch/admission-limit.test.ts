import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createAdmissionLimit, type AdmissionLimit } from './admission-limit.ts'

function observe(limit: AdmissionLimit, times: number, firstTokenMs: number): void {
  for (let i = 0; i < times; i++) limit.observe(firstTokenMs, limit.slots())
}

describe('the limit', () => {
  test('stays where it starts until ten first tokens say what one takes', () => {
    const limit = createAdmissionLimit(1, 32)
    observe(limit, 10, 200)
    assert.equal(limit.slots(), 1)
  })

  test('grows while first tokens stay as fast, to its maximum', () => {
    const limit = createAdmissionLimit(1, 32)
    observe(limit, 16, 200)
    assert.equal(limit.slots(), 2)
    observe(limit, 500, 200)
    assert.equal(limit.slots(), 32)
  })

  test('does not grow while less than half of it is used', () => {
    const limit = createAdmissionLimit(8, 32)
    for (let i = 0; i < 500; i++) limit.observe(200, 3)
    assert.equal(limit.slots(), 8)
  })

  test('shrinks when first tokens take more than twice as long', () => {
    const limit = createAdmissionLimit(1, 32)
    observe(limit, 200, 200)
    observe(limit, 30, 2000)
    assert.ok(limit.slots() <= 3, `${limit.slots()}`)
  })

  test('allows no more than one waiting at a server of one slot, however long the load lasts', () => {
    const limit = createAdmissionLimit(1, 32)
    for (let i = 0; i < 20_000; i++) {
      const inFlight = limit.slots()
      limit.observe(200 + (inFlight - 1) * 5000, inFlight)
    }
    assert.equal(limit.slots(), 2)
  })

  test('finds about four slots where there are four', () => {
    const limit = createAdmissionLimit(1, 32)
    for (let i = 0; i < 20_000; i++) {
      const inFlight = limit.slots()
      limit.observe(200 + Math.max(0, inFlight - 4) * 1000, inFlight)
    }
    assert.ok(limit.slots() >= 4 && limit.slots() <= 5, `${limit.slots()}`)
  })

  test('is not carried off by a cold load at the start or later', () => {
    const limit = createAdmissionLimit(1, 32)
    limit.observe(60_000, 1)
    observe(limit, 9, 200)
    for (let i = 0; i < 3000; i++) limit.observe(i % 50 === 25 ? 60_000 : 200, 1)
    for (let i = 0; i < 200; i++) {
      const inFlight = limit.slots()
      limit.observe(200 + (inFlight - 1) * 1000, inFlight)
    }
    assert.ok(limit.slots() <= 2)
  })

  test('halves when the backend is full, never below one', () => {
    const limit = createAdmissionLimit(8, 32)
    const seen = [8]
    for (let i = 0; i < 4; i++) {
      limit.shrink()
      seen.push(limit.slots())
    }
    assert.deepEqual(seen, [8, 4, 2, 1, 1])
  })

  test('stays between one and its maximum whatever is observed', () => {
    const step = fc.option(
      fc.record({ ms: fc.double({ min: 0, max: 1e9, noNaN: true }), inFlight: fc.nat(64) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.array(step, { maxLength: 200 }), (start, steps) => {
        const limit = createAdmissionLimit(start, 16)
        for (const one of steps) {
          if (one === null) limit.shrink()
          else limit.observe(one.ms, one.inFlight)
          assert.ok(limit.slots() >= 1 && limit.slots() <= 16)
        }
      }),
    )
  })
})
