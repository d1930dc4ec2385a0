import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
import * as fc from 'fast-check'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { requestRecord, shadowRecord } from '../../test/support/records.ts'
import { createRecorder, QUEUE_RECORDS, type Recorder } from './recorder.ts'
import { DEFAULT_RECORDS } from './settings.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { RecordBatch, Store } from './store.ts'

const TICK_MS = DEFAULT_RECORDS.flushIntervalMs

/** A recorder over a real store in memory, whose appends can be made to fail. */
function setUp() {
  const clock = createManualClock()
  const state = { failing: false, appends: [] as number[], dropped: 0, prunes: 0, moreToPrune: false }
  const lines: string[] = []
  const sqlite = openSqliteStore(':memory:', DEFAULT_RECORDS)
  const store: Store = {
    ...sqlite,
    append: async (batch: RecordBatch) => {
      if (state.failing) throw new Error('disk full')
      state.appends.push(batch.requests.length + batch.shadows.length)
      await sqlite.append(batch)
    },
    prune: async () => {
      state.prunes += 1
      return state.moreToPrune
    },
  }
  const seen: string[] = []
  const recorder = createRecorder({
    store,
    clock,
    settings: DEFAULT_RECORDS,
    log: { info: (_, message) => lines.push(message), warn: (_, message) => lines.push(message) },
    observers: [
      { observeRequest: (record) => seen.push(record.requestId), observeShadow: () => seen.push('shadow') },
    ],
    onDropped: (records) => (state.dropped += records),
  })
  const stored = async (): Promise<number> => (await sqlite.summarise(0)).totals.requests
  return { clock, state, lines, seen, store, recorder, stored }
}

function recordMany(recorder: Recorder, count: number): void {
  for (let index = 0; index < count; index += 1) recorder.record(requestRecord())
}

describe('recorder', () => {
  test('writes what came in one transaction at the next tick', async () => {
    const { clock, state, recorder, stored } = setUp()
    recordMany(recorder, 5)
    recorder.recordShadow(shadowRecord())
    clock.advance(TICK_MS - 1)
    await settled()
    assert.deepEqual(state.appends, [])
    clock.advance(1)
    await settled()
    assert.deepEqual(state.appends, [6])
    assert.equal(await stored(), 5)
  })

  test('does not wait for the tick once a batch is full, and tells observers at once', async () => {
    const { clock, state, recorder, seen } = setUp()
    recordMany(recorder, 200)
    assert.equal(seen.length, 200)
    clock.advance(0)
    await settled()
    assert.deepEqual(state.appends, [128])
    clock.advance(0)
    await settled()
    assert.deepEqual(state.appends, [128, 72])
  })

  test('flushes everything on demand, and only what was there', async () => {
    const { recorder, state, stored } = setUp()
    recordMany(recorder, 300)
    await recorder.flush()
    assert.deepEqual(state.appends, [128, 128, 44])
    assert.equal(await stored(), 300)
    await recorder.flush()
    assert.equal(state.appends.length, 3)
  })

  test('keeps records over a fault, says so once, and catches up', async () => {
    const { clock, state, lines, recorder, stored } = setUp()
    state.failing = true
    for (let tick = 0; tick < 10; tick += 1) {
      recordMany(recorder, 100)
      clock.advance(TICK_MS)
      await settled()
    }
    assert.deepEqual(lines, ['request records cannot be stored'])
    state.failing = false
    for (let tick = 0; tick < 10; tick += 1) {
      clock.advance(TICK_MS)
      await settled()
    }
    assert.equal(await stored(), 1000)
    assert.deepEqual(lines.slice(1), ['request records are stored again'])
    assert.equal(state.dropped, 0)
  })

  test('drops and counts what does not fit, and never throws', async () => {
    const { state, recorder } = setUp()
    state.failing = true
    recordMany(recorder, QUEUE_RECORDS + 7)
    await recorder.flush()
    assert.equal(state.dropped, 7)
    assert.equal(recorder.dropped(), 7)
    await recorder.close()
    assert.equal(
      recorder.dropped(),
      QUEUE_RECORDS + 7,
      'what a failing store never took is lost, and counted',
    )
  })

  test('survives an observer that throws', async () => {
    const { clock, store } = setUp()
    const broken = () => {
      throw new Error('observer')
    }
    const recorder = createRecorder({
      store,
      clock,
      settings: DEFAULT_RECORDS,
      log: { info: () => {}, warn: () => {} },
      observers: [{ observeRequest: broken, observeShadow: broken }],
      onDropped: () => {},
    })
    recorder.record(requestRecord())
    await recorder.flush()
    assert.equal((await store.summarise(0)).totals.requests, 1)
  })

  test('stores what is left when it closes, then takes no more and leaves no timer', async () => {
    const { clock, state, recorder } = setUp()
    recordMany(recorder, 3)
    await recorder.close()
    await recorder.close()
    assert.deepEqual(state.appends, [3])
    assert.equal(clock.pending(), 0)
    recorder.record(requestRecord())
    assert.equal(recorder.dropped(), 1)
  })

  test('prunes every minute, and again soon while there is more', async () => {
    const { clock, state } = setUp()
    clock.advance(60_000)
    await settled()
    assert.equal(state.prunes, 1)
    state.moreToPrune = true
    clock.advance(60_000)
    await settled()
    clock.advance(100)
    await settled()
    assert.equal(state.prunes, 3)
  })

  test('loses nothing uncounted, whatever the order of records, faults and time', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('record' as const), count: fc.integer({ min: 1, max: 4000 }) }),
      fc.record({ kind: fc.constant('advance' as const), count: fc.integer({ min: 0, max: 500 }) }),
      fc.record({ kind: fc.constant('fail' as const), count: fc.integer({ min: 0, max: 1 }) }),
      fc.record({ kind: fc.constant('flush' as const), count: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { clock, state, recorder, stored } = setUp()
        let recorded = 0
        for (const { kind, count } of steps) {
          if (kind === 'record') {
            recordMany(recorder, count)
            recorded += count
          } else if (kind === 'advance') clock.advance(count)
          else if (kind === 'fail') state.failing = count === 1
          else await recorder.flush()
        }
        state.failing = false
        await recorder.flush()
        assert.equal((await stored()) + recorder.dropped(), recorded)
        assert.equal(state.dropped, recorder.dropped())
        await recorder.close()
      }),
      { numRuns: 25, seed: 42 },
    )
  })
})
