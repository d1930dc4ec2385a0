/** Deletes what is older than `maxDays` or beyond `maxRows`, a little at a time. */
import type { DatabaseSync } from 'node:sqlite'
import type { RecordsSettings } from './settings.ts'
import { inTransaction } from './sqlite-connection.ts'

/** Rows deleted by one rule in one pass: a few milliseconds of the event loop at most. */
const PRUNE_ROWS = 500

interface Rule {
  /** Rows in excess; `?1` is the rule's bound. */
  readonly doomed: string
  readonly bound: (nowEpochMs: number) => number
}

/** Returns a pass: true when there may be more to delete. */
export function createPruner(
  database: DatabaseSync,
  settings: RecordsSettings,
): (nowEpochMs: number) => boolean {
  const steps = [
    ...rules('requests', 'received_at', settings).flatMap((rule) => [
      { ...rule, statement: database.prepare(`DELETE FROM attempts WHERE request IN (${rule.doomed})`) },
      { ...rule, statement: database.prepare(`DELETE FROM requests WHERE id IN (${rule.doomed})`) },
    ]),
    ...rules('shadows', 'started_at', settings).map((rule) => ({
      ...rule,
      statement: database.prepare(`DELETE FROM shadows WHERE id IN (${rule.doomed})`),
    })),
  ]
  return (nowEpochMs) =>
    inTransaction(database, () => {
      const deleted = steps.map((step) => Number(step.statement.run(step.bound(nowEpochMs)).changes))
      return deleted.some((count) => count >= PRUNE_ROWS)
    })
}

function rules(table: string, instant: string, settings: RecordsSettings): readonly Rule[] {
  return [
    {
      doomed: `SELECT id FROM ${table} WHERE ${instant} < ?1 ORDER BY ${instant}, id LIMIT ${PRUNE_ROWS}`,
      bound: (nowEpochMs) => nowEpochMs - settings.maxDays * 86_400_000,
    },
    {
      // Ids grow by one a row, so the surplus is known without counting the table.
      doomed: `SELECT id FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ?1 ORDER BY id LIMIT ${PRUNE_ROWS}`,
      bound: () => settings.maxRows,
    },
  ]
}
