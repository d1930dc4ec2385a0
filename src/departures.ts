import type { ServerResponse } from 'node:http'
import { RouterError } from './errors.ts'

/** Why requests end before their answer: the client leaves, or the router does. */
export interface Departures {
  /** Aborted, with a RouterError as its reason, when the client leaves or `endAll` is called. */
  watch(outgoing: ServerResponse): AbortSignal
  /** Ends every request in flight with `server_shutdown`, each in a well-formed way. */
  endAll(): void
}

export function createDepartures(): Departures {
  const watched = new Set<AbortController>()
  return {
    watch(outgoing) {
      const departure = new AbortController()
      // `close` before the answer was written is the client's leaving; `req 'close'` fires after its body.
      const onClose = (): void => {
        watched.delete(departure)
        if (!outgoing.writableFinished) {
          departure.abort(
            new RouterError('client_closed_request', 'The client left before its answer was complete.'),
          )
        }
      }
      watched.add(departure)
      if (outgoing.destroyed) onClose()
      else outgoing.once('close', onClose)
      return departure.signal
    },
    endAll() {
      for (const departure of watched) {
        departure.abort(new RouterError('server_shutdown', 'The router is shutting down.'))
      }
    },
  }
}
