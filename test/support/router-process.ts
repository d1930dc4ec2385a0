/** `llr serve` as a process that a test may starve of files or room, run as another user, or kill. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname

export interface RouterProcessSetup {
  /** Exists; holds the policy, and the database unless `db` is elsewhere. */
  readonly folder: string
  readonly policy: string
  readonly db?: string
  /** Options of the shell's `ulimit` for this process alone: `-n 128`, `-f 200`. */
  readonly limits?: string
  /** Of Node. */
  readonly nodeOptions?: readonly string[]
  /** Only root can choose. */
  readonly uid?: number
}

export interface RouterProcess {
  readonly url: string
  readonly child: ChildProcess
  /** What it wrote to stdout and stderr so far. */
  readonly output: () => string
  kill(signal: NodeJS.Signals): void
  /** The exit code, or null after a signal that it did not catch. */
  readonly exit: Promise<number | null>
  /** Resolves when its output contains this; rejects when it ends without. */
  until(part: string): Promise<void>
}

/** Resolves when it listens. */
export async function startRouterProcess(setup: RouterProcessSetup): Promise<RouterProcess> {
  const { folder, limits, nodeOptions = [], uid } = setup
  const policyPath = join(folder, 'policy.yaml')
  writeFileSync(policyPath, setup.policy)
  const command = [process.execPath, ...nodeOptions, MAIN, 'serve']
  const [program = '', ...args] =
    limits === undefined ? command : ['/bin/sh', '-c', `ulimit ${limits} && exec "$@"`, 'sh', ...command]
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      LLR_PORT: '0',
      LLR_POLICY: policyPath,
      LLR_DB: setup.db ?? join(folder, 'metrics.db'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let output = ''
  let ended = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  }
  const exit = once(child, 'close').then(([code]) => code as number | null)
  void exit.then(() => (ended = true))
  const until = async (part: string): Promise<void> => {
    while (!output.includes(part)) {
      if (ended) throw new Error(`ended without "${part}":\n${output}`)
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exit])
    }
  }
  await until('listens on http://')
  return {
    url: /listens on (http:\/\/\S+)/.exec(output)?.[1] ?? '',
    child,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    exit,
    until,
  }
}
