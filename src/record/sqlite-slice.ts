/** Reads a window of records in slices of time, newest first, so that no single query takes long. */
import type { DatabaseSync } from 'node:sqlite'
import type { AttemptTally, StoreSummary, Tally } from './store.ts'

/** Rows a slice: a few milliseconds of work. More only when so many were received in the same millisecond. */
const SLICE_ROWS = 2000

/** From `from` to just before `to`, by the time of reception. */
export interface TimeSlice {
  readonly from: number
  readonly to: number
}

export interface TallyRow extends Tally {
  readonly route: string
  readonly task: string
  readonly primaryBackend: string | null
  readonly backend: string | null
}

export interface AttemptTallyRow extends AttemptTally {
  readonly backend: string
  readonly model: string
}

interface Latencies {
  readonly totalMs: number | null
  readonly firstTokenMs: number | null
}

export interface SliceReader {
  newest(since: number): TimeSlice | null
  before(slice: TimeSlice, since: number): TimeSlice | null
  tallies(slice: TimeSlice): readonly TallyRow[]
  attemptTallies(slice: TimeSlice): readonly AttemptTallyRow[]
  /** Of successes. */
  latencies(slice: TimeSlice): readonly (Latencies & { readonly route: string; readonly task: string })[]
  attemptLatencies(
    slice: TimeSlice,
  ): readonly (Latencies & { readonly backend: string; readonly model: string })[]
  shadows(since: number): StoreSummary['shadows']
}

const IN_SLICE = 'r.received_at >= ? AND r.received_at < ?'

const TALLIES = `
  SELECT coalesce(route, '') AS route, coalesce(task, '') AS task, primary_backend AS primaryBackend, backend,
    count(*) AS requests, sum(result = 'success') AS success, sum(result = 'failure') AS failure,
    sum(result = 'aborted') AS aborted, sum(result = 'refused') AS refused,
    sum(fell_back) AS fellBack, sum(shifted_from IS NOT NULL) AS shifted, sum(label = 'local-only') AS localOnly,
    coalesce(sum(input_tokens), 0) AS inputTokens, coalesce(sum(output_tokens), 0) AS outputTokens,
    sum(result = 'success' AND usage_source IS NULL) AS withoutUsage
  FROM requests r WHERE ${IN_SLICE} GROUP BY 1, 2, 3, 4`

const ATTEMPT_TALLIES = `
  SELECT a.backend, a.model, count(*) AS attempts, sum(a.result = 'success') AS success,
    sum(a.result = 'failure') AS failure, sum(a.result = 'aborted') AS aborted
  FROM requests r JOIN attempts a ON a.request = r.id WHERE ${IN_SLICE} GROUP BY 1, 2`

const LATENCIES = `
  SELECT coalesce(route, '') AS route, coalesce(task, '') AS task, total_ms AS totalMs,
    CASE WHEN stream THEN first_token_ms END AS firstTokenMs
  FROM requests r WHERE ${IN_SLICE} AND result = 'success'`

const ATTEMPT_LATENCIES = `
  SELECT a.backend, a.model, a.total_ms AS totalMs, a.first_token_ms AS firstTokenMs
  FROM requests r JOIN attempts a ON a.request = r.id WHERE ${IN_SLICE} AND a.result = 'success'`

const SHADOWS = `
  SELECT count(*) AS count, coalesce(sum(candidate_result = 'failure'), 0) AS failures
  FROM (SELECT candidate_result FROM shadows WHERE started_at >= ? ORDER BY started_at DESC LIMIT 100000)`

export function createSliceReader(database: DatabaseSync): SliceReader {
  const edge = database.prepare(
    `SELECT received_at AS edge FROM requests WHERE received_at < ? ORDER BY received_at DESC LIMIT 1 OFFSET ${SLICE_ROWS - 1}`,
  )
  const last = database.prepare('SELECT max(received_at) AS last FROM requests')
  const rows = (sql: string): ((slice: TimeSlice) => unknown) => {
    const statement = database.prepare(sql)
    return (slice) => statement.all(slice.from, slice.to)
  }
  const shadows = database.prepare(SHADOWS)

  function endingAt(to: number, since: number): TimeSlice | null {
    if (to <= since) return null
    const from = edge.get(to)?.['edge']
    return { from: Math.max(since, Number(from ?? since)), to }
  }

  return {
    newest: (since) => endingAt(Number(last.get()?.['last'] ?? since - 1) + 1, since),
    before: (slice, since) => endingAt(slice.from, since),
    tallies: rows(TALLIES) as SliceReader['tallies'],
    attemptTallies: rows(ATTEMPT_TALLIES) as SliceReader['attemptTallies'],
    latencies: rows(LATENCIES) as SliceReader['latencies'],
    attemptLatencies: rows(ATTEMPT_LATENCIES) as SliceReader['attemptLatencies'],
    shadows: (since) => shadows.get(since) as unknown as StoreSummary['shadows'],
  }
}
