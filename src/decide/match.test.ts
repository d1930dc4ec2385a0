import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Classification, FINE_TASKS } from '../classify/classification.ts'
import { decided, route } from '../../test/support/decide-case.ts'
import { classify } from '../classify/classify.ts'
import { clientCodec } from '../wire/codecs.ts'
import { matches } from './match.ts'
import { advertisedModels, modelsOf, pinOf, resolveModel } from './model.ts'
import type { Match, Policy, PolicyBackend } from './policy.ts'

const tags: Classification = {
  task: 'code',
  fineTask: 'code',
  complexity: 'medium',
  complexityScore: 0.5,
  sensitivity: 'normal',
  findings: [],
  modality: 'text',
  family: 'qwen-coder',
  tokens: 100,
}

function holds(match: Match, given: Partial<Classification> = {}): boolean {
  return matches(match, { ...tags, ...given })
}

function routeOf(text: string): readonly [name: string, reason: string] {
  const body = { model: 'auto', messages: [{ role: 'user', content: text }] }
  const request = clientCodec('chat').decodeRequest(body)
  const { route: name, reason } = decided({
    tags: classify({ request, body, markedSensitive: false }, { unscannable: 'allow' }),
    policy: {
      routes: [
        route('foreign', { match: { task: ['translation', 'math'] } }),
        route('rest', { match: { task: ['general'] } }),
        route('default'),
      ],
    },
  })
  return [name, reason]
}

describe('match', () => {
  test('an empty one holds for everything', () => assert.ok(holds({})))
  test('is a conjunction', () => {
    assert.ok(holds({ task: ['code'], complexity: ['medium'] }))
    assert.ok(!holds({ task: ['code'], complexity: ['high'] }))
    for (const match of [
      { sensitivity: ['high'] },
      { modality: ['image'] },
      { family: ['llama'] },
    ] as const) {
      assert.ok(!holds(match))
    }
  })
  test('a list holds when any of its values does', () => {
    assert.ok(holds({ task: ['vision', 'code'] }))
    assert.ok(!holds({ task: ['vision', 'web_search'] }))
  })
  test('tokens include both ends', () => {
    const tokens = { min: 100, max: 200 }
    const at = [99, 100, 200, 201].map((count) => holds({ tokens }, { tokens: count }))
    assert.deepEqual(at, [false, true, true, false])
  })
  test('general covers the finer tags, and they match by their own names', () => {
    for (const task of FINE_TASKS) {
      assert.ok(holds({ task: ['general'] }, { task }), task)
      assert.ok(holds({ task: ['general'] }, { task: 'general', fineTask: task }), task)
      assert.ok(holds({ task: [task] }, { task: 'general', fineTask: task }), task)
      assert.ok(holds({ task: [task] }, { task }), task)
      assert.ok(!holds({ task: [task] }, { task: 'general' }), task)
    }
    assert.ok(!holds({ task: ['general'] }, { task: 'code' }))
    assert.ok(holds({ task: ['math'] }, { task: 'general', fineTask: 'math' }))
    assert.ok(!holds({ task: ['writing'] }, { task: 'general', fineTask: 'math' }))
  })
})

describe('from text to a route', () => {
  test('a finer task is matched by its name, and by general where nothing names it', () => {
    assert.deepEqual(routeOf('Translate "good morning" into French'), ['foreign', 'matched task translation'])
    assert.deepEqual(routeOf('Tell me about the harbour of Hamburg'), ['rest', 'matched task general'])
    assert.equal(routeOf('Write a short poem about the sea')[0], 'rest')
    assert.equal(routeOf('Write a Python function that reverses a string')[0], 'default')
  })
})

function backend(rest: Partial<PolicyBackend>): PolicyBackend {
  return {
    name: 'b',
    families: {},
    model: null,
    models: [],
    embeddings: null,
    p50Ms: null,
    firstTokenP50Ms: null,
    capabilities: { vision: null, tools: null },
    ...rest,
  }
}

describe('the model of a backend', () => {
  test('is the family’s, else model, else the first of models, else none', () => {
    const all = backend({ families: { llama: 'f' }, model: 'm', models: ['x', 'y'] })
    assert.equal(resolveModel(all, 'llama'), 'f')
    assert.equal(resolveModel(all, 'gemma'), 'm')
    assert.equal(resolveModel({ ...all, model: null }, 'gemma'), 'x')
    assert.equal(resolveModel(backend({ families: { llama: 'f' } }), 'gemma'), null)
  })
  test('what is advertised is what can be pinned', () => {
    const b = backend({ families: { llama: 'f', gemma: 'm' }, model: 'm', models: ['x/y', 'f'] })
    const policy = { backends: { b } } as unknown as Policy
    assert.deepEqual(modelsOf(b), ['f', 'm', 'x/y'])
    assert.deepEqual(advertisedModels(policy), ['auto', 'b', 'b/f', 'b/m', 'b/x/y'])
    for (const name of advertisedModels(policy))
      assert.equal(pinOf(policy, name) === null, name === 'auto', name)
    assert.equal(pinOf(policy, 'b/z'), null)
  })
})
