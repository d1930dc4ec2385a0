/** Records for tests: plausible ones, of which a test names only what it is about. */
import type { AttemptRecord, RequestRecord, ShadowRecord } from '../../src/record/request-record.ts'

export const EPOCH_MS = 1_750_000_000_000

export function attemptRecord(part: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    backend: 'local',
    model: 'llama4:16x17b',
    startedAtEpochMs: EPOCH_MS,
    totalMs: 800,
    firstTokenMs: null,
    result: 'success',
    status: 200,
    errorCode: null,
    ...part,
  }
}

export function requestRecord(part: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'req_0001',
    receivedAtEpochMs: EPOCH_MS,
    protocol: 'chat',
    stream: false,
    task: 'general',
    complexity: 'low',
    complexityScore: 0.1,
    sensitivity: 'normal',
    findings: [],
    modality: 'text',
    family: 'llama',
    tokens: 12,
    label: 'any',
    route: 'default',
    reason: 'default route',
    pinned: false,
    shiftedFrom: null,
    backend: 'local',
    model: 'llama4:16x17b',
    primaryBackend: 'local',
    fellBack: false,
    result: 'success',
    status: 200,
    errorCode: null,
    firstTokenMs: null,
    totalMs: 810,
    inputTokens: 10,
    outputTokens: 20,
    usageSource: 'reported',
    attempts: [attemptRecord()],
    ...part,
  }
}

export function shadowRecord(part: Partial<ShadowRecord> = {}): ShadowRecord {
  return {
    requestId: 'req_0001',
    startedAtEpochMs: EPOCH_MS,
    primaryBackend: 'local',
    primaryModel: 'llama4:16x17b',
    primaryResult: 'success',
    primaryTotalMs: 800,
    primaryInputTokens: 10,
    primaryOutputTokens: 20,
    stream: false,
    candidateBackend: 'sarmalink',
    candidateModel: 'smart',
    candidateTotalMs: 600,
    candidateInputTokens: 10,
    candidateOutputTokens: 20,
    candidateResult: 'success',
    candidateErrorCode: null,
    ...part,
  }
}
