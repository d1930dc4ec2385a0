import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ClientCodec } from '../wire/codec.ts'
import { expandReferences, type StoredTurns } from '../wire/responses/references.ts'
import type { Accepted } from './accepted.ts'
import { readDeadlineMs } from './deadline.ts'
import { readBody } from './read-body.ts'
import type { Limits } from './settings.ts'
import { parseBody } from './strict-json.ts'

export interface Arrival {
  readonly id: string
  readonly receivedAtEpochMs: number
  readonly receivedAtMs: number
}

export interface AcceptSettings {
  readonly limits: Limits
  readonly clock: Clock
  /** Where references to earlier turns lead. */
  readonly turns: StoredTurns
  /** Only the tokens of the request are wanted. */
  readonly counts: boolean
}

/** Reads, bounds, parses and translates one request. Throws RouterError with a 4xx code and nothing else. */
export async function accept(
  incoming: IncomingMessage,
  arrival: Arrival,
  codec: ClientCodec,
  settings: AcceptSettings,
): Promise<Accepted> {
  const { limits, clock, turns, counts } = settings
  const bytes = await readBody(incoming, limits, clock, codec.acceptsUntypedBody === true)
  const sent = parseBody(bytes, limits.maxDepth)
  const expanded = codec.protocol === 'responses' ? await expandReferences(sent, turns) : null
  const whole = expanded?.body ?? sent
  // What is not kept must not be promised: the answer echoes this.
  const body = expanded !== null && !turns.isKeeping() ? { ...whole, store: false } : whole
  const decoder = counts ? (codec.tokenCount ?? codec) : codec
  return {
    ...arrival,
    protocol: codec.protocol,
    body,
    request: decoder.decodeRequest(body),
    newItems: expanded?.newItems ?? null,
    markedSensitive: expanded?.sensitive === true || isMarkedSensitive(incoming.headers['x-llr-sensitivity']),
    deadlineMs: readDeadlineMs(incoming.headers),
    priority: incoming.headers['x-llr-priority'] === 'batch' ? 'batch' : 'interactive',
    betas: readBetas(incoming.headers['anthropic-beta']),
  }
}

const BETA = /^[a-z0-9-]{1,64}$/
const MOST_BETAS = 32

/** Names of features, and nothing that is not one: client headers are never forwarded (DESIGN 2.3). */
function readBetas(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return NO_BETAS
  const values = typeof header === 'string' ? header.split(',') : header
  return values
    .map((value) => value.trim())
    .filter((value) => BETA.test(value))
    .slice(0, MOST_BETAS)
}

const NO_BETAS: readonly string[] = []

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
