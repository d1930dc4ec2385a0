import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backend, decided, names, spec } from '../../test/support/decide-case.ts'
import type { Policy } from './policy.ts'

describe('the policy of SPEC 3', () => {
  test('simple code stays on the local coder, with its fallback behind it', () => {
    const { route: taken, targets, shift, reason } = decided({ tags: { task: 'code', family: 'qwen-coder' } })
    assert.equal(taken, 'route-2')
    assert.deepEqual(names(targets), ['local/qwen2.5-coder:7b', 'sarmalink/smart'])
    assert.equal(shift, null)
    assert.equal(reason, 'matched task code, complexity low')
  })
  test('hard code is nobody else’s but the default’s', () => {
    assert.equal(decided({ tags: { task: 'code', complexity: 'high' } }).route, 'default')
  })
  test('a picture goes to the local model with eyes, and may fall back to a hosted one', () => {
    const { targets, label } = decided({
      tags: { task: 'vision', modality: 'image', family: 'gemma' },
      ask: { needsVision: true },
    })
    assert.equal(label, 'any')
    assert.deepEqual(names(targets), ['local/gemma3:12b', 'frontier/gpt-4o'])
  })
  test('the default shifts, since 1800 ms is over its 1200', () => {
    const { targets, shift, reason } = decided()
    assert.deepEqual(names(targets), ['sarmalink/smart', 'local/llama4:16x17b'])
    assert.deepEqual(shift, { from: 'local', to: 'sarmalink', expectedMs: 1800, budgetMs: 1200 })
    assert.match(reason, /shifted from local to sarmalink: 1800 ms expected, budget 1200 ms/)
  })
  test('a sensitive request has one target and the route’s own reason', () => {
    const decision = decided({ tags: { sensitivity: 'high' } })
    assert.equal(decision.label, 'local-only')
    assert.deepEqual(names(decision.targets), ['local/llama4:16x17b'])
    assert.match(decision.reason, /^Privacy: never leave the machine/)
    assert.equal(decision.shadow, null)
  })
})

describe('the privacy label', () => {
  const withoutRoute: Partial<Policy> = { routes: spec.routes.slice(1) }

  test('holds without a route for it, through shift and fallback', () => {
    const { targets, rejected, shift } = decided({ tags: { sensitivity: 'high' }, policy: withoutRoute })
    assert.deepEqual(names(targets), ['local/llama4:16x17b'])
    assert.equal(shift, null)
    assert.deepEqual(
      rejected.filter(({ role }) => role === 'fallback').map(({ backend: name, reason }) => [name, reason]),
      [['sarmalink', 'not proven local, and this request is sensitive']],
    )
  })
  test('walks on to a proven local backend when the route has none', () => {
    const {
      route: taken,
      targets,
      reason,
    } = decided({
      tags: { sensitivity: 'high', task: 'web_search' },
      policy: withoutRoute,
    })
    assert.equal(taken, 'route-4')
    assert.deepEqual(names(targets), ['local/llama4:16x17b'])
    assert.match(reason, /went on to local/)
  })
  test('refuses when nothing is proven local, and does not send anyone elsewhere', () => {
    const { targets, refusal } = decided({
      tags: { sensitivity: 'high' },
      view: { isProvenLocal: () => false },
    })
    assert.deepEqual(targets, [])
    assert.equal(refusal?.code, 'privacy_no_local_target')
    assert.match(refusal.message, /local\/llama4:16x17b: not proven local/)
    assert.doesNotMatch(refusal.message, /allowRemote|hosted|auto/)
  })
  test('yields only to allowRemote, and even then nothing is mirrored', () => {
    const decision = decided({
      tags: { sensitivity: 'high' },
      policy: { ...withoutRoute, privacy: { allowRemote: true } },
    })
    assert.equal(decision.label, 'any')
    assert.deepEqual(names(decision.targets), ['sarmalink/smart', 'local/llama4:16x17b'])
    assert.equal(decision.shadow, null)
  })
  test('gates a pinned target', () => {
    const { refusal, rejected } = decided({ tags: { sensitivity: 'high' }, ask: { model: 'frontier' } })
    assert.equal(refusal?.code, 'privacy_no_local_target')
    assert.deepEqual(
      rejected.map(({ role }) => role),
      ['pinned'],
    )
  })
  test('a dead local backend is told as such, not as a matter of privacy', () => {
    const { refusal } = decided({
      tags: { sensitivity: 'high' },
      policy: { backends: { local: backend('local') } },
      view: { unavailability: () => 'it does not answer' },
    })
    assert.equal(refusal?.code, 'no_target')
    assert.match(refusal.message, /it does not answer/)
  })
})
