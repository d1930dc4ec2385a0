/** The same seed is the same bad day, and what is written on a command line is what was meant. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FAULTS, fillIn, parseFault, writtenFault, type Fault, type FaultKind } from './fault.ts'
import { scheduleOf } from './schedule.ts'
import { seeded } from './seeded.ts'

const KINDS = Object.keys(FAULTS) as FaultKind[]

/** A fault with some of its fields given. */
const anyFault: fc.Arbitrary<Fault> = fc.constantFrom(...KINDS).chain((kind) => {
  const fields = Object.entries({ percent: 100, ...FAULTS[kind].fields }).map(([name, value]) => {
    const like = value as unknown
    const arbitrary =
      typeof like === 'string'
        ? fc.constantFrom('crlf', 'mixed', '7')
        : Array.isArray(like)
          ? fc.array(fc.integer({ min: 400, max: 599 }), { minLength: 1, maxLength: 3 })
          : fc.nat({ max: 100 })
    return [name, arbitrary] as const
  })
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] }).map((given) => ({ kind, ...given }))
})
const faults = fc.array(anyFault, { maxLength: 5 })

describe('the schedule of faults', () => {
  test('is the same for the same seed, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 10_000 }), faults, (seed, request, faults) => {
        const first = scheduleOf(seed, request, faults)
        for (let other = 0; other < 3; other++) scheduleOf(seed, other, faults)
        assert.deepEqual(scheduleOf(seed, request, faults), first)
      }),
    )
  })

  test('of one fault does not change when another is added behind it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat({ max: 100 }), faults, anyFault, (seed, request, faults, more) => {
        const { faults: alone } = scheduleOf(seed, request, faults)
        const { faults: both } = scheduleOf(seed, request, [...faults, more])
        assert.deepEqual(both.slice(0, alone.length), alone)
      }),
    )
  })

  test('strikes the share of requests that was asked for, and other ones for another seed', () => {
    const struck = (seed: number): readonly number[] =>
      Array.from({ length: 2_000 }, (_, request) => request).filter(
        (request) => scheduleOf(seed, request, [{ kind: 'status', percent: 30 }]).status !== null,
      )
    assert.ok(Math.abs(struck(1).length / 2_000 - 0.3) < 0.04, String(struck(1).length))
    assert.notDeepEqual(struck(1), struck(2))
    assert.deepEqual(scheduleOf(1, 1, [{ kind: 'reset', percent: 0 }]).faults, [])
  })

  test('keeps a delay within its jitter and a status within its list', () => {
    const seen = new Set<number>()
    for (let request = 0; request < 200; request++) {
      const { delayMs, status } = scheduleOf(5, request, [
        { kind: 'latency', ms: 100, jitterMs: 50 },
        { kind: 'status', statuses: [500, 529] },
      ])
      assert.ok(delayMs >= 100 && delayMs <= 150)
      seen.add(status?.code ?? 0)
    }
    assert.deepEqual(seen, new Set([500, 529]))
  })

  test('draws from numbers between 0 and 1 that fill that room', () => {
    const draw = seeded(7, 7)
    const drawn = Array.from({ length: 1_000 }, draw)
    assert.ok(drawn.every((value) => value >= 0 && value < 1))
    assert.ok(Math.min(...drawn) < 0.01 && Math.max(...drawn) > 0.99)
  })
})

describe('a fault on a command line', () => {
  test('is read as it is written', () => {
    fc.assert(
      fc.property(anyFault, (fault) => {
        assert.deepEqual(fillIn(parseFault(writtenFault(fault))), fillIn(fault))
      }),
    )
  })

  test('of its name alone has its defaults', () => {
    for (const kind of KINDS) assert.deepEqual(parseFault(kind), { kind })
    assert.deepEqual(parseFault('status:statuses=500+503,percent=20'), {
      kind: 'status',
      statuses: [500, 503],
      percent: 20,
    })
    assert.deepEqual(parseFault('flood:bytes=Infinity'), { kind: 'flood', bytes: Infinity })
  })

  test('that is misspelt is refused with what there is', () => {
    assert.throws(() => parseFault('resets'), /no fault is called "resets"; there are latency,/)
    assert.throws(() => parseFault('toString'), /no fault is called/)
    assert.throws(() => parseFault('reset:after=2'), /"reset" has no "after"; it has percent, afterBytes/)
    for (const wrong of ['latency:ms=soon', 'latency:ms=', 'latency:ms', 'latency:ms=-1']) {
      assert.throws(() => parseFault(wrong), /latency:ms: not a number/)
    }
  })
})
