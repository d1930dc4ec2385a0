import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attemptRecord, requestRecord, shadowRecord } from '../../test/support/records.ts'
import { createMetrics } from './prometheus.ts'

const NAMES = { routes: ['default', 'private'], backends: ['local', 'sarmalink'] }
const setUp = () => createMetrics({ ...NAMES, version: '1.2.3' })

describe('prometheus text', () => {
  test('counts requests, attempts, tokens and durations', async () => {
    const metrics = setUp()
    metrics.observeRequest(requestRecord({ totalMs: 300 }))
    metrics.observeRequest(
      requestRecord({
        backend: 'sarmalink',
        fellBack: true,
        shiftedFrom: 'local',
        label: 'local-only',
        stream: true,
        firstTokenMs: 40,
        attempts: [attemptRecord({ result: 'failure' }), attemptRecord({ backend: 'sarmalink' })],
      }),
    )
    const text = await metrics.text()
    for (const line of [
      'llr_requests_total{route="default",backend="local",result="success"} 1',
      'llr_requests_total{route="default",backend="sarmalink",result="success"} 1',
      'llr_request_duration_seconds_bucket{le="0.25",route="default",backend="local"} 0',
      'llr_request_duration_seconds_bucket{le="0.5",route="default",backend="local"} 1',
      'llr_first_token_seconds_count{backend="sarmalink"} 1',
      'llr_attempts_total{backend="local",result="failure"} 1',
      'llr_attempts_total{backend="local",result="success"} 1',
      'llr_fallbacks_total{route="default"} 1',
      'llr_shifts_total{route="default"} 1',
      'llr_held_local_total 1',
      'llr_tokens_total{backend="local",direction="input"} 10',
      'llr_tokens_total{backend="sarmalink",direction="output"} 20',
      'llr_policy_reload_success 1',
      `llr_build_info{version="1.2.3",node="${process.version}"} 1`,
    ]) {
      assert.ok(text.includes(`${line}\n`), line)
    }
    assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
  })

  test('takes label values from the policy only', async () => {
    const metrics = setUp()
    metrics.observeRequest(requestRecord({ route: 'x"} 1\nevil 1', backend: 'gone', attempts: [] }))
    metrics.observeRequest(requestRecord({ result: 'refused', backend: null, attempts: [] }))
    const text = await metrics.text()
    assert.ok(text.includes('{route="other",backend="other",result="success"} 1'))
    assert.ok(text.includes('{route="default",backend="none",result="refused"} 1'))
    assert.ok(!text.includes('evil') && !text.includes('gone'))
  })

  test('follows a reload of the policy', async () => {
    const metrics = setUp()
    metrics.policyReloaded(false)
    assert.ok((await metrics.text()).includes('llr_policy_reload_success 0\n'))
    metrics.policyReloaded(true, { routes: ['default'], backends: ['fresh'] })
    metrics.observeRequest(requestRecord({ backend: 'fresh' }))
    const text = await metrics.text()
    assert.ok(text.includes('llr_policy_reload_success 1\n'))
    assert.ok(text.includes('backend="fresh"'))
  })

  test('shows mirrored calls, requests in flight and lost records', async () => {
    const metrics = setUp()
    metrics.observeShadow(shadowRecord())
    metrics.shadowSkipped('sarmalink')
    metrics.requestStarted()
    metrics.requestStarted()
    metrics.requestEnded()
    metrics.recordsDropped(3)
    const text = await metrics.text()
    assert.ok(text.includes('llr_shadows_total{backend="sarmalink",result="success"} 1\n'))
    assert.ok(text.includes('llr_shadows_skipped_total{backend="sarmalink"} 1\n'))
    assert.ok(text.includes('llr_inflight_requests 1\n'))
    assert.ok(text.includes('llr_records_dropped_total 3\n'))
  })

  test('survives a record with holes', async () => {
    const metrics = setUp()
    metrics.observeRequest(requestRecord({ totalMs: Number.NaN, inputTokens: Number.NaN, outputTokens: -1 }))
    assert.ok(
      (await metrics.text()).includes(
        'llr_requests_total{route="default",backend="local",result="success"} 1',
      ),
    )
  })

  test('can show the process as well', async () => {
    const text = await createMetrics({ ...NAMES, version: '1', processMetrics: true }).text()
    assert.ok(text.includes('process_resident_memory_bytes'))
  })
})
