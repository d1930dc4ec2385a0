/** What is allowed and yet hardly meant: said at start and by `llr check`, never in the way of a start. */
import { TASKS } from '../classify/classification.ts'
import { taskMatches } from '../decide/match.ts'
import type { Match, Policy, Route } from '../decide/policy.ts'
import type { Connection } from '../dispatch/backend.ts'
import type { Settings } from './resolve.ts'

function tasksOf(match: Match): readonly string[] {
  const { task } = match
  return task === undefined ? TASKS : TASKS.filter((one) => taskMatches(task, one))
}

function within(inner: readonly string[] | undefined, outer: readonly string[] | undefined): boolean {
  if (outer === undefined) return true
  return inner !== undefined && inner.every((value) => outer.includes(value))
}

/** Does `earlier` take everything that `later` would? */
function covers(earlier: Match, later: Match): boolean {
  const { tokens } = earlier
  return (
    within(tasksOf(later), tasksOf(earlier)) &&
    within(later.complexity, earlier.complexity) &&
    within(later.sensitivity, earlier.sensitivity) &&
    within(later.modality, earlier.modality) &&
    within(later.family, earlier.family) &&
    (tokens === undefined ||
      (later.tokens !== undefined && tokens.min <= later.tokens.min && later.tokens.max <= tokens.max))
  )
}

function unreachable(routes: readonly Route[]): readonly string[] {
  return routes.flatMap((route, index) => {
    const taker = routes
      .slice(0, index)
      .find((earlier) => earlier.match !== null && covers(earlier.match, route.match ?? {}))
    if (taker === undefined) return []
    return [`route ${route.name} is never reached: ${taker.name}, above it, takes everything it would`]
  })
}

/** A guess from the file alone: at run time locality is proven, not guessed. */
function mayBeLocal(connection: Connection | undefined): boolean {
  if (connection === undefined) return false
  return connection.attest === 'local' || connection.type === 'ollama' || connection.type === 'demo'
}

function neverPrivate(settings: Settings, route: Route): readonly string[] {
  const onlySensitive = route.match?.sensitivity?.every((value) => value === 'high') ?? false
  if (!onlySensitive || settings.policy.privacy.allowRemote) return []
  return [route.backend, ...route.fallback]
    .filter((name) => !mayBeLocal(settings.connections[name]))
    .map(
      (name) =>
        `route ${route.name}: ${name} is not local and will never be given its sensitive requests; ` +
        `if it does run on machines of yours, give it \`attest: local\``,
    )
}

function idleBudget(route: Route): readonly string[] {
  const hasBudget = route.latencyBudgetMs !== null || route.firstTokenBudgetMs !== null
  return hasBudget && route.fallback.length === 0
    ? [`route ${route.name}: a latency budget without a fallback changes nothing`]
    : []
}

function idleAb({ ab }: Policy): readonly string[] {
  if (!ab.enabled) return []
  if (Object.keys(ab.candidates).length === 0) return ['ab is enabled, but names no candidates']
  return ab.sampleRate === 0 ? ['ab is enabled, but sampleRate 0 mirrors nothing'] : []
}

/** Its native API stands at the root; `/v1` is its OpenAI-compatible one. */
function strayPath([name, { type, endpoint }]: readonly [string, Connection]): readonly string[] {
  return type === 'ollama' && endpoint !== undefined && /\/v1\/?$/.test(endpoint)
    ? [`backends.${name}.endpoint: Ollama's own API has no /v1; leave it out, or use type openai-compatible`]
    : []
}

const OTHERS_MAY_WRITE = 0o002
const OTHERS_MAY_READ = 0o004

/** By the permissions of the policy's file, where the system has such. */
export function fileWarnings(mode: number, { clients }: Settings): readonly string[] {
  if (process.platform === 'win32') return []
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    return ['every user of this machine may change the policy, and so where private requests go: chmod o-w']
  }
  // Hashes of random keys give nothing away, but who the clients are is nobody's business.
  return (mode & OTHERS_MAY_READ) !== 0 && Object.keys(clients).length > 0
    ? ['every user of this machine may read the policy, which names the clients: chmod o-r']
    : []
}

export function warningsOf(settings: Settings): readonly string[] {
  const { policy } = settings
  const remote = policy.privacy.allowRemote
    ? ['privacy.allowRemote is true: sensitive requests may leave this machine']
    : []
  return [
    ...remote,
    ...Object.entries(settings.connections).flatMap(strayPath),
    ...unreachable(policy.routes),
    ...policy.routes.flatMap((route) => [...neverPrivate(settings, route), ...idleBudget(route)]),
    ...idleAb(policy),
  ]
}
