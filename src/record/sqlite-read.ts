/** What the latency book and the A/B report read. Bounded, and by an index. */
import type { DatabaseSync } from 'node:sqlite'
import type { LatencySample, ShadowPair, ShadowPairQuery } from './store.ts'

/** More than the latency book can hold of sixty-four targets. */
const WARM_START_REQUESTS = 4096

const RECENT = `
  SELECT a.backend, a.model, r.stream, a.total_ms AS totalMs, a.first_token_ms AS firstTokenMs,
    a.started_at + a.total_ms AS endedAtEpochMs
  FROM (SELECT id, stream FROM requests WHERE received_at >= ? ORDER BY received_at DESC LIMIT ${WARM_START_REQUESTS}) r
  JOIN attempts a ON a.request = r.id
  WHERE a.result = 'success' AND a.total_ms IS NOT NULL ORDER BY endedAtEpochMs`

const PAIRS = `
  SELECT stream, primary_model AS primaryModel, primary_result = 'success' AS primarySucceeded,
    primary_total_ms AS primaryTotalMs, primary_input_tokens AS primaryInputTokens,
    primary_output_tokens AS primaryOutputTokens,
    candidate_model AS candidateModel, candidate_result = 'success' AS candidateSucceeded,
    candidate_total_ms AS candidateTotalMs, candidate_input_tokens AS candidateInputTokens,
    candidate_output_tokens AS candidateOutputTokens
  FROM shadows
  WHERE primary_backend = ? AND candidate_backend = ? AND started_at >= ?
    AND primary_total_ms IS NOT NULL AND candidate_total_ms IS NOT NULL
  ORDER BY started_at DESC LIMIT ?`

/** As SQLite gives it: no booleans. */
type Row<T> = { readonly [K in keyof T]: T[K] extends boolean ? number : T[K] }

export interface SqliteReader {
  recentLatencies(sinceEpochMs: number): readonly LatencySample[]
  shadowPairs(query: ShadowPairQuery): readonly ShadowPair[]
}

export function createReader(database: DatabaseSync): SqliteReader {
  const recent = database.prepare(RECENT)
  const pairs = database.prepare(PAIRS)
  return {
    recentLatencies: (sinceEpochMs) =>
      (recent.all(sinceEpochMs) as unknown as readonly Row<LatencySample>[]).map((row) => ({
        ...row,
        stream: row.stream !== 0,
      })),
    shadowPairs: ({ primary, candidate, sinceEpochMs, limit }) =>
      (pairs.all(primary, candidate, sinceEpochMs, limit) as unknown as readonly Row<ShadowPair>[]).map(
        (row) => ({
          ...row,
          stream: row.stream !== 0,
          primarySucceeded: row.primarySucceeded !== 0,
          candidateSucceeded: row.candidateSucceeded !== 0,
        }),
      ),
  }
}
