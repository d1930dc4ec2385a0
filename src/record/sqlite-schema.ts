/** Tables of the record store, and how an older file becomes today's. */
import type { DatabaseSync } from 'node:sqlite'

/**
 * Entry N takes a file from `user_version` N to N + 1. Entries are never edited, only added.
 *
 * Keys are integers: a random text key made every insert ten times slower and slower still as the table grew
 * (performance.md: 19 to 32 µs against 1.7). Few columns are NOT NULL: a value that went missing must not cost the
 * row, and with it every other row of its batch.
 */
const MIGRATIONS = [
  `CREATE TABLE requests (
     id INTEGER PRIMARY KEY,
     request_id TEXT, received_at INTEGER NOT NULL, protocol TEXT, stream INTEGER,
     task TEXT, complexity TEXT, complexity_score REAL, sensitivity TEXT, findings TEXT,
     modality TEXT, family TEXT, tokens INTEGER,
     label TEXT, route TEXT, reason TEXT, pinned INTEGER, shifted_from TEXT,
     backend TEXT, model TEXT, primary_backend TEXT, fell_back INTEGER,
     result TEXT, status INTEGER, error_code TEXT, first_token_ms REAL, total_ms REAL,
     input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT
   );
   CREATE INDEX requests_received_at ON requests (received_at);
   CREATE TABLE attempts (
     request INTEGER, ordinal INTEGER,
     backend TEXT, model TEXT, started_at INTEGER, total_ms REAL, first_token_ms REAL,
     result TEXT, status INTEGER, error_code TEXT,
     PRIMARY KEY (request, ordinal)
   ) WITHOUT ROWID;
   CREATE TABLE shadows (
     id INTEGER PRIMARY KEY,
     request_id TEXT, started_at INTEGER NOT NULL, stream INTEGER,
     primary_backend TEXT, primary_model TEXT, primary_result TEXT, primary_total_ms REAL,
     primary_input_tokens INTEGER, primary_output_tokens INTEGER,
     candidate_backend TEXT, candidate_model TEXT, candidate_result TEXT, candidate_total_ms REAL,
     candidate_input_tokens INTEGER, candidate_output_tokens INTEGER, candidate_error_code TEXT
   );
   CREATE INDEX shadows_started_at ON shadows (started_at);
   CREATE INDEX shadows_pair ON shadows (primary_backend, candidate_backend, started_at);`,
] as const

/** Runs inside the caller's transaction. */
export function migrate(database: DatabaseSync): void {
  const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (found === MIGRATIONS.length) return
  if (found > MIGRATIONS.length) {
    throw new Error(`the record database has version ${found}, this router knows up to ${MIGRATIONS.length}`)
  }
  for (const migration of MIGRATIONS.slice(found)) database.exec(migration)
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
}
