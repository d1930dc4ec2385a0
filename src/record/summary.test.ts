import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { EPOCH_MS, requestRecord } from '../../test/support/records.ts'
import { RouterError } from '../errors.ts'
import { createRecorder } from './recorder.ts'
import { DEFAULT_RECORDS } from './settings.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { createSummariser, parseHours } from './summary.ts'

function setUp() {
  const clock = createManualClock(EPOCH_MS)
  const store = openSqliteStore(':memory:', DEFAULT_RECORDS)
  const recorder = createRecorder({
    store,
    clock,
    settings: DEFAULT_RECORDS,
    log: { info: () => {}, warn: () => {} },
    observers: [],
    onDropped: () => {},
  })
  return { clock, store, recorder, summarise: createSummariser({ store, recorder, clock }) }
}

describe('parseHours', () => {
  test('defaults to a day and keeps to what is kept', () => {
    assert.equal(parseHours(undefined, DEFAULT_RECORDS), 24)
    assert.equal(parseHours('1', DEFAULT_RECORDS), 1)
    assert.equal(parseHours('720', DEFAULT_RECORDS), 720)
  })

  for (const raw of ['0', '721', '-1', '1.5', '', ' 5', '1e2', 'NaN', '99999999999999999999', '٣']) {
    test(`refuses ${JSON.stringify(raw)}`, () => {
      assert.throws(
        () => parseHours(raw, DEFAULT_RECORDS),
        (error) => error instanceof RouterError && error.code === 'invalid_value' && error.param === 'hours',
      )
    })
  }
})

describe('metrics summary', () => {
  test('includes what is not yet written, in the documented shape', async () => {
    const { recorder, summarise } = setUp()
    recorder.record(requestRecord({ totalMs: 100.04 }))
    recorder.record(requestRecord({ result: 'failure', backend: null, usageSource: null, inputTokens: null }))
    recorder.record(requestRecord({ result: 'aborted', totalMs: 5 }))
    const summary = await summarise(24)
    assert.equal(summary.window_hours, 24)
    assert.equal(Date.parse(summary.to) - Date.parse(summary.from), 86_400_000)
    assert.deepEqual(summary.totals, {
      requests: 3,
      success: 1,
      failure: 1,
      aborted: 1,
      refused: 0,
      success_rate: 0.5,
      fallback_rate: 0,
      shift_rate: 0,
      local_only: 0,
      p50_ms: 100,
      p95_ms: 100,
      first_token_p50_ms: null,
      input_tokens: 20,
      output_tokens: 60,
      requests_without_usage: 0,
    })
    assert.deepEqual([summary.routes[0]?.route, summary.by_task[0]?.task], ['default', 'general'])
    assert.deepEqual([summary.backends[0]?.backend, summary.backends[0]?.models.length], ['local', 1])
    assert.deepEqual([summary.percentiles_over, summary.dropped_records], [3, 0])
  })

  test('has no rate of nothing', async () => {
    const { totals } = await setUp().summarise(1)
    assert.deepEqual([totals.success_rate, totals.fallback_rate, totals.p50_ms], [null, null, null])
  })

  test('leaves out what is older than the hours asked for', async () => {
    const { recorder, summarise } = setUp()
    recorder.record(requestRecord({ receivedAtEpochMs: EPOCH_MS - 3_600_001 }))
    assert.equal((await summarise(1)).totals.requests, 0)
    assert.equal((await summarise(2)).totals.requests, 1)
  })
})
