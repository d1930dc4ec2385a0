/**
 * One client on its own stage: an empty working folder and home, no keys, no way to the internet, and behind it the
 * recorder, the router and the demonstration backend, which calls a tool when the prompt says so.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findClient, type ClientName } from '../../scripts/clients.ts'
import type { JsonValue } from '../../src/wire/json.ts'
import { createStage } from '../support/stage.ts'
import { startClosedDoor, startRecorder, type RecordedCall } from './recorder.ts'

export const DEMO_TEXT = 'This is the demonstration backend of local-llm-router: no model is connected.'
/** What `note.txt` in the working folder holds: it can only be in an answer if the client's tool has read it. */
export const NOTE = 'marker-4711 of the note'

const POLICY = 'backends: { demo: { type: demo } }\nroutes: [{ default: demo }]'
const TIME_LIMIT_MS = 90_000

/** A text field of a client's report, empty when it has none. */
export function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export interface ClientRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunSetup {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What is typed into it; nothing by default. */
  readonly stdin?: string
}

export interface ClientStage {
  /** Where the client finds the router, without `/v1`. */
  readonly url: string
  readonly home: string
  readonly work: string
  run(setup: RunSetup): Promise<ClientRun>
  /** Calls to models, in order; fails on one that the router did not answer with 200 and its own headers. */
  calls(): readonly RecordedCall[]
  /** Everything that was asked of the router. */
  allCalls(): readonly RecordedCall[]
  /** Hosts of the internet that it wanted to reach, and could not. */
  outside(): readonly string[]
}

export async function setClientStage(t: TestContext, name: ClientName): Promise<ClientStage> {
  const program = findClient(name)
  assert.ok(program !== null, `${name} is not installed; node scripts/clients.ts does it`)
  const folder = mkdtempSync(join(tmpdir(), `llr-${name}-`))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const [home, work] = [join(folder, 'home'), join(folder, 'work')]
  for (const path of [home, work]) mkdirSync(path)
  writeFileSync(join(work, 'note.txt'), `${NOTE}\n`)

  const router = await createStage(t).router(POLICY)
  const recorder = await startRecorder(router.url)
  const door = await startClosedDoor()
  t.after(async () => {
    await recorder.close()
    await door.close()
    assert.deepEqual(router.defects, [])
  })
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: folder, ...proxyVariables(door.url) }
  return {
    url: recorder.url,
    home,
    work,
    run: (setup) => run(t, program, { ...setup, cwd: work, env: { ...env, ...setup.env } }),
    calls() {
      const calls = recorder.calls().filter((call) => call.method === 'POST')
      for (const call of calls) assertRouted(call)
      return calls
    },
    allCalls: () => recorder.calls(),
    outside: () => door.hosts(),
  }
}

/** Both spellings: clients differ in which they read. */
function proxyVariables(door: string): Readonly<Record<string, string>> {
  const variables = { HTTP_PROXY: door, HTTPS_PROXY: door, NO_PROXY: '127.0.0.1,localhost' }
  const lower = Object.entries(variables).map(([key, value]) => [key.toLowerCase(), value] as const)
  return { ...variables, ...Object.fromEntries(lower) }
}

function assertRouted({ path, status, replyHeaders, reply }: RecordedCall): void {
  assert.equal(status, 200, `${path}: ${status}\n${reply.slice(0, 500)}`)
  if (path.includes('count_tokens')) return
  assert.equal(replyHeaders['x-llr-backend'], 'demo', path)
  assert.equal(replyHeaders['x-llr-route'], 'default', path)
  assert.equal(replyHeaders['x-llr-sensitivity'], 'normal', path)
  assert.equal(replyHeaders['x-llr-attempts'], '1', path)
  assert.match(String(replyHeaders['x-llr-request-id']), /^req_/, path)
}

interface Started extends RunSetup {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

async function run(t: TestContext, program: string, { args, env, cwd, stdin }: Started): Promise<ClientRun> {
  // A group of its own: what the client starts can be ended with it, and nothing else.
  const child = spawn(program, args, { cwd, env, stdio: 'pipe', detached: true })
  const endGroup = (): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nobody is left.
    }
  }
  t.after(endGroup)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin ?? '')
  const timer = setTimeout(endGroup, TIME_LIMIT_MS)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  if (code !== 0) t.diagnostic(`exit ${code}\n${stdout}\n${stderr}`)
  return { code, stdout, stderr }
}
