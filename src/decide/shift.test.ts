import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Classification } from '../classify/classification.ts'
import type { Ask, Target } from './decision.ts'
import type { Situation } from './gate.ts'
import type { PolicyBackend, Route } from './policy.ts'
import { orderByLatency } from './shift.ts'

type Milliseconds = number | null

interface Expectations {
  readonly p50Ms?: Milliseconds
  readonly firstTokenP50Ms?: Milliseconds
  readonly median?: Milliseconds
  readonly firstToken?: Milliseconds
}

const tags = {} as Classification

/** Backends a (primary), b, c, each with what is expected of it. */
function ordered(
  budgets: { readonly whole?: number; readonly firstToken?: number; readonly stream?: boolean },
  expected: Readonly<Record<string, Expectations>>,
): { readonly order: string; readonly expectedMs: number | null } {
  const names = Object.keys(expected)
  const backends = Object.fromEntries(
    names.map((name): [string, PolicyBackend] => [
      name,
      {
        name,
        families: {},
        model: 'm',
        models: [],
        embeddings: null,
        p50Ms: expected[name]?.p50Ms ?? null,
        firstTokenP50Ms: expected[name]?.firstTokenP50Ms ?? null,
        capabilities: { vision: null, tools: null },
      },
    ]),
  )
  const route: Route = {
    name: 'r',
    match: null,
    backend: 'a',
    fallback: ['b', 'c'],
    latencyBudgetMs: budgets.whole ?? null,
    firstTokenBudgetMs: budgets.firstToken ?? null,
    reason: null,
    timeouts: null,
  }
  const ask: Ask = {
    id: 'i',
    model: '',
    stream: budgets.stream ?? false,
    embeds: false,
    needsTools: false,
    needsVision: false,
  }
  const situation: Situation = {
    tags,
    ask,
    label: 'any',
    policy: {
      backends,
      routes: [route],
      ab: { enabled: false, sampleRate: 0, candidates: {} },
      privacy: { allowRemote: false },
    },
    view: {
      isProvenLocal: () => false,
      isDown: () => false,
      unavailability: () => null,
      medianLatencyMs: ({ backend }) => expected[backend]?.median ?? null,
      medianFirstTokenMs: ({ backend }) => expected[backend]?.firstToken ?? null,
    },
  }
  const targets = names.map((backend): Target => ({ backend, model: 'm', provenLocal: false }))
  const result = orderByLatency(targets, route, situation)
  return {
    order: result.targets.map(({ backend }) => backend).join(''),
    expectedMs: result.shift?.expectedMs ?? null,
  }
}

function order(...given: Parameters<typeof ordered>): string {
  return ordered(...given).order
}

test('no budget, no shift', () => {
  assert.equal(order({}, { a: { p50Ms: 9000 }, b: { p50Ms: 1 } }), 'ab')
})
test('over the budget and a faster fallback: it goes first, the primary right behind it', () => {
  assert.equal(order({ whole: 1000 }, { a: { p50Ms: 2000 }, b: { p50Ms: 500 }, c: { p50Ms: 1 } }), 'bac')
})
test('exactly on the budget is within it', () => {
  assert.equal(order({ whole: 2000 }, { a: { p50Ms: 2000 }, b: { p50Ms: 500 } }), 'ab')
})
test('the first faster one in the policy’s order, not the fastest', () => {
  assert.equal(order({ whole: 1000 }, { a: { p50Ms: 2000 }, b: { p50Ms: 3000 }, c: { p50Ms: 1999 } }), 'cab')
})
test('equally slow is not faster', () => {
  assert.equal(order({ whole: 1000 }, { a: { p50Ms: 2000 }, b: { p50Ms: 2000 } }), 'ab')
})
test('what is unknown never shifts', () => {
  assert.equal(order({ whole: 1000 }, { a: {}, b: { p50Ms: 1 } }), 'ab')
  assert.equal(order({ whole: 1000 }, { a: { p50Ms: 2000 }, b: {} }), 'ab')
  assert.equal(order({ whole: 1000 }, { a: { median: Number.NaN }, b: { p50Ms: 1 } }), 'ab')
})
test('live medians win over what the policy declares', () => {
  assert.equal(order({ whole: 1000 }, { a: { p50Ms: 2000, median: 900 }, b: { p50Ms: 500 } }), 'ab')
  assert.equal(
    order({ whole: 1000 }, { a: { p50Ms: 10, median: 1500 }, b: { p50Ms: 500, median: 1600 } }),
    'ab',
  )
  assert.deepEqual(ordered({ whole: 1000 }, { a: { p50Ms: 10, median: 1500 }, b: { p50Ms: 500 } }), {
    order: 'ba',
    expectedMs: 1500,
  })
})
test('a stream is judged by its first token when the route says so', () => {
  const slowToTheEnd = { a: { p50Ms: 9000, firstTokenP50Ms: 50 }, b: { p50Ms: 1, firstTokenP50Ms: 900 } }
  assert.equal(order({ whole: 1000, firstToken: 200, stream: true }, slowToTheEnd), 'ab')
  assert.equal(order({ whole: 1000, firstToken: 200 }, slowToTheEnd), 'ba')
  const late = { a: { firstTokenP50Ms: 10, firstToken: 300 }, b: { firstTokenP50Ms: 100 } }
  assert.equal(order({ firstToken: 200, stream: true }, late), 'ba')
  assert.equal(order({ firstToken: 200 }, late), 'ab')
})
test('a stream on a route with only a whole budget is judged by that', () => {
  assert.equal(order({ whole: 1000, stream: true }, { a: { p50Ms: 2000 }, b: { p50Ms: 1 } }), 'ba')
})
test('without the route’s primary at the head there is nothing to shift from', () => {
  assert.equal(order({ whole: 1000 }, { b: { p50Ms: 2000 }, c: { p50Ms: 1 } }), 'bc')
  assert.equal(order({ whole: 1000 }, {}), '')
})
