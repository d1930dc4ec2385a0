/** Who a request is from, by the key it carries. Only hashes are held: a key that leaks did not leak from here. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Clients } from './settings.ts'

const ALGORITHM = 'sha256'
/** How a policy writes the hash of a key, and `llr key` prints it. */
const PREFIX = 'sha256:'

export interface ClientKeys {
  /** The client whose key this is; null for no key, and for one that is nobody's. */
  clientOf(headers: IncomingHttpHeaders): string | null
}

export function hashOfKey(key: string): string {
  return PREFIX + hash(ALGORITHM, key, 'hex')
}

/** Null where the policy names no client: then nobody needs a key. */
export function createClientKeys(clients: Clients): ClientKeys | null {
  const names = Object.keys(clients)
  if (names.length === 0) return null
  const digests = Object.values(clients).map(({ keyHash }) =>
    Buffer.from(keyHash.slice(PREFIX.length), 'hex'),
  )

  /** Every digest is looked at, found or not, and each compared in constant time: how long it takes tells nothing. */
  function ownerOf(key: string): string | null {
    const digest = hash(ALGORITHM, key, 'buffer')
    let owner = -1
    for (const [index, other] of digests.entries()) owner = timingSafeEqual(digest, other) ? index : owner
    return names[owner] ?? null
  }

  return {
    clientOf({ authorization, 'x-api-key': apiKey }) {
      // Anthropic's clients send the one or the other, and agents that are given both send both.
      const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
      const owner = bearer === undefined ? null : ownerOf(bearer)
      return owner ?? (typeof apiKey === 'string' && apiKey !== '' ? ownerOf(apiKey) : null)
    },
  }
}

const BEARER = /^bearer +(\S+) *$/i
