import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ClientCodec } from '../wire/codec.ts'
import type { Accepted } from './accepted.ts'
import { readBody } from './read-body.ts'
import type { Limits } from './settings.ts'
import { parseBody } from './strict-json.ts'

export interface Arrival {
  readonly id: string
  readonly receivedAtEpochMs: number
  readonly receivedAtMs: number
}

/** Reads, bounds, parses and translates one request. Throws RouterError with a 4xx code and nothing else. */
export async function accept(
  incoming: IncomingMessage,
  arrival: Arrival,
  codec: ClientCodec,
  settings: { readonly limits: Limits; readonly clock: Clock },
): Promise<Accepted> {
  const bytes = await readBody(incoming, settings.limits, settings.clock)
  const body = parseBody(bytes, settings.limits.maxDepth)
  return {
    ...arrival,
    protocol: codec.protocol,
    body,
    request: codec.decodeRequest(body),
    markedSensitive: isMarkedSensitive(incoming.headers['x-llr-sensitivity']),
  }
}

/** Values that say nothing: the content decides. */
const UNMARKED: ReadonlySet<string> = new Set(['', 'normal', 'low'])

/**
 * Node joins repeated headers with commas: one `high` among them is enough, no other value takes it back. What is
 * neither counts as high: a mark that is misspelt must not fail open.
 */
function isMarkedSensitive(header: string | readonly string[] | undefined): boolean {
  if (header === undefined) return false
  const values = typeof header === 'string' ? header.split(',') : header
  return values.some((value) => !UNMARKED.has(value.trim().toLowerCase()))
}
