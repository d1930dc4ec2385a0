/** What holds between parts of the file: names that must exist, orders that must be kept, pairs that must differ. */
import { EMBEDDINGS_ROUTE } from '../decide/embedding.ts'
import { isIpAddress, isPrivateAddress } from '../dispatch/address.ts'
import { checkAbilities, namesModel, onlyEmbeds } from './abilities.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Finding, KeyPath } from './problem.ts'
import { asList, asMap, asNames, own, type RawMap } from './raw.ts'

const HOSTED_TYPES: ReadonlySet<unknown> = new Set(['openai', 'anthropic', 'sarmalink'])

function wrong(path: KeyPath, message: string, suggestion?: string): Finding {
  return { path, at: 'value', message, suggestion }
}

/** What metrics and headers say when there is no backend or no route. */
const RESERVED_LABEL = 'none'
const RESERVED_MESSAGE = 'is what metrics and headers say when there is none; use another name'

function checkBackend(name: string, raw: unknown): readonly Finding[] {
  const path = ['backends', name]
  const findings: Finding[] = []
  if (name === 'auto') {
    findings.push({
      path,
      at: 'key',
      message: '"auto" is what clients send to let the policy decide; use another name',
    })
  }
  if (name === RESERVED_LABEL) findings.push({ path, at: 'key', message: RESERVED_MESSAGE })
  const backend = asMap(raw)
  if (backend === null) return findings
  const type = own(backend, 'type')
  if (type === 'openai-compatible' && own(backend, 'endpoint') === undefined) {
    findings.push(
      wrong([...path, 'endpoint'], 'is required for type openai-compatible, e.g. http://127.0.0.1:8080/v1'),
    )
  }
  findings.push(...checkAttest(backend, path), ...checkAbilities(backend, path))
  if (type !== 'demo' && !namesModel(backend)) {
    findings.push({
      path,
      at: 'key',
      message: 'has no model; give it `families`, `model`, `models` or `embeddings`',
    })
  }
  if (type !== 'demo' && typeof type === 'string' && own(backend, 'demo') !== undefined) {
    findings.push({
      path: [...path, 'demo'],
      at: 'key',
      message: `is for type demo only, not for type ${type.slice(0, 32)}`,
    })
  }
  return findings
}

/** An attested server must be reached at a private address, so a public one could never be used. */
function checkAttest(backend: RawMap, path: KeyPath): readonly Finding[] {
  if (own(backend, 'attest') !== 'local') return []
  const endpoint = own(backend, 'endpoint')
  const isVendorsOwn = endpoint === undefined && HOSTED_TYPES.has(own(backend, 'type'))
  const host = typeof endpoint === 'string' ? URL.parse(endpoint)?.hostname : undefined
  const isPublic = host !== undefined && isIpAddress(host) && !isPrivateAddress(host)
  if (!isVendorsOwn && !isPublic) return []
  const message =
    'cannot hold: the endpoint is not at a private address, so every connection would be refused'
  return [wrong([...path, 'attest'], message)]
}

const MAKES_VECTORS = 'makes vectors and answers nothing: it has only `embeddings`; give it a `model`'

/** Of a backend that is not there, or cannot take what is asked of it here. */
type KnownBackend = (path: KeyPath, name: string) => readonly Finding[]

function checkFallback(route: RawMap, path: KeyPath, isKnown: KnownBackend): readonly Finding[] {
  const primary = own(route, 'backend') ?? own(route, 'default')
  const seen = new Set<string>()
  return asNames(own(route, 'fallback')).flatMap(({ name, at }) => {
    const place = [...path, 'fallback', ...at]
    const findings = [...isKnown(place, name)]
    if (name === primary)
      findings.push(wrong(place, 'is the backend it would stand in for; name another or leave it out'))
    else if (seen.has(name)) findings.push(wrong(place, 'is in this list already'))
    seen.add(name)
    return findings
  })
}

function checkRoute(raw: unknown, path: KeyPath, isKnown: KnownBackend): readonly Finding[] {
  const route = asMap(raw)
  if (route === null) return []
  const findings = (['backend', 'default'] as const).flatMap((key) => {
    const name = own(route, key)
    return typeof name === 'string' ? isKnown([...path, key], name) : []
  })
  findings.push(...checkFallback(route, path, isKnown))
  const tokens = asMap(own(asMap(own(route, 'match')), 'tokens'))
  const [min, max] = [own(tokens, 'min'), own(tokens, 'max')]
  if (typeof min === 'number' && typeof max === 'number' && min > max) {
    findings.push(
      wrong([...path, 'match', 'tokens'], `min ${min} is above max ${max}, so nothing would match`),
    )
  }
  return findings
}

function isDefault(route: unknown): boolean {
  return own(asMap(route), 'default') !== undefined
}

