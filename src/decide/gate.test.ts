import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backend, decided, names, quick, route, spec } from '../../test/support/decide-case.ts'
import type { Ask } from './decision.ts'
import type { View } from './view.ts'

describe('a pinned model', () => {
  for (const model of [
    'auto',
    '',
    'gpt-3.5-turbo',
    'Local',
    'local/',
    'local/other',
    '/x',
    'constructor',
    '__proto__',
  ]) {
    test(`${JSON.stringify(model)} leaves it to the policy`, () => {
      const { pinned, route: taken } = decided({ ask: { model } })
      assert.equal(pinned, false)
      assert.equal(taken, 'default')
    })
  }
  test('a backend’s name pins the backend; the family picks the model', () => {
    const {
      pinned,
      route: taken,
      targets,
      shadow,
      shift,
    } = decided({ ask: { model: 'local' }, tags: { family: 'gemma' } })
    assert.deepEqual([pinned, taken, names(targets)], [true, 'pinned', ['local/gemma3:12b']])
    assert.deepEqual([shadow, shift], [null, null])
  })
  test('backend/model pins both, slashes in the model included', () => {
    const policy = { backends: { ...spec.backends, hub: backend('hub', { models: ['meta/llama/3'] }) } }
    assert.deepEqual(names(decided({ ask: { model: 'hub/meta/llama/3' }, policy }).targets), [
      'hub/meta/llama/3',
    ])
    assert.deepEqual(names(decided({ ask: { model: 'local/gemma3:12b' } }).targets), ['local/gemma3:12b'])
  })
  test('has no fallback', () => {
    const { refusal, targets } = decided({
      ask: { model: 'frontier' },
      view: { unavailability: () => 'OPENAI_API_KEY is not set' },
    })
    assert.deepEqual(targets, [])
    assert.equal(refusal?.code, 'no_target')
    assert.match(refusal.message, /frontier\/gpt-4o: OPENAI_API_KEY is not set/)
  })
})

describe('the gate', () => {
  test('an unavailable primary is left out and named in the reason', () => {
    const { targets, rejected, reason, shift } = decided({
      view: { unavailability: (name) => (name === 'local' ? 'it does not answer' : null) },
    })
    assert.deepEqual(names(targets), ['sarmalink/smart'])
    assert.deepEqual(
      rejected.map(({ role, reason: why }) => [role, why]),
      [['primary', 'it does not answer']],
    )
    assert.match(reason, /local skipped: it does not answer/)
    assert.equal(shift, null)
  })
  test('capabilities count only when declared false and needed', () => {
    const blind = {
      backends: {
        ...spec.backends,
        sarmalink: backend('sarmalink', { capabilities: { vision: false, tools: false } }),
      },
    }
    const chosen = (needs: Partial<Ask>): string[] =>
      names(decided({ policy: blind, ask: needs, view: quick }).targets)
    assert.equal(chosen({}).length, 2)
    assert.equal(chosen({ needsVision: true }).length, 1)
    assert.equal(chosen({ needsTools: true }).length, 1)
  })
  test('all reasons of one rejection are told', () => {
    const { rejected } = decided({
      tags: { sensitivity: 'high', task: 'web_search' },
      policy: { routes: spec.routes.slice(3) },
      view: { unavailability: (name) => (name === 'sarmalink' ? 'SARMALINK_API_KEY is not set' : null) },
    })
    assert.equal(
      rejected[0]?.reason,
      'SARMALINK_API_KEY is not set; not proven local, and this request is sensitive',
    )
  })
  test('a private request is told which server of the house to start', () => {
    const away: Partial<View> = { isProvenLocal: () => false, isDown: (name) => name === 'local' }
    const sensitive = { tags: { sensitivity: 'high' } } as const
    const { refusal, rejected } = decided({ ...sensitive, view: away })
    assert.equal(
      rejected.find(({ backend: name }) => name === 'local')?.reason,
      'cannot be reached, so it could not be proven local, and this request is sensitive',
    )
    assert.equal(refusal?.code, 'privacy_no_local_target')
    assert.match(refusal.message, /Start the local server; GET \/health/)
    // One that answers, and is not proven: there is nothing to start.
    const unproven = decided({ ...sensitive, view: { isProvenLocal: () => false } })
    assert.match(unproven.refusal?.message ?? '', /local\/llama4:16x17b: not proven local, /)
    assert.doesNotMatch(unproven.refusal?.message ?? '', /Start the local server/)
  })
  test('a backend without a model for the family is left out', () => {
    const policy = {
      backends: { ...spec.backends, local: backend('local', { model: null, families: { gemma: 'g' } }) },
    }
    const { targets, rejected } = decided({ policy })
    assert.deepEqual(names(targets), ['sarmalink/smart'])
    assert.equal(rejected[0]?.reason, 'has no model for family llama')
  })
  test('a backend that is not there is rejected, not looked up further', () => {
    const { refusal, rejected } = decided({ policy: { routes: [route('default', { backend: 'toString' })] } })
    assert.equal(rejected[0]?.reason, 'is not a backend of this policy')
    assert.equal(refusal?.code, 'no_target')
  })
  test('no route at all is a refusal too', () => {
    assert.deepEqual(
      [decided({ policy: { routes: [] } }).route, decided({ policy: { routes: [] } }).refusal?.code],
      ['none', 'no_target'],
    )
  })
})
