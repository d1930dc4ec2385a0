/** A valid file → what the stages take: names resolved, defaults filled in. */
import { z } from 'zod'
import type { ClassifySettings } from '../classify/settings.ts'
import type { Match, Policy, PolicyBackend, Route } from '../decide/policy.ts'
import type { Clients, Limits, ServerSettings } from '../accept/settings.ts'
import type { Connection } from '../dispatch/backend.ts'
import type { BreakerSettings } from '../dispatch/breaker-settings.ts'
import { connectionShape, type TimeoutSettings } from '../dispatch/settings.ts'
import type { ResponsesSettings } from '../record/response-settings.ts'
import type { RecordsSettings, TokenPrice, VerdictSettings } from '../record/settings.ts'
import { routeName } from './references.ts'
import type { PolicyFile } from './schema.ts'

type BackendEntry = PolicyFile['backends'][string]
type RouteEntry = PolicyFile['routes'][number]

export interface Settings {
  readonly policy: Policy
  /** How to reach each backend. */
  readonly connections: Readonly<Record<string, Connection>>
  /** What each backend charges; null when the policy does not say. */
  readonly prices: Readonly<Record<string, TokenPrice | null>>
  readonly server: ServerSettings
  readonly clients: Clients
  readonly limits: Limits
  readonly timeouts: TimeoutSettings
  readonly breaker: BreakerSettings
  readonly records: RecordsSettings
  readonly responses: ResponsesSettings
  readonly verdict: VerdictSettings
  readonly shadow: { readonly maxConcurrent: number }
  readonly classify: ClassifySettings
}

/** Takes its own keys of a checked entry and drops those of the other stages. */
const connectionSchema = z.object(connectionShape)

/** The embedded demonstration has one model; every other backend must name its own. */
const DEMO_MODEL = 'demo'

function backendOf(name: string, entry: BackendEntry): PolicyBackend {
  const { type, families, model, models, embeddings, p50Ms, firstTokenP50Ms, capabilities } = entry
  return {
    name,
    families: families ?? {},
    model: model ?? (type === 'demo' && models === undefined ? DEMO_MODEL : null),
    models: models ?? [],
    embeddings: embeddings ?? null,
    p50Ms: p50Ms ?? null,
    firstTokenP50Ms: firstTokenP50Ms ?? null,
    capabilities: { vision: capabilities?.vision ?? null, tools: capabilities?.tools ?? null },
  }
}

function asList<Value extends string>(value: Value | readonly Value[]): readonly Value[]
function asList<Value extends string>(
  value: Value | readonly Value[] | undefined,
): readonly Value[] | undefined
function asList<Value extends string>(
  value: Value | readonly Value[] | undefined,
): readonly Value[] | undefined {
  return typeof value === 'string' ? [value] : value
}

function matchOf(match: Extract<RouteEntry, { match: unknown }>['match']): Match {
  const { task, complexity, sensitivity, modality, family, tokens } = match
  return {
    task: asList(task),
    complexity: asList(complexity),
    sensitivity: asList(sensitivity),
    modality: asList(modality),
    family: asList(family),
    tokens: tokens && { min: tokens.min ?? 0, max: tokens.max ?? Number.POSITIVE_INFINITY },
  }
}

function routeOf(entry: RouteEntry, index: number): Route {
  return {
    name: routeName(entry, index),
    match: 'match' in entry ? matchOf(entry.match) : null,
    backend: 'match' in entry ? entry.backend : entry.default,
    fallback: asList(entry.fallback ?? []),
    latencyBudgetMs: entry.latencyBudgetMs ?? null,
    firstTokenBudgetMs: entry.firstTokenBudgetMs ?? null,
    reason: entry.reason ?? null,
    timeouts: entry.timeouts ?? null,
  }
}

export function resolve(file: PolicyFile): Settings {
  const entries = Object.entries(file.backends)
  const { enabled, sampleRate, candidates, maxConcurrent, ...verdict } = file.ab
  return {
    policy: {
      backends: Object.fromEntries(entries.map(([name, entry]) => [name, backendOf(name, entry)])),
      routes: file.routes.map(routeOf),
      ab: { enabled, sampleRate, candidates },
      privacy: { allowRemote: file.privacy.allowRemote },
    },
    connections: Object.fromEntries(entries.map(([name, entry]) => [name, connectionSchema.parse(entry)])),
    prices: Object.fromEntries(entries.map(([name, entry]) => [name, entry.costPerMillionTokens ?? null])),
    server: file.server,
    clients: file.clients,
    limits: file.limits,
    timeouts: file.timeouts,
    breaker: file.breaker,
    records: file.records,
    responses: file.responses,
    verdict,
    shadow: { maxConcurrent },
    classify: { unscannable: file.privacy.unscannable },
  }
}
