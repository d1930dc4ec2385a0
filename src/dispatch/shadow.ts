/** Mirrors (SPEC 8, 9.8): buffered, in the background, capped, and never in the way of real traffic. */
import type { Accepted } from '../accept/accepted.ts'
import type { Clock } from '../clock.ts'
import type { Decision, Target } from '../decide/decision.ts'
import { RouterError } from '../errors.ts'
import type { AttemptEnd } from './attempt.ts'
import { runBufferedAttempt } from './buffered-attempt.ts'
import { openGate } from './egress.ts'
import type { Fleet } from './fleet.ts'
import { outboundFor } from './outbound.ts'

export interface ShadowResult {
  readonly target: Target
  readonly startedAtEpochMs: number
  readonly totalMs: number
  readonly end: AttemptEnd
}

export interface Shadows {
  /** Null when it was not sent: the cap is reached, or the candidate is a busy local backend. */
  mirror(accepted: Accepted, decision: Decision, fleet: Fleet): Promise<ShadowResult | null>
  /** A request for a client is about to use this backend: a mirror that runs on it locally gives way. */
  readonly yieldTo: (backend: string) => void
  /** Ends what is in flight. */
  close(): void
}

/** `sheds`: the process has too much to do for what nobody waits for. */
export function createShadows(
  clock: Clock,
  maxConcurrent: () => number,
  sheds: () => boolean = () => false,
): Shadows {
  const running = new Map<AbortController, { readonly backend: string; readonly local: boolean }>()

  return {
    async mirror(accepted, decision, fleet) {
      const target = decision.shadow?.target
      if (
        target === undefined ||
        decision.label === 'local-only' ||
        running.size >= maxConcurrent() ||
        sheds()
      )
        return null
      const backend = openGate(fleet, target, decision.label)
      const local = backend.peerRule !== 'none'
      if (local && backend.inFlight > 0) return null
      const stop = new AbortController()
      running.set(stop, { backend: target.backend, local })
      try {
        const startedAtMs = clock.nowMs()
        const startedAtEpochMs = clock.epochMs()
        const outbound = outboundFor(accepted, backend, target.model, false)
        // A mirror is one call: several would exceed its cap, and one of them alone compares with nothing.
        if (outbound.choiceBodies !== undefined) return null
        const end = await runBufferedAttempt({
          backend,
          target,
          failed: [],
          outbound,
          timeouts: backend.timeouts,
          clock,
          signal: stop.signal,
        })
        if (end.result === 'aborted') return null
        return { target, startedAtEpochMs, totalMs: clock.nowMs() - startedAtMs, end }
      } catch {
        // The candidate's protocol has no form for this request: nothing was sent, nothing is learnt.
        return null
      } finally {
        running.delete(stop)
      }
    },
    yieldTo(backend) {
      if (running.size === 0) return
      for (const [stop, mirror] of running) {
        if (mirror.local && mirror.backend === backend) stop.abort(gaveWay())
      }
    },
    close() {
      for (const stop of running.keys()) stop.abort(gaveWay())
    },
  }
}

function gaveWay(): RouterError {
  return new RouterError('client_closed_request', 'The mirror gave way to real traffic.')
}