/** `default` closes the list: there must be one, only one, and nothing behind it. */
function checkDefault(routes: readonly unknown[]): readonly Finding[] {
  if (routes.length === 0) return []
  const places = routes.flatMap((route, index) => (isDefault(route) ? [index] : []))
  const [first, ...more] = places
  const last = asMap(routes.at(-1))
  // An entry of neither form is a `default` gone wrong, and told where it stands.
  const isNeither = last !== null && own(last, 'match') === undefined && own(last, 'backend') === undefined
  if (first === undefined && isNeither) return []
  if (first === undefined) {
    const message = 'has no default; end the list with an entry like `- default: local`'
    return [{ path: ['routes'], at: 'key', message }]
  }
  const findings: Finding[] = more.map((index) => ({
    path: ['routes', index, 'default'],
    at: 'key',
    message: `a second default; routes[${first}] is one already`,
  }))
  if (more.length === 0 && first !== routes.length - 1) {
    const message = 'must be the last entry; the routes below it would never be reached'
    findings.push({ path: ['routes', first, 'default'], at: 'key', message })
  }
  return findings
}

/** Names are labels in metrics and answers, so no two routes may share one, given or made. */
export function routeName(route: unknown, index: number): string {
  const given = own(asMap(route), 'name')
  if (typeof given === 'string') return given
  return isDefault(route) ? 'default' : `route-${index + 1}`
}

/** Names that the router itself gives. */
const OWN_ROUTES: ReadonlyMap<string, string> = new Map([
  ['pinned', 'a target that the client chose'],
  [EMBEDDINGS_ROUTE, 'requests for embeddings'],
])

function checkRouteNames(routes: readonly unknown[]): readonly Finding[] {
  const owners = new Map<string, number>([...OWN_ROUTES.keys()].map((name) => [name, -1]))
  return routes.flatMap((route, index) => {
    const name = routeName(route, index)
    if (name === RESERVED_LABEL) return [wrong(['routes', index, 'name'], RESERVED_MESSAGE)]
    const owner = owners.get(name)
    if (owner === undefined) {
      owners.set(name, index)
      return []
    }
    const message =
      owner === -1 ? `means ${OWN_ROUTES.get(name)}; use another name` : `is the name of routes[${owner}] too`
    return [wrong(['routes', index, 'name'], message)]
  })
}

function checkCandidates(ab: RawMap | null, isKnown: KnownBackend): readonly Finding[] {
  return Object.entries(asMap(own(ab, 'candidates')) ?? {}).flatMap(([primary, candidate]) => {
    const path = ['ab', 'candidates', primary]
    const findings: Finding[] = isKnown(path, primary).map((finding) => ({ ...finding, at: 'key' }))
    if (typeof candidate !== 'string') return findings
    if (candidate === primary)
      findings.push(wrong(path, 'would be compared with itself; name another backend'))
    else findings.push(...isKnown(path, candidate))
    return findings
  })
}

/** Two clients with one key could not be told apart; an empty list must not be taken for a locked door. */
function checkClients(clients: RawMap | null): readonly Finding[] {
  if (clients === null) return []
  if (Object.keys(clients).length === 0) {
    const message = 'names no client, so no key would be needed; name one (`llr key`), or leave this out'
    return [{ path: ['clients'], at: 'key', message }]
  }
  const owners = new Map<unknown, string>()
  return Object.entries(clients).flatMap(([name, client]) => {
    const hash = own(asMap(client), 'keyHash')
    const owner = owners.get(hash)
    if (owner === undefined) owners.set(hash, name)
    return owner === undefined || hash === undefined
      ? []
      : [wrong(['clients', name, 'keyHash'], `is the key of ${owner} too; give each client its own`)]
  })
}

export function checkReferences(root: unknown): readonly Finding[] {
  const file = asMap(root)
  const backends = asMap(own(file, 'backends'))
  const names = Object.keys(backends ?? {})
  // Without any backend every name would be unknown; that there are none is the one thing to say.
  const isKnown: KnownBackend = (path, name) => {
    if (names.length === 0) return []
    if (names.includes(name)) return onlyEmbeds(own(backends, name)) ? [wrong(path, MAKES_VECTORS)] : []
    const there = `there ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, 20).join(', ')}`
    return [wrong(path, `no backend of this name; ${there}`, didYouMean(name, names))]
  }

  const routes = asList(own(file, 'routes'))
  const findings = Object.entries(backends ?? {}).flatMap(([name, backend]) => checkBackend(name, backend))
  if (backends !== null && names.length === 0) {
    findings.push({ path: ['backends'], at: 'key', message: 'names no backend; give at least one' })
  }
  return [
    ...findings,
    ...routes.flatMap((route, index) => checkRoute(route, ['routes', index], isKnown)),
    ...checkDefault(routes),
    ...checkRouteNames(routes),
    ...checkCandidates(asMap(own(file, 'ab')), isKnown),
    ...checkClients(asMap(own(file, 'clients'))),
  ]
}
