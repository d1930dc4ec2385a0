/** What is remembered of a request. Nothing of its text, nor of the answer's (DESIGN 2.10). */
import type {
  Complexity,
  Family,
  FindingKind,
  Modality,
  Sensitivity,
  Task,
} from '../classify/classification.ts'
import type { Label } from '../decide/decision.ts'

export type RecordedResult = 'success' | 'failure' | 'aborted' | 'refused'

export interface AttemptRecord {
  readonly backend: string
  readonly model: string
  readonly startedAtEpochMs: number
  readonly totalMs: number
  readonly firstTokenMs: number | null
  readonly result: 'success' | 'failure' | 'aborted'
  readonly status: number | null
  readonly errorCode: string | null
}

export interface RequestRecord {
  readonly requestId: string
  readonly receivedAtEpochMs: number
  readonly protocol: string
  readonly stream: boolean
  readonly task: Task
  readonly complexity: Complexity
  readonly complexityScore: number
  readonly sensitivity: Sensitivity
  readonly findings: readonly FindingKind[]
  readonly modality: Modality
  readonly family: Family
  /** The classifier's estimate. */
  readonly tokens: number
  readonly label: Label
  readonly route: string
  readonly reason: string
  readonly pinned: boolean
  /** Backend that the latency budget moved the request away from. */
  readonly shiftedFrom: string | null
  /** The one that answered; null when none did. */
  readonly backend: string | null
  readonly model: string | null
  /** The first target of the decision. */
  readonly primaryBackend: string | null
  /** Another target than the first answered. */
  readonly fellBack: boolean
  readonly result: RecordedResult
  readonly status: number
  readonly errorCode: string | null
  readonly firstTokenMs: number | null
  readonly totalMs: number
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  /** `reported` by the backend, or null when it said nothing; never counted as zero. */
  readonly usageSource: 'reported' | null
  readonly attempts: readonly AttemptRecord[]
}

/** A mirrored call, kept apart from what clients got. */
export interface ShadowRecord {
  /** The request that was mirrored. */
  readonly requestId: string
  readonly startedAtEpochMs: number
  readonly primaryBackend: string
  readonly primaryModel: string
  readonly primaryResult: 'success' | 'failure'
  readonly primaryTotalMs: number
  readonly primaryInputTokens: number | null
  readonly primaryOutputTokens: number | null
  /** Streamed primaries were timed while being read by a client; the mirror is always buffered. */
  readonly stream: boolean
  readonly candidateBackend: string
  readonly candidateModel: string
  readonly candidateTotalMs: number
  readonly candidateInputTokens: number | null
  readonly candidateOutputTokens: number | null
  readonly candidateResult: 'success' | 'failure'
  readonly candidateErrorCode: string | null
}
