import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { createPairSource, type PairModel, shadowPair } from '../../test/support/shadow-pairs.ts'
import { DEFAULT_VERDICT, type VerdictSettings } from './settings.ts'
import type { ShadowPair } from './store.ts'
import { judge, type Side, type Verdict } from './verdict.ts'

const PRICE = { input: 1, output: 3 }
const PRIMARY: Side = { backend: 'frontier', price: PRICE, provenLocal: false }
const CANDIDATE: Side = { backend: 'sarmalink', price: { input: 0.5, output: 1 }, provenLocal: false }
const SIDES = { primary: PRIMARY, candidate: CANDIDATE }

const verdictOf = (pairs: readonly ShadowPair[], settings: VerdictSettings = DEFAULT_VERDICT): Verdict =>
  judge(pairs, SIDES, settings).verdict

function rateOf(verdict: Verdict, model: PairModel, runs = 120): number {
  const pairs = createPairSource(11)
  let hits = 0
  for (let run = 0; run < runs; run += 1) if (verdictOf(pairs(model)) === verdict) hits += 1
  return hits / runs
}

describe('verdict: how often it is wrong', () => {
  test('promotes a candidate that fails two points more at most one time in twenty', () => {
    const rate = rateOf('promote', {
      count: 300,
      ratio: 0.5,
      onlyCandidateFails: 0.025,
      onlyPrimaryFails: 0.005,
    })
    assert.ok(rate <= 0.05, String(rate))
  })

  test('promotes a candidate that is ten per cent slower at most one time in twenty', () => {
    const rate = rateOf('promote', { count: 300, ratio: 1.1 })
    assert.ok(rate <= 0.05, String(rate))
  })

  test('promotes one that is clearly better', () => {
    const rate = rateOf('promote', { count: 400, ratio: 0.6, onlyPrimaryFails: 0.02 }, 50)
    assert.ok(rate >= 0.95, String(rate))
  })

  test('holds one that is clearly worse', () => {
    assert.equal(rateOf('hold', { count: 300, ratio: 1.5 }, 50), 1)
    assert.ok(rateOf('hold', { count: 200, ratio: 0.5, onlyCandidateFails: 0.1 }, 50) >= 0.98)
  })
})

describe('verdict: too little to tell', () => {
  const clean = (count: number) => createPairSource(3)({ count, ratio: 0.5 })

  test('says so below the minimum, with what is missing', () => {
    const { verdict, reasons, tests } = judge(clean(49), SIDES, DEFAULT_VERDICT)
    assert.equal(verdict, 'insufficient-data')
    assert.deepEqual(reasons, ['49 pairs so far; at least 50 are needed.'])
    assert.deepEqual(tests, [])
  })

  test('says so while even clean pairs could not show the margin', () => {
    const { verdict, reasons } = judge(clean(60), SIDES, DEFAULT_VERDICT)
    assert.equal(verdict, 'insufficient-data')
    assert.match(reasons[0] ?? '', /^60 pairs so far; .* takes 180, even if none of them fails\.$/)
    assert.equal(verdictOf(clean(180)), 'promote')
    assert.equal(verdictOf(clean(60), { ...DEFAULT_VERDICT, successMargin: 0.1 }), 'promote')
  })

  test('holds at once when what there is speaks against the candidate', () => {
    assert.equal(verdictOf(createPairSource(3)({ count: 60, ratio: 3 })), 'hold')
    assert.equal(
      verdictOf(Array.from({ length: 60 }, () => shadowPair({ candidateSucceeded: false }))),
      'hold',
    )
  })

  test('compares no times when both sides rarely succeed together', () => {
    const pairs = Array.from({ length: 300 }, (_, nth) =>
      shadowPair(nth < 20 ? {} : { primarySucceeded: false, candidateSucceeded: false }),
    )
    const { verdict, reasons } = judge(pairs, SIDES, DEFAULT_VERDICT)
    assert.equal(verdict, 'insufficient-data')
    assert.match(reasons.join(' '), /Both sides succeeded in 20 pairs/)
  })
})

