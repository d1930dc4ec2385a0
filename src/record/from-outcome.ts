import type { Accepted } from '../accept/accepted.ts'
import type { Classification } from '../classify/classification.ts'
import { ERRORS } from '../errors.ts'
import type { Decision } from '../decide/decision.ts'
import type { Attempt, Outcome } from '../dispatch/outcome.ts'
import type { ShadowResult } from '../dispatch/shadow.ts'
import type { AttemptRecord, RequestRecord, ShadowRecord } from './request-record.ts'

/** What is kept of a request that was dispatched, or refused by its decision (`outcome` null). */
export function toRequestRecord(
  accepted: Accepted,
  classification: Classification,
  decision: Decision,
  outcome: Outcome | null,
): RequestRecord {
  const primary = decision.targets[0]?.backend ?? null
  const answeredBy = outcome?.answeredBy ?? null
  const usage = outcome?.usage ?? null
  return {
    requestId: accepted.id,
    receivedAtEpochMs: accepted.receivedAtEpochMs,
    protocol: accepted.protocol,
    stream: accepted.request.stream,
    task: classification.task,
    complexity: classification.complexity,
    complexityScore: classification.complexityScore,
    sensitivity: classification.sensitivity,
    findings: classification.findings,
    modality: classification.modality,
    family: classification.family,
    tokens: classification.tokens,
    label: decision.label,
    route: decision.route,
    reason: decision.reason,
    pinned: decision.pinned,
    shiftedFrom: decision.shift?.from ?? null,
    backend: answeredBy?.backend ?? null,
    model: answeredBy?.model ?? null,
    primaryBackend: primary,
    fellBack: answeredBy !== null && answeredBy.backend !== primary,
    result: outcome === null ? 'refused' : outcome.result,
    status: statusOf(decision, outcome),
    errorCode: outcome === null ? (decision.refusal?.code ?? null) : (outcome.error?.code ?? null),
    firstTokenMs: outcome?.firstTokenMs ?? null,
    totalMs: outcome?.totalMs ?? 0,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    usageSource: usage === null ? null : 'reported',
    attempts: outcome === null ? [] : outcome.attempts.filter(({ sent }) => sent).map(toAttemptRecord),
  }
}

/** The status the client saw: a stream that broke off had already said 200. */
function statusOf({ refusal }: Decision, outcome: Outcome | null): number {
  if (outcome === null) return ERRORS[refusal?.code ?? 'internal_error'].status
  return outcome.committed || outcome.opened ? 200 : (outcome.error?.status ?? 200)
}

function toAttemptRecord(attempt: Attempt): AttemptRecord {
  return {
    backend: attempt.target.backend,
    model: attempt.target.model,
    startedAtEpochMs: attempt.startedAtEpochMs,
    totalMs: attempt.totalMs,
    firstTokenMs: attempt.firstTokenMs,
    result: attempt.result,
    status: attempt.status,
    errorCode: attempt.error?.code ?? null,
  }
}

/** The pair of a mirrored call: what the primary did on the same request, and what the candidate did. */
export function toShadowRecord(
  accepted: Accepted,
  primary: Attempt,
  outcome: Outcome,
  shadow: ShadowResult,
): ShadowRecord {
  const primaryUsage = primary.result === 'success' ? outcome.usage : null
  return {
    requestId: accepted.id,
    startedAtEpochMs: shadow.startedAtEpochMs,
    primaryBackend: primary.target.backend,
    primaryModel: primary.target.model,
    primaryResult: primary.result === 'success' ? 'success' : 'failure',
    primaryTotalMs: primary.totalMs,
    primaryInputTokens: primaryUsage?.inputTokens ?? null,
    primaryOutputTokens: primaryUsage?.outputTokens ?? null,
    stream: accepted.request.stream,
    candidateBackend: shadow.target.backend,
    candidateModel: shadow.target.model,
    candidateTotalMs: shadow.totalMs,
    candidateInputTokens: shadow.end.usage?.inputTokens ?? null,
    candidateOutputTokens: shadow.end.usage?.outputTokens ?? null,
    candidateResult: shadow.end.result === 'success' ? 'success' : 'failure',
    candidateErrorCode: shadow.end.error?.code ?? null,
  }
}
