/** Records into rows. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { AttemptRecord, RequestRecord, ShadowRecord } from './request-record.ts'
import { inTransaction } from './sqlite-connection.ts'
import type { RecordBatch } from './store.ts'

/** SQLite has no NaN: it would store NULL; said here so that no column's rule can be broken by one. */
const real = (value: number | null): number | null => (Number.isFinite(value) ? value : null)
const instant = (value: number): number => (Number.isFinite(value) ? Math.floor(value) : 0)
const bit = (value: boolean): number => (value ? 1 : 0)

/** Column and value side by side, so that the two cannot get out of step. */
type Columns<T> = readonly (readonly [name: string, value: (record: T) => SQLInputValue])[]

const REQUEST: Columns<RequestRecord> = [
  ['request_id', (r) => r.requestId],
  ['received_at', (r) => instant(r.receivedAtEpochMs)],
  ['protocol', (r) => r.protocol],
  ['stream', (r) => bit(r.stream)],
  ['task', (r) => r.task],
  ['complexity', (r) => r.complexity],
  ['complexity_score', (r) => real(r.complexityScore)],
  ['sensitivity', (r) => r.sensitivity],
  ['findings', (r) => r.findings.join(',')],
  ['modality', (r) => r.modality],
  ['family', (r) => r.family],
  ['tokens', (r) => real(r.tokens)],
  ['label', (r) => r.label],
  ['route', (r) => r.route],
  ['reason', (r) => r.reason],
  ['pinned', (r) => bit(r.pinned)],
  ['shifted_from', (r) => r.shiftedFrom],
  ['backend', (r) => r.backend],
  ['model', (r) => r.model],
  ['primary_backend', (r) => r.primaryBackend],
  ['fell_back', (r) => bit(r.fellBack)],
  ['result', (r) => r.result],
  ['status', (r) => real(r.status)],
  ['error_code', (r) => r.errorCode],
  ['first_token_ms', (r) => real(r.firstTokenMs)],
  ['total_ms', (r) => real(r.totalMs)],
  ['input_tokens', (r) => real(r.inputTokens)],
  ['output_tokens', (r) => real(r.outputTokens)],
  ['usage_source', (r) => r.usageSource],
]

interface AttemptRow {
  readonly request: number | bigint
  readonly ordinal: number
  readonly attempt: AttemptRecord
}

const ATTEMPT: Columns<AttemptRow> = [
  ['request', (r) => r.request],
  ['ordinal', (r) => r.ordinal],
  ['backend', (r) => r.attempt.backend],
  ['model', (r) => r.attempt.model],
  ['started_at', (r) => instant(r.attempt.startedAtEpochMs)],
  ['total_ms', (r) => real(r.attempt.totalMs)],
  ['first_token_ms', (r) => real(r.attempt.firstTokenMs)],
  ['result', (r) => r.attempt.result],
  ['status', (r) => real(r.attempt.status)],
  ['error_code', (r) => r.attempt.errorCode],
]

const SHADOW: Columns<ShadowRecord> = [
  ['request_id', (r) => r.requestId],
  ['started_at', (r) => instant(r.startedAtEpochMs)],
  ['stream', (r) => bit(r.stream)],
  ['primary_backend', (r) => r.primaryBackend],
  ['primary_model', (r) => r.primaryModel],
  ['primary_result', (r) => r.primaryResult],
  ['primary_total_ms', (r) => real(r.primaryTotalMs)],
  ['primary_input_tokens', (r) => real(r.primaryInputTokens)],
  ['primary_output_tokens', (r) => real(r.primaryOutputTokens)],
  ['candidate_backend', (r) => r.candidateBackend],
  ['candidate_model', (r) => r.candidateModel],
  ['candidate_result', (r) => r.candidateResult],
  ['candidate_total_ms', (r) => real(r.candidateTotalMs)],
  ['candidate_input_tokens', (r) => real(r.candidateInputTokens)],
  ['candidate_output_tokens', (r) => real(r.candidateOutputTokens)],
  ['candidate_error_code', (r) => r.candidateErrorCode],
]

function inserter<T>(
  database: DatabaseSync,
  table: string,
  columns: Columns<T>,
): (record: T) => number | bigint {
  const names = columns.map(([name]) => name).join(', ')
  const marks = columns.map(() => '?').join(', ')
  const statement = database.prepare(`INSERT INTO ${table} (${names}) VALUES (${marks})`)
  const values = columns.map(([, value]) => value)
  return (record) => statement.run(...values.map((value) => value(record))).lastInsertRowid
}

export function createAppender(database: DatabaseSync): (batch: RecordBatch) => void {
  const insertRequest = inserter(database, 'requests', REQUEST)
  const insertAttempt = inserter(database, 'attempts', ATTEMPT)
  const insertShadow = inserter(database, 'shadows', SHADOW)
  return (batch) =>
    inTransaction(database, () => {
      for (const record of batch.requests) {
        const request = insertRequest(record)
        for (const [ordinal, attempt] of record.attempts.entries())
          insertAttempt({ request, ordinal, attempt })
      }
      for (const record of batch.shadows) insertShadow(record)
    })
}
