/** Opens the file of stored turns: prompt text, so nobody else may read it and what is deleted is overwritten. */
import type { DatabaseSync } from 'node:sqlite'
import { openConnection } from './sqlite-connection.ts'

/**
 * Entry N takes a file from `user_version` N to N + 1. Entries are never edited, only added.
 *
 * The total is a row of its own, kept by triggers, so that it costs nothing to know and stays right when two
 * processes share the file. Texts are not in `turns`, whose rows are written again at each use.
 */
const MIGRATIONS = [
  `CREATE TABLE turns (
     key INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE, previous_id TEXT, continuable INTEGER NOT NULL,
     stored_at INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL
   );
   CREATE INDEX turns_used ON turns (used);
   CREATE INDEX turns_stored_at ON turns (stored_at);
   CREATE TABLE answers (turn INTEGER PRIMARY KEY, response TEXT NOT NULL);
   CREATE TABLE items (
     key INTEGER PRIMARY KEY,
     turn INTEGER NOT NULL, id TEXT NOT NULL, is_output INTEGER NOT NULL, item TEXT NOT NULL
   );
   CREATE INDEX items_turn ON items (turn);
   CREATE INDEX items_id ON items (id);
   CREATE TABLE total (bytes INTEGER NOT NULL);
   INSERT INTO total VALUES (0);
   CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
     UPDATE total SET bytes = bytes + new.bytes;
   END;
   CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
     UPDATE total SET bytes = bytes - old.bytes;
     DELETE FROM answers WHERE turn = old.key;
     DELETE FROM items WHERE turn = old.key;
   END;`,
] as const

/** Throws when the file cannot be opened, is no database, or is newer than this router. */
export function openResponseFile(path: string): DatabaseSync {
  const database = openConnection(path, migrate)
  database.exec('PRAGMA secure_delete = ON')
  return database
}

function migrate(database: DatabaseSync): void {
  const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (found > MIGRATIONS.length) {
    throw new Error(
      `the file of responses has version ${found}, this router knows up to ${MIGRATIONS.length}`,
    )
  }
  for (const migration of MIGRATIONS.slice(found)) database.exec(migration)
  if (found < MIGRATIONS.length) database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
}
