/** `llr serve` as its user runs it: a process of its own, in a folder of its own, on a free port. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { closedPort } from './backend.ts'

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname

export interface ServeProcess {
  readonly folder: string
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when stdout and stderr together contain this; rejects when the process ends without it. */
  until(part: string | RegExp): Promise<void>
  /** The address its banner tells. */
  url(): Promise<string>
  write(file: string, text: string): void
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void
  /** Resolves with the exit code, null after a signal that was not caught. */
  readonly exit: Promise<number | null>
}

export interface ServeSetup {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

export async function startServe(test: TestContext, setup: ServeSetup = {}): Promise<ServeProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-serve-'))
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  for (const [file, text] of Object.entries(setup.files ?? {})) write(file, text)
  const child = spawn(process.execPath, [MAIN, ...(setup.args ?? ['serve'])], {
    cwd: folder,
    // Nothing of the tester's own machine may show: no keys, no Ollama.
    env: {
      PATH: process.env['PATH'] ?? '',
      LLR_PORT: '0',
      OLLAMA_HOST: `127.0.0.1:${await closedPort()}`,
      ...setup.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const exit = once(child, 'close').then(([code]) => code as number | null)
  let ended = false
  void exit.then(() => (ended = true))
  test.after(async () => {
    if (!ended) child.kill('SIGKILL')
    await exit
    rmSync(folder, { recursive: true, force: true })
  })
  const has = (part: string | RegExp): boolean => {
    const text = stdout + stderr
    return typeof part === 'string' ? text.includes(part) : part.test(text)
  }
  const until = async (part: string | RegExp): Promise<void> => {
    while (!has(part)) {
      if (ended) throw new Error(`ended without ${String(part)}:\n${stdout}\n${stderr}`)
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exit])
    }
  }
  return {
    folder,
    stdout: () => stdout,
    stderr: () => stderr,
    until,
    async url() {
      await until(/listens on http:\/\/\S+/)
      return /listens on (http:\/\/\S+)/.exec(stdout)?.[1] ?? ''
    },
    write,
    signal: (name) => void child.kill(name),
    exit,
  }
}
