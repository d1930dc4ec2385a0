/** Kills a router that is writing, again and again, and looks at its database each time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startRouterProcess } from './router-process.ts'

const POLICY = `
backends: { demo: { type: demo } }
routes: [{ default: demo }]
records: { flushIntervalMs: 10 }
`
const BODY = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] })
const CLIENTS = 8

export interface KillReport {
  /** Requests that `/v1/metrics` had told as stored when the process was killed. */
  readonly acknowledged: number
  /** Requests in the database afterwards. */
  readonly stored: number
  readonly quickCheck: string
  /** Rows of attempts whose request is missing, and requests without their attempt: half a transaction. */
  readonly torn: number
}

/** `random` picks the moments, from 0 to 1. */
export async function killLoop(kills: number, random: () => number): Promise<readonly KillReport[]> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-kill-'))
  const reports: KillReport[] = []
  try {
    for (let kill = 0; kill < kills; kill++) {
      const acknowledged = await writeUntilKilled(folder, 20 + random() * 200)
      reports.push({ acknowledged, ...inspect(join(folder, 'metrics.db')) })
    }
    return reports
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writeUntilKilled(folder: string, afterMs: number): Promise<number> {
  const router = await startRouterProcess({ folder, policy: POLICY })
  let acknowledged = 0
  const end = new AbortController()
  const repeat = async (step: () => Promise<void>): Promise<void> => {
    try {
      while (!end.signal.aborted) await step()
    } catch (error) {
      // What breaks off after the kill is meant to.
      if (!end.signal.aborted) throw error
    }
  }
  const ask = async (): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    await (await fetch(`${router.url}/v1/chat/completions`, { method: 'POST', headers, body: BODY })).text()
  }
  const look = async (): Promise<void> => {
    const summary = (await (await fetch(`${router.url}/v1/metrics?hours=1`)).json()) as {
      readonly totals: { readonly requests: number }
    }
    acknowledged = summary.totals.requests
  }
  // Something is acknowledged before the clock starts.
  await ask()
  await look()
  const work = [...Array.from({ length: CLIENTS }, () => repeat(ask)), repeat(look)]
  await pause(afterMs)
  end.abort()
  router.kill('SIGKILL')
  await Promise.all([router.exit, ...work])
  return acknowledged
}

/** Opens it as the next start would: the log of what was written last is read in. */
export function inspect(path: string): Omit<KillReport, 'acknowledged'> {
  const database = new DatabaseSync(path)
  try {
    const count = (sql: string): number => Number(database.prepare(sql).get()?.['n'] ?? -1)
    return {
      quickCheck: String(database.prepare('PRAGMA quick_check').get()?.['quick_check']),
      stored: count('SELECT count(*) AS n FROM requests'),
      torn:
        count('SELECT count(*) AS n FROM attempts WHERE request NOT IN (SELECT id FROM requests)') +
        count('SELECT count(*) AS n FROM requests WHERE id NOT IN (SELECT request FROM attempts)'),
    }
  } finally {
    database.close()
  }
}
