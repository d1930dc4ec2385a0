/** The parent's end of the line: a file of this folder as a child process. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from '../load.ts'
import type { Usage } from './child.ts'

export interface StartOptions {
  readonly args?: readonly string[]
  /** Options of Node itself. */
  readonly execArgv?: readonly string[]
}

export interface Process {
  readonly origin: string
  usage(): Promise<Usage>
  stop(): Promise<void>
}

async function start(
  name: string,
  { args = [], execArgv = [] }: StartOptions,
): Promise<[ChildProcess, string]> {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args, { execArgv: [...execArgv] })
  const { origin } = (await ask(child, null)) as { origin: string }
  return [child, origin]
}

/** One answer a question; rejects when the child ends instead. */
async function ask(child: ChildProcess, question: object | string | null): Promise<unknown> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`A benchmark process ended with code ${String(code)}.`)
  })
  const answer = once(child, 'message', { signal: ended.signal }).then(([message]) => message as unknown)
  if (question !== null) child.send(question)
  try {
    return await Promise.race([answer, exit])
  } finally {
    ended.abort()
    await Promise.allSettled([answer, exit])
  }
}

export async function startProcess(
  name: 'backend' | 'bare-proxy' | 'router',
  options: StartOptions = {},
): Promise<Process> {
  const [child, origin] = await start(name, options)
  return {
    origin,
    usage: async () => (await ask(child, 'usage')) as Usage,
    stop: async () => {
      const exit = once(child, 'exit')
      child.send('stop')
      await exit
    },
  }
}

export interface LoadProcess {
  run(job: LoadJob): Promise<LoadResult>
  stop(): void
}

export async function startLoad(): Promise<LoadProcess> {
  const [child] = await start('load', {})
  return {
    run: async (job) => (await ask(child, job)) as LoadResult,
    stop: () => child.disconnect(),
  }
}
