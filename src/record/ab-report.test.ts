import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { EPOCH_MS, shadowRecord } from '../../test/support/records.ts'
import { createAbReporter, type AbReportPolicy } from './ab-report.ts'
import { createRecorder } from './recorder.ts'
import type { ShadowRecord } from './request-record.ts'
import { DEFAULT_RECORDS, DEFAULT_VERDICT } from './settings.ts'
import { openSqliteStore } from './sqlite-store.ts'

const POLICY: AbReportPolicy = {
  ab: { enabled: true, sampleRate: 0.05, candidates: { local: 'sarmalink' } },
  verdict: DEFAULT_VERDICT,
  prices: { sarmalink: { input: 0, output: 0 } },
}

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
  const report = createAbReporter({ store, recorder, clock, isLocal: (backend) => backend === 'local' })
  const mirror = (count: number, part: Partial<ShadowRecord> = {}) => {
    for (let nth = 0; nth < count; nth += 1) recorder.recordShadow(shadowRecord(part))
  }
  return { report, mirror }
}

describe('A/B report', () => {
  test('tells for each pair the figures, the tests and the verdict', async () => {
    const { report, mirror } = setUp()
    mirror(250)
    const { enabled, window_hours, settings, pairs } = await report(POLICY)
    assert.deepEqual([enabled, window_hours, settings.minimum_pairs, pairs.length], [true, 168, 50, 1])
    const [pair] = pairs
    assert.equal(pair?.verdict, 'promote', String(pair?.reasons))
    assert.deepEqual(pair?.primary, {
      backend: 'local',
      models: ['llama4:16x17b'],
      success_rate: 1,
      p50_ms: 800,
      p95_ms: 800,
      mean_cost_usd: 0,
    })
    assert.deepEqual([pair?.candidate.p50_ms, pair?.pairs, pair?.pairs_compared], [600, 250, 250])
    assert.deepEqual(
      pair?.tests.map(({ name, outcome, estimate }) => [name, outcome, estimate]),
      [
        ['success', 'passed', 0],
        ['p50', 'passed', 0.75],
        ['p95', 'passed', 0.75],
        ['cost', 'passed', 0],
      ],
    )
    assert.ok(JSON.stringify(pairs).length < 4000)
  })

  test('looks back as far as the window, at its own pairs only', async () => {
    const { report, mirror } = setUp()
    mirror(10, { startedAtEpochMs: EPOCH_MS - 168 * 3_600_000 - 1 })
    mirror(10, { candidateBackend: 'frontier' })
    mirror(3, { stream: true, candidateResult: 'failure' })
    const [pair] = (await report(POLICY)).pairs
    assert.deepEqual([pair?.pairs, pair?.streamed_share, pair?.candidate.success_rate], [3, 1, 0])
    assert.equal(pair?.candidate.p50_ms, null)
    assert.equal(pair?.verdict, 'insufficient-data')
  })

  test('still tells what was recorded when mirroring is off', async () => {
    const { report, mirror } = setUp()
    mirror(7)
    const { enabled, pairs } = await report({ ...POLICY, ab: { ...POLICY.ab, enabled: false } })
    assert.deepEqual([enabled, pairs[0]?.pairs], [false, 7])
  })

  test('is empty, not wrong, without pairs or candidates', async () => {
    const { report } = setUp()
    const [pair] = (await report(POLICY)).pairs
    assert.deepEqual([pair?.pairs, pair?.primary.success_rate, pair?.streamed_share], [0, null, null])
    assert.deepEqual((await report({ ...POLICY, ab: { ...POLICY.ab, candidates: {} } })).pairs, [])
  })
})
