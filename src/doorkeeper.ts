/** Stands at the door for every path: lets in, or answers itself, straight to the socket. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PREFLIGHT_HEADERS, type Door, type Visit } from './accept/door.ts'
import { createWaitingRoom } from './accept/door-wait.ts'
import type { Clock } from './clock.ts'
import { RouterError } from './errors.ts'
import { dialectOf } from './paths.ts'
import { unrouted } from './refuse.ts'
import { sendError } from './reply/reply.ts'
import { clientCodec } from './wire/codecs.ts'

export interface DoorkeeperParts {
  /** Of the policy that holds now. */
  readonly door: () => Door
  readonly clock: Clock
  /** Once for each request that was not let in. */
  readonly onTurnedAway: () => void
}

/** Null: the request has its answer, or will get it. */
export type Doorkeeper = (incoming: IncomingMessage, outgoing: ServerResponse) => Visit | null

export function createDoorkeeper({ door, clock, onTurnedAway }: DoorkeeperParts): Doorkeeper {
  const room = createWaitingRoom(clock)

  function turnAway(incoming: IncomingMessage, outgoing: ServerResponse, refusal: RouterError): void {
    onTurnedAway()
    if (hasMuchToSay(incoming)) outgoing.setHeader('connection', 'close')
    if (refusal.code === 'invalid_api_key') outgoing.setHeader('www-authenticate', 'Bearer')
    const answer = (error: RouterError): void => {
      // Whoever was told already that the request is broken is not told a second thing.
      if (!incoming.socket.writable) return
      sendError(outgoing, error, unrouted(), clientCodec(dialectOf(pathOf(incoming.url))))
    }
    if (refusal.code === 'invalid_api_key') {
      if (!room.wait(() => answer(refusal))) answer(tooManyTries())
    } else if (isOpenEnded(incoming)) {
      // A body that Node cannot read is noticed within this turn, and answered by the server.
      setImmediate(() => answer(refusal))
    } else answer(refusal)
  }

  return (incoming, outgoing) => {
    const visit = door().admit(incoming)
    if (visit.cors !== null) {
      for (const [name, value] of Object.entries(visit.cors)) outgoing.setHeader(name, value)
    }
    if (visit.refusal !== null) {
      turnAway(incoming, outgoing, visit.refusal)
      return null
    }
    if (visit.isPreflight) {
      outgoing.writeHead(204, PREFLIGHT_HEADERS).end()
      return null
    }
    // Whoever asks before sending the body (`Expect: 100-continue`) is told to send it only now. Node hands no other
    // expectation on (server.ts).
    if (incoming.headers.expect !== undefined && incoming.httpVersion === '1.1') outgoing.writeContinue()
    return visit
  }
}

/** A body up to this is taken in and thrown away, so that the connection can be used again. */
const MOST_THROWN_AWAY_BYTES = 1_048_576

function hasMuchToSay(incoming: IncomingMessage): boolean {
  const length = Number(incoming.headers['content-length'] ?? 0)
  return isOpenEnded(incoming) || incoming.headers.expect !== undefined || length > MOST_THROWN_AWAY_BYTES
}

function isOpenEnded({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined
}

/** Without the query, and without the name of a server where the request names one. */
export function pathOf(url = ''): string {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  return path.startsWith('/') ? path : (URL.parse(path)?.pathname ?? path)
}

function tooManyTries(): RouterError {
  return new RouterError('rate_limit_exceeded', 'Too many requests with no valid client key.', {
    retryAfterSeconds: 1,
  })
}
