/** How long the client will wait, where it says so: no try of ours may outlive that. */
import type { IncomingHttpHeaders } from 'node:http'

const LONGEST_MS = 86_400_000

/**
 * Milliseconds from the request's arrival, or null. `x-request-timeout-ms` is the general word for it; the SDKs of
 * OpenAI and Anthropic send `x-stainless-timeout`, in seconds, the time after which they give this try up.
 */
export function readDeadlineMs(headers: IncomingHttpHeaders): number | null {
  const own = readNumber(headers['x-request-timeout-ms'], 1)
  const sdks = readNumber(headers['x-stainless-timeout'], 1000)
  if (own === null || sdks === null) return own ?? sdks
  return Math.min(own, sdks)
}

/** What is no positive number is no wish at all: a client with an odd header is served as without it. */
function readNumber(header: string | readonly string[] | undefined, unitMs: number): number | null {
  if (typeof header !== 'string' || !/^\d{1,10}(?:\.\d{1,6})?$/.test(header.trim())) return null
  const milliseconds = Math.ceil(Number(header) * unitMs)
  return milliseconds === 0 ? null : Math.min(milliseconds, LONGEST_MS)
}
