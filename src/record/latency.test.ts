import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { attemptRecord, requestRecord } from '../../test/support/records.ts'
import { createLatencyBook } from './latency.ts'
import { createRing, MAX_AGE_MS } from './latency-ring.ts'
import { DEFAULT_RECORDS } from './settings.ts'
import { openSqliteStore } from './sqlite-store.ts'

const TARGET = { backend: 'local', model: 'llama4:16x17b', provenLocal: true }

function setUp() {
  const clock = createManualClock()
  const book = createLatencyBook(clock)
  const sample = (totalMs: number, part: { stream?: boolean; firstTokenMs?: number } = {}) =>
    book.observe({
      backend: TARGET.backend,
      model: TARGET.model,
      stream: false,
      firstTokenMs: null,
      endedAtEpochMs: clock.epochMs(),
      ...part,
      totalMs,
    })
  return { clock, book, sample }
}

describe('latency book', () => {
  test('says nothing below five samples', () => {
    const { book, sample } = setUp()
    for (const ms of [10, 20, 30, 40]) sample(ms)
    assert.equal(book.medianLatencyMs(TARGET, false), null)
    sample(50)
    assert.equal(book.medianLatencyMs(TARGET, false), 30)
    assert.equal(book.medianLatencyMs({ ...TARGET, model: 'other' }, false), null)
    assert.equal(book.medianLatencyMs({ ...TARGET, backend: 'constructor' }, false), null)
  })

  test('keeps buffered answers, streamed answers and first tokens apart', () => {
    const { book, sample } = setUp()
    for (let nth = 0; nth < 5; nth += 1) {
      sample(100)
      sample(900, { stream: true, firstTokenMs: 40 })
    }
    assert.equal(book.medianLatencyMs(TARGET, false), 100)
    assert.equal(book.medianLatencyMs(TARGET, true), 900)
    assert.equal(book.medianFirstTokenMs(TARGET), 40)
  })

  test('forgets an old slow spell, so that a backend gets another chance', () => {
    const { clock, book, sample } = setUp()
    for (let nth = 0; nth < 10; nth += 1) sample(9000)
    clock.advance(MAX_AGE_MS - 1)
    assert.equal(book.medianLatencyMs(TARGET, false), 9000)
    clock.advance(1)
    assert.equal(book.medianLatencyMs(TARGET, false), null)
  })

  test('follows the last sixty-four', () => {
    const { book, sample } = setUp()
    for (let nth = 0; nth < 64; nth += 1) sample(5000)
    for (let nth = 0; nth < 33; nth += 1) sample(10)
    assert.equal(book.medianLatencyMs(TARGET, false), 10)
  })

  test('learns from the successful attempts of a request, not from the failed', () => {
    const { clock, book } = setUp()
    const startedAtEpochMs = clock.epochMs()
    const failed = attemptRecord({ result: 'failure', totalMs: 1, startedAtEpochMs })
    const answered = attemptRecord({ backend: 'sarmalink', model: 'smart', totalMs: 70, startedAtEpochMs })
    for (let nth = 0; nth < 5; nth += 1) book.observeRequest(requestRecord({ attempts: [failed, answered] }))
    assert.equal(book.medianLatencyMs(TARGET, false), null)
    assert.equal(
      book.medianLatencyMs({ backend: 'sarmalink', model: 'smart', provenLocal: false }, false),
      70,
    )
  })

  test('starts with what the store remembers of the last minutes', async () => {
    const { clock, book } = setUp()
    const store = openSqliteStore(':memory:', DEFAULT_RECORDS)
    const at = (agoMs: number, totalMs: number) => {
      const receivedAtEpochMs = clock.epochMs() - agoMs
      return requestRecord({
        receivedAtEpochMs,
        attempts: [attemptRecord({ startedAtEpochMs: receivedAtEpochMs, totalMs })],
      })
    }
    await store.append({
      requests: [at(MAX_AGE_MS + 5000, 1), ...[1, 2, 3, 4, 5].map((n) => at(60_000, n * 100))],
      shadows: [],
    })
    await book.warmStart(store)
    await store.close()
    assert.equal(book.medianLatencyMs(TARGET, false), 300)
    clock.advance(MAX_AGE_MS - 50_000)
    assert.equal(book.medianLatencyMs(TARGET, false), null, 'age counts from when it was measured')
  })

  test('agrees with sorting the fresh samples, whatever came when', () => {
    const event = fc.record({
      value: fc.integer({ min: 0, max: 1000 }),
      afterMs: fc.integer({ min: 0, max: 60_000 }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const ring = createRing()
        const seen: { value: number; at: number }[] = []
        let now = 0
        for (const { value, afterMs } of events) {
          now += afterMs
          ring.add(value, now)
          seen.push({ value, at: now })
          const fresh = seen.slice(-64).filter(({ at }) => at > now - MAX_AGE_MS)
          const sorted = fresh.map(({ value }) => value).sort((a, b) => a - b)
          const expected = sorted.length < 5 ? null : sorted[Math.ceil(sorted.length / 2) - 1]
          assert.equal(ring.median(now), expected)
        }
      }),
      { numRuns: 100, seed: 42 },
    )
  })
})
