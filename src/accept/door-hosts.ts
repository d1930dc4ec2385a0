/**
 * By which names the router may be called. A web page can make its own name lead to 127.0.0.1 (DNS rebinding); its
 * browser then takes the router for that page's own server, and only the `Host` header tells.
 */
import type { IncomingMessage } from 'node:http'

export interface DoorPlace {
  /** What the router was told to listen on: an address or a name. */
  readonly host: string
  readonly port: number
  readonly isLoopback: boolean
  /** Address literals, IPv6 in brackets. */
  readonly isIpAddress: (host: string) => boolean
}

export interface KnownHosts {
  has(host: string): boolean
}

const OWN_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

export function createKnownHosts(place: DoorPlace, policyHosts: readonly string[]): KnownHosts {
  const bound = bracketed(place.host.toLowerCase())
  const own = [...OWN_NAMES, bound]
  // What nearly every request says; a look into one set and no more.
  const exact = new Set(own.flatMap((name) => [name, `${name}:${place.port}`]))
  // A proxy in front, or a published port of a container, may have another port than ours.
  const withAnyPort = new Set(policyHosts.map((name) => name.toLowerCase()))
  if (!place.isLoopback) for (const name of own) withAnyPort.add(name)

  function hasWithPort(host: string): boolean {
    if (exact.has(host)) return true
    const name = withoutPort(host)
    if (name === null) return false
    // Names of such a machine cannot all be known. An address cannot be made to lead elsewhere than it says.
    return withAnyPort.has(name) || (!place.isLoopback && isPlainAddress(name, place))
  }

  return { has: (host) => exact.has(host) || hasWithPort(host.toLowerCase()) }
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

const PORT = /^\d{1,5}$/

function withoutPort(host: string): string | null {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  if (colon === -1) return host
  return PORT.test(host.slice(colon + 1)) ? host.slice(0, colon) : null
}

function isPlainAddress(name: string, place: DoorPlace): boolean {
  const isBracketed = name.startsWith('[') && name.endsWith(']')
  return isBracketed === name.includes(':') && place.isIpAddress(name)
}

/**
 * The one `Host` of a request, from the raw headers: of several, Node keeps the first and says nothing. Null where
 * there is none, or more than one.
 */
export function hostOf({ rawHeaders }: IncomingMessage): string | null {
  let host: string | null = null
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== null) return null
    host = rawHeaders[i + 1] ?? ''
  }
  return host
}

/** `GET http://name/path`: the name in it counts as much as `Host`. Null for the usual form, a path. */
export function authorityOf(url: string): string | null {
  if (url.startsWith('/') || url === '*') return null
  const parsed = URL.parse(url)
  return parsed === null || parsed.username !== '' || parsed.password !== '' ? '' : parsed.host
}
