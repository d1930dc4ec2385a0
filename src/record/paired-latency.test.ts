import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPairSource, type PairModel } from '../../test/support/shadow-pairs.ts'
import { compareLatency, LATENCY_PAIRS } from './paired-latency.ts'

const CONFIDENCE = 0.95

/** Share of simulated candidates whose p50 and p95 bounds come out at or below `limit`. */
function passRates(model: PairModel, limit: number, runs: number): readonly number[] {
  const pairs = createPairSource(7)
  const passed = [0, 0]
  for (let run = 0; run < runs; run += 1) {
    const sample = pairs(model).map((pair) => ({
      primaryMs: pair.primaryTotalMs,
      candidateMs: pair.candidateTotalMs,
    }))
    for (const [which, result] of compareLatency(sample, [0.5, 0.95], CONFIDENCE).entries()) {
      if (result.upperBound <= limit) passed[which] = (passed[which] ?? 0) + 1
    }
  }
  return passed.map((count) => count / runs)
}

describe('paired latency bound', () => {
  for (const model of [
    { count: 50, ratio: 1.1, sigma: 0.3, correlation: 0 },
    { count: 100, ratio: 1.1, sigma: 0.8, correlation: 0.5 },
    { count: 300, ratio: 1.1, sigma: 0.5, correlation: 0.9 },
  ]) {
    test(`lets ${JSON.stringify(model)}, just at the margin, through about one time in twenty at most`, () => {
      for (const rate of passRates(model, 1.1, 300)) assert.ok(rate <= 0.075, String(rate))
    })
  }

  test('sees that a candidate is faster', () => {
    for (const rate of passRates({ count: 200, ratio: 0.6 }, 1.1, 50)) assert.ok(rate >= 0.95, String(rate))
  })

  test('gains from pairing: what both sides of a pair share cancels out', () => {
    const [paired] = passRates({ count: 200, ratio: 1, sigma: 1, correlation: 0.99 }, 1.1, 50)
    const [unpaired] = passRates({ count: 200, ratio: 1, sigma: 1, correlation: 0 }, 1.1, 50)
    assert.ok((paired ?? 0) > (unpaired ?? 1) + 0.3, `${paired} against ${unpaired}`)
  })

  test('gives the same report for the same pairs, with exact percentiles', () => {
    const pairs = Array.from({ length: 100 }, (_, index) => ({
      primaryMs: index + 1,
      candidateMs: 2 * (index + 1),
    }))
    const [p50, p95] = compareLatency(pairs, [0.5, 0.95], CONFIDENCE)
    assert.deepEqual([p50?.primaryMs, p50?.candidateMs, p95?.primaryMs], [50, 100, 95])
    assert.deepEqual([p50?.ratio, p50?.upperBound], [2, 2], 'every pair says the same')
    assert.deepEqual(compareLatency(pairs, [0.5, 0.95], CONFIDENCE), [p50, p95])
  })

  test('survives instant answers and one single pair', () => {
    const [p50] = compareLatency([{ primaryMs: 0, candidateMs: 0 }], [0.5], CONFIDENCE)
    assert.deepEqual([p50?.ratio, p50?.upperBound], [1, 1])
  })

  test('looks at the newest two thousand and takes some tens of milliseconds', () => {
    const slow = Array.from({ length: LATENCY_PAIRS }, (_, nth) => ({
      primaryMs: 10,
      candidateMs: 20 + (nth % 7),
    }))
    const old = Array.from({ length: 8000 }, () => ({ primaryMs: 10, candidateMs: 1 }))
    const startedMs = performance.now()
    const [p50] = compareLatency([...slow, ...old], [0.5, 0.95], CONFIDENCE)
    assert.ok(performance.now() - startedMs < 500, 'ten times the expected, for a busy machine')
    assert.ok((p50?.ratio ?? 0) >= 2)
  })
})
