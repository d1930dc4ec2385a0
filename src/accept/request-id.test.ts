import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRequestId } from './request-id.ts'

describe('createRequestId', () => {
  test('is req_ and a ULID', () => {
    assert.match(createRequestId(Date.now()), /^req_[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    // The example of the ULID specification.
    assert.equal(createRequestId(1_469_918_176_385).slice(4, 14), '01ARYZ6S41')
  })

  test('sorts by time', () => {
    const time = fc.nat({ max: 2 ** 47 })
    fc.assert(
      fc.property(time, time, (a, b) => {
        if (a !== b) assert.equal(createRequestId(a) < createRequestId(b), a < b)
      }),
    )
  })

  test('is never the same twice, not even within a millisecond', () => {
    const ids = new Set(Array.from({ length: 100_000 }, () => createRequestId(1_750_000_000_000)))
    assert.equal(ids.size, 100_000)
  })

  test('uses every letter of its alphabet about equally', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 4_000; i++) {
      for (const letter of createRequestId(0).slice(14)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    assert.equal(counts.size, 32)
    for (const count of counts.values()) assert.ok(count > 1_700 && count < 2_300, String(count))
  })

  test('takes a time with a fraction', () => {
    assert.equal(createRequestId(1_000.75).slice(0, 14), createRequestId(1_000).slice(0, 14))
  })
})
