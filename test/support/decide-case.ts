/** The policy of SPEC 3 as `decide` sees it, and a short way to ask it something. */
import type { Classification } from '../../src/classify/classification.ts'
import { decide } from '../../src/decide/decide.ts'
import type { Ask, Decision, Target } from '../../src/decide/decision.ts'
import type { Policy, PolicyBackend, Route } from '../../src/decide/policy.ts'
import type { View } from '../../src/decide/view.ts'

export function backend(name: string, rest: Partial<PolicyBackend> = {}): PolicyBackend {
  return {
    name,
    families: {},
    model: `${name}-model`,
    models: [],
    embeddings: null,
    p50Ms: null,
    firstTokenP50Ms: null,
    capabilities: { vision: null, tools: null },
    ...rest,
  }
}

export function route(name: string, rest: Partial<Route> = {}): Route {
  return {
    name,
    match: null,
    backend: 'local',
    fallback: [],
    latencyBudgetMs: null,
    firstTokenBudgetMs: null,
    reason: null,
    timeouts: null,
    ...rest,
  }
}

/** The policy of SPEC 3. */
export const spec: Policy = {
  backends: {
    local: backend('local', {
      families: { 'qwen-coder': 'qwen2.5-coder:7b', gemma: 'gemma3:12b', llama: 'llama4:16x17b' },
      model: null,
      p50Ms: 1800,
    }),
    sarmalink: backend('sarmalink', { model: 'smart', p50Ms: 600 }),
    frontier: backend('frontier', { model: 'gpt-4o', p50Ms: 900 }),
  },
  routes: [
    route('route-1', { match: { sensitivity: ['high'] }, reason: 'Privacy: never leave the machine' }),
    route('route-2', {
      match: { task: ['code'], complexity: ['low'] },
      fallback: ['sarmalink'],
      latencyBudgetMs: 2500,
    }),
    route('route-3', { match: { task: ['vision'] }, fallback: ['frontier'], latencyBudgetMs: 3000 }),
    route('route-4', { match: { task: ['web_search'] }, backend: 'sarmalink' }),
    route('default', { fallback: ['sarmalink'], latencyBudgetMs: 1200 }),
  ],
  ab: { enabled: true, sampleRate: 1, candidates: { local: 'sarmalink' } },
  privacy: { allowRemote: false },
}

const tags: Classification = {
  task: 'general',
  fineTask: 'general',
  complexity: 'low',
  complexityScore: 0.1,
  sensitivity: 'normal',
  findings: [],
  modality: 'text',
  family: 'llama',
  tokens: 20,
}
const ask: Ask = {
  id: 'req_1',
  model: 'auto',
  stream: false,
  embeds: false,
  needsTools: false,
  needsVision: false,
}
const view: View = {
  isProvenLocal: (name) => name === 'local',
  isDown: () => false,
  unavailability: () => null,
  medianLatencyMs: () => null,
  medianFirstTokenMs: () => null,
}

interface Case {
  readonly tags?: Partial<Classification>
  readonly ask?: Partial<Ask>
  readonly policy?: Partial<Policy>
  readonly view?: Partial<View>
}

export function decided(given: Case = {}): Decision {
  return decide(
    { ...tags, ...given.tags },
    { ...ask, ...given.ask },
    { ...spec, ...given.policy },
    { ...view, ...given.view },
  )
}

export function names(targets: readonly Target[]): string[] {
  return targets.map(({ backend: name, model }) => `${name}/${model}`)
}

/** Local is fast enough for every budget. */
export const quick: Partial<View> = { medianLatencyMs: ({ backend: name }) => (name === 'local' ? 100 : 700) }
