import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { normalQuantile } from './normal-quantile.ts'
import { pairsNeeded, testPairedSuccess } from './paired-success.ts'

const MARGIN = 0.02
const CONFIDENCE = 0.95

describe('normal quantile', () => {
  for (const [share, expected] of [
    [0.5, 0],
    [0.8, 0.841621234],
    [0.95, 1.644853627],
    [0.975, 1.959963985],
    [0.999, 3.090232306],
    [0.01, -2.326347874],
  ] as const) {
    test(`is ${expected} at ${share}`, () => assert.ok(Math.abs(normalQuantile(share) - expected) < 1e-7))
  }
})

/** Chance that the test passes, summed over every possible outcome, when the true rates are these. */
function chanceToPass(pairs: number, onlyPrimary: number, onlyCandidate: number): number {
  const logFactorial = [0]
  for (let n = 1; n <= pairs; n += 1) logFactorial.push((logFactorial[n - 1] ?? 0) + Math.log(n))
  const log = (n: number): number => logFactorial[n] ?? 0
  const likely = (share: number): number => Math.ceil(pairs * share + 8 * Math.sqrt(pairs * share) + 10)
  const term = (count: number, share: number): number => (count === 0 ? 0 : count * Math.log(share))
  let sum = 0
  for (let lost = 0; lost <= Math.min(pairs, likely(onlyPrimary)); lost += 1) {
    for (
      let won = 0;
      won <= Math.min(pairs - lost, onlyCandidate === 0 ? 0 : likely(onlyCandidate));
      won += 1
    ) {
      if (!testPairedSuccess({ pairs, onlyPrimary: lost, onlyCandidate: won }, MARGIN, CONFIDENCE).passed)
        continue
      const same = pairs - lost - won
      const ways = log(pairs) - log(lost) - log(won) - log(same)
      sum += Math.exp(
        ways +
          term(lost, onlyPrimary) +
          term(won, onlyCandidate) +
          term(same, 1 - onlyPrimary - onlyCandidate),
      )
    }
  }
  return sum
}

describe('paired success test', () => {
  test('lets a candidate exactly at the margin through at most one time in twenty: all outcomes enumerated', () => {
    for (const pairs of [50, 133, 180, 300, 600]) {
      for (const onlyCandidate of [0, 0.005, 0.02, 0.1]) {
        const chance = chanceToPass(pairs, onlyCandidate + MARGIN, onlyCandidate)
        assert.ok(chance <= 0.05, `${pairs} pairs, ${onlyCandidate}: ${chance}`)
      }
    }
  })

  test('lets a candidate that is as good through once there is enough to tell', () => {
    assert.ok(chanceToPass(600, 0.005, 0.005) > 0.8)
    assert.ok(chanceToPass(300, 0.001, 0.01) > 0.9)
  })

  test('knows how many clean pairs it takes', () => {
    const needed = pairsNeeded(MARGIN, CONFIDENCE) ?? 0
    const clean = (pairs: number) =>
      testPairedSuccess({ pairs, onlyPrimary: 0, onlyCandidate: 0 }, MARGIN, CONFIDENCE).passed
    assert.equal(needed, 180)
    assert.deepEqual([clean(needed - 1), clean(needed)], [false, true])
    assert.equal(pairsNeeded(0, CONFIDENCE), null)
  })

  test("agrees with Tango's published example but for the half pair", () => {
    // Soft contact lenses (Miyanaga): 43 both, 0 only the new, 1 only the old, 0 neither; 95 % interval -0.1198 to 0.0713
    // hence a one-sided 97.5 % bound of about -0.12, a little lower here.
    const { lowerBound, difference } = testPairedSuccess(
      { pairs: 44, onlyPrimary: 1, onlyCandidate: 0 },
      0.1,
      0.975,
    )
    assert.ok(Math.abs(difference + 1 / 44) < 1e-9)
    assert.ok(lowerBound < -0.118 && lowerBound > -0.15, String(lowerBound))
  })

  test('passes exactly when its bound is within the margin, and more losses never help', () => {
    const counts = fc
      .record({
        pairs: fc.integer({ min: 10, max: 3000 }),
        lost: fc.double({ min: 0, max: 0.5, noNaN: true }),
        won: fc.double({ min: 0, max: 0.5, noNaN: true }),
      })
      .map(({ pairs, lost, won }) => ({
        pairs,
        onlyPrimary: Math.floor(pairs * lost),
        onlyCandidate: Math.floor(pairs * won),
      }))
    fc.assert(
      fc.property(counts, fc.double({ min: 0.001, max: 0.3, noNaN: true }), (observed, margin) => {
        const result = testPairedSuccess(observed, margin, CONFIDENCE)
        assert.ok(result.lowerBound <= result.difference + 1e-9)
        if (Math.abs(result.lowerBound + margin) > 1e-6)
          assert.equal(result.passed, result.lowerBound > -margin)
        const worse = { ...observed, onlyPrimary: observed.onlyPrimary + 1 }
        if (worse.onlyPrimary + worse.onlyCandidate > worse.pairs) return
        if (testPairedSuccess(worse, margin, CONFIDENCE).passed) assert.ok(result.passed)
      }),
      { numRuns: 300, seed: 42 },
    )
  })
})
