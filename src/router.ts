/** The way of a request, on one screen: accept → classify → decide → dispatch → reply, and record behind it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { askOf } from './ask.ts'
import { accept, type Arrival } from './accept/accept.ts'
import type { Accepted } from './accept/accepted.ts'
import { createRequestId } from './accept/request-id.ts'
import { classify } from './classify/classify.ts'
import type { Classification } from './classify/classification.ts'
import type { Clock } from './clock.ts'
import { decide } from './decide/decide.ts'
import type { Decision } from './decide/decision.ts'
import type { Departures } from './departures.ts'
import { dispatch } from './dispatch/dispatch.ts'
import type { Priority } from './dispatch/admission-queue.ts'
import type { Guards } from './dispatch/guards.ts'
import type { Attempt, Outcome } from './dispatch/outcome.ts'
import type { Shadows } from './dispatch/shadow.ts'
import { RouterError } from './errors.ts'
import { keepTurn } from './keep-turn.ts'
import { toRequestRecord, toShadowRecord } from './record/from-outcome.ts'
import type { LatencyBook } from './record/latency.ts'
import type { Metrics } from './record/prometheus.ts'
import type { Recorder } from './record/recorder.ts'
import type { ResponseStore } from './record/response-store.ts'
import { turnsOf } from './record/response-store-client.ts'
import type { Explanation } from './reply/headers.ts'
import { headersFor, replyContext, sendAnswer, sendError, sendOwnAnswer } from './reply/reply.ts'
import { tooMuchToDo } from './overload.ts'
import { createStreamReply, type StreamReply } from './reply/stream-reply.ts'
import type { Snapshot } from './snapshot.ts'
import { createView } from './view.ts'
import type { ClientCodec } from './wire/codec.ts'
import { clientCodec, type ClientProtocol } from './wire/codecs.ts'

export interface RouterParts {
  readonly clock: Clock
  readonly recorder: Recorder
  readonly latency: LatencyBook
  readonly metrics: Metrics
  readonly shadows: Shadows
  readonly guards: Guards
  readonly random: () => number
  /** Whether requests of this class are turned away, because the process itself has too much to do. */
  readonly sheds: (priority: Priority) => boolean
  readonly departures: Departures
  /** Turns of the Responses API that clients may refer back to. */
  readonly turns: ResponseStore
  /** Told of defects of ours only; never of request text. */
  readonly onDefect: (requestId: string, error: unknown) => void
}

/** What a path asks for: an answer in its protocol, or only the size of what is asked. */
export interface Endpoint {
  readonly protocol: ClientProtocol
  readonly counts?: boolean
}

export interface Router {
  /** `client`: who the door let in, where clients need keys. */
  handle(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    endpoint: Endpoint,
    client: string | null,
  ): Promise<void>
}

/** Everything known of one request so far; errors are explained from it. */
interface Passage {
  readonly arrival: Arrival
  readonly snapshot: Snapshot
  readonly endpoint: Endpoint
  readonly codec: ClientCodec
  readonly outgoing: ServerResponse
  /** Those of the client. */
  readonly turns: ResponseStore
  accepted: Accepted | null
  classification: Classification | null
  decision: Decision | null
  failed: readonly Attempt[]
}