describe('verdict: cost', () => {
  const pairs = createPairSource(5)({ count: 300, ratio: 0.5 })
  const judged = (part: Partial<typeof SIDES>, settings = DEFAULT_VERDICT, sample = pairs) =>
    judge(sample, { ...SIDES, ...part }, settings)

  test('holds a candidate that costs more', () => {
    const dear: Side = { ...CANDIDATE, price: { input: 1, output: 3.1 } }
    const { verdict, reasons } = judged({ candidate: dear })
    assert.equal(verdict, 'hold')
    assert.match(reasons.join(' '), /Cost: \$0\.002550 a request, primary \$0\.002500, over 300 pairs\./)
    assert.equal(
      judged({ candidate: dear }, { ...DEFAULT_VERDICT, costMustNotRise: false }).verdict,
      'promote',
    )
    assert.equal(
      judged({ candidate: { ...CANDIDATE, price: PRICE } }).verdict,
      'promote',
      'the same is no rise',
    )
  })

  test('holds one whose cost is unknown, naming who does not say', () => {
    const { verdict, reasons } = judged({ candidate: { ...CANDIDATE, price: null } })
    assert.equal(verdict, 'hold')
    assert.ok(reasons.includes('Cost: unknown, because sarmalink declares no costPerMillionTokens.'))
  })

  test('takes a local backend without a price for free, and says so', () => {
    const local: Side = { backend: 'local', price: null, provenLocal: true }
    const promoted = judged({ candidate: local })
    assert.equal(promoted.verdict, 'promote')
    assert.match(promoted.notes.join(' '), /local runs locally .* marginal cost is taken as 0/)
    assert.equal(judged({ primary: local }).verdict, 'hold', 'anything costs more than nothing')
  })

  test('never counts missing usage as zero', () => {
    const silent = pairs.map((pair) => ({ ...pair, candidateInputTokens: null, candidateOutputTokens: null }))
    const { verdict, reasons, figures } = judged({}, DEFAULT_VERDICT, silent)
    assert.equal(verdict, 'hold')
    assert.equal(figures.cost.candidateMeanUsd, null)
    assert.match(reasons.join(' '), /both sides reported their usage in 0 pairs/)
  })
})

describe('verdict: what holds always', () => {
  test('never promotes a candidate that is worse in every pair', () => {
    const worse = fc.record({
      count: fc.integer({ min: 10, max: 400 }),
      margin: fc.double({ min: 0, max: 0.5, noNaN: true }),
    })
    fc.assert(
      fc.property(worse, ({ count, margin }) => {
        const pairs = Array.from({ length: count }, () =>
          shadowPair({ candidateSucceeded: false, candidateTotalMs: 1 }),
        )
        const settings = { ...DEFAULT_VERDICT, minimumPairs: 10, successMargin: margin }
        assert.notEqual(verdictOf(pairs, settings), 'promote')
        const slower = Array.from({ length: count }, () => shadowPair({ candidateTotalMs: 1700 }))
        assert.notEqual(verdictOf(slower, settings), 'promote')
      }),
      { numRuns: 40, seed: 42 },
    )
  })

  test('promotes only what passed every test, and always gives a reason', () => {
    const pair = fc.record({
      primarySucceeded: fc.boolean(),
      candidateSucceeded: fc.boolean(),
      primaryTotalMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
      candidateTotalMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
      stream: fc.boolean(),
    })
    const settings = { ...DEFAULT_VERDICT, minimumPairs: 10, successMargin: 0.3, confidence: 0.6 }
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 60 }), (drawn) => {
        const judgement = judge(drawn.map(shadowPair), SIDES, settings)
        assert.ok(judgement.reasons.length > 0)
        if (judgement.verdict === 'promote') assert.ok(judgement.tests.every((test) => test.passed))
        if (drawn.length < 10) assert.equal(judgement.verdict, 'insufficient-data')
      }),
      { numRuns: 150, seed: 42 },
    )
  })

  test('tells how much of it was streamed', () => {
    const { notes } = judge([shadowPair({ stream: true }), shadowPair()], SIDES, DEFAULT_VERDICT)
    assert.match(notes[0] ?? '', /^50 % of the pairs were streamed/)
  })
})
