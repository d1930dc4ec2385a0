/** What holds for every classification, request, policy and view, sensible or not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  type Classification,
  COMPLEXITIES,
  FAMILIES,
  MODALITIES,
  SENSITIVITIES,
  TASKS,
} from '../classify/classification.ts'
import { decide } from './decide.ts'
import type { Ask, Decision } from './decision.ts'
import type { Policy, Route } from './policy.ts'
import type { View } from './view.ts'

const NAMES = ['local', 'gpu', 'hosted', 'frontier', 'ghost'] as const
const MODELS = ['m', 'n', 'o/p'] as const
const name = fc.constantFrom(...NAMES)
const model = fc.constantFrom(...MODELS)
const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const orUndefined = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const ms = orNull(fc.integer({ min: 1, max: 5000 }))

const backend = fc.record({
  families: fc.dictionary(fc.constantFrom(...FAMILIES), model, { noNullPrototype: true }),
  model: orNull(model),
  models: fc.array(model, { maxLength: 3 }),
  // Seldom: a model that only makes vectors is closed to chats, and most cases are to be served.
  embeddings: fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: model }),
  p50Ms: ms,
  firstTokenP50Ms: ms,
  capabilities: fc.record({ vision: orNull(fc.boolean()), tools: orNull(fc.boolean()) }),
})

const some = <Value extends string>(values: readonly Value[]) =>
  orUndefined(fc.subarray([...values], { minLength: 1 }))

const match = orNull(
  fc.record({
    task: some(TASKS),
    complexity: some(COMPLEXITIES),
    sensitivity: some(SENSITIVITIES),
    modality: some(MODALITIES),
    family: some(FAMILIES),
    tokens: orUndefined(fc.constant({ min: 10, max: 1000 })),
  }),
)

const route: fc.Arbitrary<Route> = fc.record({
  name: fc.constant('r'),
  match,
  backend: name,
  fallback: fc.array(name, { maxLength: 4 }),
  latencyBudgetMs: ms,
  firstTokenBudgetMs: ms,
  reason: orNull(fc.string()),
  timeouts: fc.constant(null),
})

// `ghost` is never defined, so that policies with unknown names are among the cases.
const policy: fc.Arbitrary<Policy> = fc.record({
  backends: fc
    .dictionary(fc.constantFrom('local', 'gpu', 'hosted', 'frontier'), backend, { noNullPrototype: true })
    .map((found) =>
      Object.fromEntries(Object.entries(found).map(([key, value]) => [key, { name: key, ...value }])),
    ),
  routes: fc.array(route, { maxLength: 5 }),
  ab: fc.record({
    enabled: fc.boolean(),
    sampleRate: fc.constantFrom(0, 0.5, 1),
    candidates: fc.dictionary(name, name, { noNullPrototype: true }),
  }),
  privacy: fc.record({ allowRemote: fc.boolean() }),
})

const classification: fc.Arbitrary<Classification> = fc.record({
  task: fc.constantFrom(...TASKS),
  fineTask: fc.constantFrom(...TASKS),
  complexity: fc.constantFrom(...COMPLEXITIES),
  complexityScore: fc.double({ min: 0, max: 1, noNaN: true }),
  sensitivity: fc.constantFrom(...SENSITIVITIES),
  findings: fc.constant([]),
  modality: fc.constantFrom(...MODALITIES),
  family: fc.constantFrom(...FAMILIES),
  tokens: fc.nat({ max: 2000 }),
})

const ask: fc.Arbitrary<Ask> = fc.record({
  id: fc.string(),
  model: fc.oneof(
    fc.constantFrom('auto', '', 'gpt-4', ...NAMES),
    fc.tuple(name, model).map(([backendName, modelName]) => `${backendName}/${modelName}`),
    fc.string(),
  ),
  stream: fc.boolean(),
  // Seldom: most backends of these policies make none, and such an ask is refused at once.
  embeds: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
  needsTools: fc.boolean(),
  needsVision: fc.boolean(),
})

const view: fc.Arbitrary<View> = fc
  .record({
    proven: fc.subarray([...NAMES]),
    provenModels: fc.subarray([...MODELS]),
    down: fc.subarray([...NAMES]),
    medians: fc.dictionary(name, ms, { noNullPrototype: true }),
  })
  .map(({ proven, provenModels, down, medians }) => ({
    isProvenLocal: (backendName, modelName) =>
      proven.some((one) => one === backendName) && provenModels.some((one) => one === modelName),
    isDown: (backendName) => down.some((one) => one === backendName),
    unavailability: (backendName) => (down.some((one) => one === backendName) ? 'down' : null),
    medianLatencyMs: (target) => medians[target.backend] ?? null,
    medianFirstTokenMs: (target) => medians[target.backend] ?? null,
  }))

function always(
  check: (decision: Decision, tags: Classification, policy: Policy, view: View) => void,
  numRuns = 2000,
): void {
  fc.assert(
    fc.property(classification, ask, policy, view, (tags, wanted, rules, world) => {
      check(decide(tags, wanted, rules, world), tags, rules, world)
    }),
    { numRuns },
  )
}

describe('whatever comes', () => {
  test('a local-only request reaches nothing that is not proven local', () => {
    let seen = 0
    always(({ label, targets, shadow }, _tags, _rules, world) => {
      if (label !== 'local-only') return
      seen += targets.length
      for (const target of targets) assert.ok(world.isProvenLocal(target.backend, target.model))
      assert.equal(shadow, null)
    }, 6000)
    assert.ok(seen > 100, 'the cases must hold some local-only requests that are served')
  })
  test('sensitive is local-only unless the policy says otherwise, and never mirrored', () => {
    always(({ label, shadow }, { sensitivity }, { privacy }) => {
      assert.equal(label, sensitivity === 'high' && !privacy.allowRemote ? 'local-only' : 'any')
      if (sensitivity === 'high') assert.equal(shadow, null)
    })
  })
  test('there is a refusal exactly when there is no target', () => {
    always(({ targets, refusal, pinned, shift, shadow, reason }) => {
      assert.equal(targets.length === 0, refusal !== null)
      if (pinned) assert.ok(targets.length <= 1 && shift === null && shadow === null)
      if (targets.length === 0) assert.ok(shift === null && shadow === null)
      assert.notEqual(reason, undefined)
    })
  })
  test('no target twice, none that is down, none rejected and chosen at once, no shadow of itself', () => {
    always(({ targets, shadow, rejected }, _tags, rules, world) => {
      const keys = targets.map(({ backend: one, model: other }) => JSON.stringify([one, other]))
      assert.equal(new Set(keys).size, keys.length)
      for (const target of [...targets, ...(shadow === null ? [] : [shadow.target])]) {
        assert.ok(Object.hasOwn(rules.backends, target.backend))
        assert.equal(world.unavailability(target.backend, target.model), null)
      }
      for (const { backend: one, model: other, role } of rejected) {
        if (role !== 'shadow') assert.ok(!keys.includes(JSON.stringify([one, other])))
      }
      if (shadow !== null) {
        assert.equal(shadow.primary, targets[0]?.backend)
        assert.notEqual(shadow.target.backend, shadow.primary)
      }
    })
  })
  test('a shift moves a fallback before the primary and loses no target', () => {
    always(({ targets, shift }) => {
      if (shift === null) return
      assert.deepEqual([targets[0]?.backend, targets[1]?.backend], [shift.to, shift.from])
      assert.ok(shift.expectedMs > shift.budgetMs)
    })
  })
  test('the same in, the same out', () => {
    fc.assert(
      fc.property(classification, ask, policy, view, (tags, wanted, rules, world) => {
        assert.deepEqual(decide(tags, wanted, rules, world), decide(tags, wanted, rules, world))
      }),
    )
  })
})