export function createRouter(parts: RouterParts, current: () => Snapshot): Router {
  const { clock } = parts

  async function route(incoming: IncomingMessage, passage: Passage): Promise<void> {
    const { snapshot, arrival, codec, outgoing, endpoint, turns } = passage
    const { config, fleet } = snapshot
    const { limits } = config
    const counts = endpoint.counts === true
    if (parts.sheds('interactive')) throw tooMuchToDo()
    const accepted = await accept(incoming, arrival, codec, { limits, clock, turns, counts })
    passage.accepted = accepted
    if (parts.sheds(accepted.priority)) throw tooMuchToDo()
    const { ready } = accepted.request
    if (ready !== undefined) {
      const answer = ready(Math.floor(clock.epochMs() / 1000))
      return sendOwnAnswer(outgoing, answer, explanationOf(passage, null), codec)
    }

    const classification = classify(accepted, config.classify)
    passage.classification = classification
    if (counts) {
      const count = codec.tokenCount?.encodeReply(classification.tokens) ?? ''
      return sendOwnAnswer(outgoing, count, explanationOf(passage, null), codec)
    }

    // Proofs are renewed in the background; a private request does not wait for the next round if one lapsed.
    if (classification.sensitivity === 'high') await fleet.locality.refresh()
    const decision = decide(classification, askOf(accepted), config.policy, createView(fleet, parts.latency))
    passage.decision = decision
    if (decision.refusal !== null) {
      parts.recorder.record(toRequestRecord(accepted, classification, decision, null))
      throw new RouterError(decision.refusal.code, decision.refusal.message)
    }

    const sink = accepted.request.stream ? streamReply(passage, accepted, classification, decision) : null
    const signal = parts.departures.watch(outgoing)
    const { guards, random } = parts
    const { yieldTo } = parts.shadows
    const deadlineMs = accepted.deadlineMs === null ? null : accepted.receivedAtMs + accepted.deadlineMs
    const outcome = await dispatch({
      accepted,
      decision,
      fleet,
      guards,
      clock,
      random,
      sink,
      signal,
      deadlineMs,
      yieldTo,
    })
    passage.failed = outcome.attempts.filter((attempt) => attempt.result !== 'success')
    for (const { error } of passage.failed) {
      if (error?.code === 'internal_error') parts.onDefect(accepted.id, error.cause ?? error)
    }

    if (outcome.answer !== null) {
      const { answer } = outcome
      const context = replyContext(accepted, classification, answer.target.model, clock)
      const sent = sendAnswer(outgoing, answer, explanationOf(passage, answer.target), { codec, context })
      keepTurn(turns, accepted, classification, sent.toString('utf8'))
    } else if (outcome.committed) {
      keepTurn(turns, accepted, classification, sink?.answer() ?? null)
    } else if (outcome.error !== null) {
      if (sink?.isOpen() === true) sink.fail(outcome.error)
      else sendError(outgoing, outcome.error, explanationOf(passage, null), codec)
    }
    // Neither an answer nor an error can reach a client that left, or one that takes nothing.
    if (outcome.error?.code === 'client_closed_request') outgoing.destroy()
    remember(passage, accepted, classification, outcome)
  }

  /** Behind the reply: the record, and the mirror that the client neither waits for nor sees. */
  function remember(
    passage: Passage,
    accepted: Accepted,
    classification: Classification,
    outcome: Outcome,
  ): void {
    const { snapshot, decision } = passage
    if (decision === null) return
    parts.recorder.record(toRequestRecord(accepted, classification, decision, outcome))
    const primary = outcome.attempts.find(({ sent }) => sent)
    if (decision.shadow === null || primary === undefined || outcome.result === 'aborted') return
    if (primary.target.backend !== decision.shadow.primary) return
    snapshot.enter()
    void parts.shadows
      .mirror(accepted, decision, snapshot.fleet)
      .then((shadow) => {
        if (shadow === null) parts.metrics.shadowSkipped(decision.shadow?.target.backend ?? '')
        else parts.recorder.recordShadow(toShadowRecord(accepted, primary, outcome, shadow))
      })
      .catch((error: unknown) => parts.onDefect(accepted.id, error))
      .finally(() => snapshot.leave())
  }

  function streamReply(
    passage: Passage,
    accepted: Accepted,
    classification: Classification,
    decision: Decision,
  ): StreamReply {
    return createStreamReply({
      response: passage.outgoing,
      codec: passage.codec,
      contextOf: (target) => replyContext(accepted, classification, target.model, clock),
      headersOf: (target, failed) =>
        headersFor(passage.codec, { requestId: accepted.id, classification, decision, target, failed }),
      startedAtMs: accepted.receivedAtMs,
      clock,
    })
  }

  return {
    async handle(incoming, outgoing, endpoint, client) {
      const snapshot = current()
      const receivedAtEpochMs = clock.epochMs()
      const arrival = {
        id: createRequestId(receivedAtEpochMs),
        receivedAtEpochMs,
        receivedAtMs: clock.nowMs(),
      }
      const codec = clientCodec(endpoint.protocol)
      const passage: Passage = {
        arrival,
        snapshot,
        endpoint,
        codec,
        outgoing,
        turns: turnsOf(parts.turns, client),
        accepted: null,
        classification: null,
        decision: null,
        failed: [],
      }
      snapshot.enter()
      parts.metrics.requestStarted()
      try {
        await route(incoming, passage)
      } catch (error) {
        const known = error instanceof RouterError ? error : defect(arrival.id, error)
        if (passage.decision === null) parts.metrics.requestRefused()
        sendError(outgoing, known, explanationOf(passage, null), codec)
      } finally {
        parts.metrics.requestEnded()
        snapshot.leave()
      }
    },
  }

  function defect(requestId: string, error: unknown): RouterError {
    parts.onDefect(requestId, error)
    return new RouterError('internal_error', `The router failed on this request (${requestId}).`)
  }
}

function explanationOf(passage: Passage, target: Explanation['target']): Explanation {
  const { arrival, classification, decision, failed } = passage
  return { requestId: arrival.id, classification, decision, target, failed }
}
