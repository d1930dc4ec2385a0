import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Classification } from '../classify/classification.ts'
import type { Rejection, Target } from './decision.ts'
import type { Situation } from './gate.ts'
import type { AbPolicy, PolicyBackend } from './policy.ts'
import { chooseShadow, sampleOf } from './shadow.ts'

const backend = (name: string): PolicyBackend => ({
  name,
  families: {},
  model: 'm',
  models: [],
  embeddings: null,
  p50Ms: null,
  firstTokenP50Ms: null,
  capabilities: { vision: null, tools: null },
})

const primary: Target = { backend: 'a', model: 'm', provenLocal: true }

function situation(ab: Partial<AbPolicy> = {}, rest: Partial<Situation> = {}): Situation {
  return {
    tags: { sensitivity: 'normal', family: 'llama' } as Classification,
    ask: { id: 'req_1', model: 'auto', stream: false, embeds: false, needsTools: false, needsVision: false },
    policy: {
      backends: { a: backend('a'), b: backend('b') },
      routes: [],
      ab: { enabled: true, sampleRate: 1, candidates: { a: 'b' }, ...ab },
      privacy: { allowRemote: false },
    },
    view: {
      isProvenLocal: () => false,
      isDown: () => false,
      unavailability: () => null,
      medianLatencyMs: () => null,
      medianFirstTokenMs: () => null,
    },
    label: 'any',
    ...rest,
  }
}

function reasons(rejected: readonly Rejection[]): string[] {
  return rejected.map(({ role, backend: name, reason }) => `${role} ${name}: ${reason}`)
}

describe('the shadow', () => {
  test('goes to the candidate of the first target', () => {
    assert.deepEqual(chooseShadow(primary, situation()).shadow, {
      primary: 'a',
      target: { backend: 'b', model: 'm', provenLocal: false },
    })
  })
  test('is none when off, without a candidate, of itself, or without a target', () => {
    assert.equal(chooseShadow(primary, situation({ enabled: false })).shadow, null)
    assert.equal(chooseShadow(primary, situation({ candidates: {} })).shadow, null)
    assert.equal(chooseShadow(primary, situation({ candidates: { a: 'a' } })).shadow, null)
    assert.equal(chooseShadow(primary, situation({ sampleRate: 0 })).shadow, null)
    assert.equal(chooseShadow(undefined, situation()).shadow, null)
  })
  test('never carries a sensitive request, whatever the label says', () => {
    const tags = { ...situation().tags, sensitivity: 'high' } as const
    for (const label of ['any', 'local-only'] as const) {
      const { shadow, rejected } = chooseShadow(primary, situation({}, { tags, label }))
      assert.equal(shadow, null)
      assert.deepEqual(reasons(rejected), ['shadow b: sensitive requests are never mirrored'])
    }
  })
  test('passes the gate like every target', () => {
    const view = { ...situation().view, unavailability: () => 'no key' }
    const { shadow, rejected } = chooseShadow(primary, situation({}, { view }))
    assert.equal(shadow, null)
    assert.deepEqual(reasons(rejected), ['shadow b: no key'])
  })
})

describe('the sample', () => {
  const ids = {
    'ids that count up': (index: number) => `req_${index}`,
    UUIDs: () => crypto.randomUUID(),
    'ids with a shared tail': (index: number) => `${index}-chat-completion`,
  }
  for (const [name, idOf] of Object.entries(ids)) {
    test(`is as large as asked for, over ${name}`, () => {
      const samples = Array.from({ length: 20_000 }, (_, index) => sampleOf(idOf(index)))
      for (const rate of [0.01, 0.05, 0.5]) {
        const share = samples.filter((sample) => sample < rate).length / samples.length
        // Six standard deviations of a fair sample: fails by chance once in half a billion.
        const bound = 6 * Math.sqrt((rate * (1 - rate)) / samples.length)
        assert.ok(Math.abs(share - rate) < bound, `${share} for ${rate}`)
      }
    })
  }
  test('is the same for the same id, and within [0, 1)', () => {
    for (const id of ['', 'a', '😀', 'x'.repeat(10_000)]) {
      assert.equal(sampleOf(id), sampleOf(id))
      assert.ok(sampleOf(id) >= 0 && sampleOf(id) < 1)
    }
  })
})
