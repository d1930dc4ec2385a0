/**
 * The front door: what is told from the headers alone, for every path, before a byte of the body is read. Is the
 * router called by a name of its own, does no foreign web page ask, and does whoever asks have a key.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { RouterError } from '../errors.ts'
import { createClientKeys } from './client-keys.ts'
import { authorityOf, createKnownHosts, hostOf, type DoorPlace } from './door-hosts.ts'
import type { Clients, ServerSettings } from './settings.ts'

export interface Visit {
  /** Null: come in. */
  readonly refusal: RouterError | null
  /** Whose key it was; null where none is needed, or none was given to a path that needs none. */
  readonly client: string | null
  /** May be told of backends and policy, not only that the router lives. */
  readonly isTrusted: boolean
  /** Headers that a browser must see on every answer, for a page whose origin the policy allows. */
  readonly cors: Readonly<Record<string, string>> | null
  /** The browser only asks whether it may ask. */
  readonly isPreflight: boolean
}

export interface Door {
  admit(incoming: IncomingMessage): Visit
}

/** What needs no key: these say that the router lives and takes requests, and to a stranger no more. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready'])

export function createDoor(
  settings: { readonly server: ServerSettings; readonly clients: Clients },
  place: DoorPlace,
): Door {
  const hosts = createKnownHosts(place, settings.server.hosts)
  const origins = new Map(settings.server.origins.map((origin) => [origin, corsHeaders(origin)]))
  const keys = createClientKeys(settings.clients)

  function refusedHost(incoming: IncomingMessage, host: string | null): boolean {
    if (host === null || !hosts.has(host)) return true
    const authority = authorityOf(incoming.url ?? '')
    return authority !== null && !hosts.has(authority)
  }

  return {
    admit(incoming) {
      const host = hostOf(incoming)
      if (host === null || refusedHost(incoming, host)) return turnedAway(unknownHost())
      const { headers } = incoming
      const { origin } = headers
      const cors = origin === undefined ? null : (origins.get(origin) ?? null)
      if (cors === null && isForeign(incoming, host)) return turnedAway(foreignPage())
      if (cors !== null && isPreflight(incoming)) return { ...WELCOME, cors, isPreflight: true }
      if (isPacked(headers)) return turnedAway(packed(), cors)
      if (keys === null) return cors === null ? WELCOME : { ...WELCOME, cors }
      const client = keys.clientOf(headers)
      if (client === null && !isLiveness(incoming)) return turnedAway(unknownKey(), cors)
      return { refusal: null, client, isTrusted: client !== null, cors, isPreflight: false }
    },
  }
}

/** Of most requests; made once. */
const WELCOME: Visit = { refusal: null, client: null, isTrusted: true, cors: null, isPreflight: false }

function turnedAway(refusal: RouterError, cors: Visit['cors'] = null): Visit {
  return { refusal, client: null, isTrusted: false, cors, isPreflight: false }
}

/** A page on another server, a file, a frame without an origin (`null`). Programs send neither header. */
function isForeign({ headers }: IncomingMessage, host: string): boolean {
  const { origin } = headers
  if (origin !== undefined) return origin !== `http://${host}` && origin !== `https://${host}`
  const site = headers['sec-fetch-site']
  return site !== undefined && site.includes('cross-site')
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

function isLiveness({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && OPEN_PATHS.has(url.split('?', 1)[0] ?? '')
}

/** Node undoes chunks and leaves everything else packed, as if it were not (`Transfer-Encoding: gzip, chunked`). */
function isPacked({ 'transfer-encoding': coding }: IncomingHttpHeaders): boolean {
  return coding !== undefined && coding.toLowerCase() !== 'chunked'
}

/** `*` does not cover `authorization` (Fetch, CORS-unsafe request-header names). Cookies are never allowed. */
function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': '*', vary: 'origin' }
}

export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
  'access-control-allow-headers': 'authorization, *',
  'access-control-max-age': '600',
}

function unknownHost(): RouterError {
  return new RouterError(
    'not_allowed',
    'The Host header is missing, doubled, or no name of this router. If it is one, add it to `server.hosts` in the policy.',
  )
}

function foreignPage(): RouterError {
  return new RouterError(
    'not_allowed',
    'This request comes from a web page that may not use the router. If it may, add its origin to `server.origins` in the policy.',
  )
}

function packed(): RouterError {
  return new RouterError(
    'invalid_value',
    'Send the body uncompressed, and with no other Transfer-Encoding than chunked.',
  )
}

/** The same for no key, a wrong one, and one in a wrong form. */
function unknownKey(): RouterError {
  return new RouterError(
    'invalid_api_key',
    'This router needs a client key that it knows, as "Authorization: Bearer KEY" or "x-api-key: KEY".',
  )
}
