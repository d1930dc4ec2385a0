/** A copy of the repository in a folder of its own, as a new user would have it after the installation. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './markdown.ts'

/** What the commands of the README need; nothing that a developer may have lying about. */
const COPIED = [
  'package.json',
  'package-lock.json',
  'policy.example.yaml',
  'policy.schema.json',
  'runtime',
  'scripts',
  'src',
  'cli',
  'examples',
]

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Clone {
  readonly port: number
  /** Runs a command with the documented port replaced by ours, and ours by the documented one in what it prints. */
  sh(command: string): Promise<Run>
  /** Starts a command that keeps running; resolves with its output once `until` is in it. */
  start(command: string, until: string): Promise<string>
  remove(): Promise<void>
}

const DOCUMENTED_PORT = 3030

export async function makeClone(): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), 'llr-tour-'))
  await Promise.all(COPIED.map((name) => cp(join(ROOT, name), join(folder, name), { recursive: true })))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const port = await freePort()
  const servers: ChildProcess[] = []

  const launch = (command: string): ChildProcess =>
    spawn('sh', ['-c', command.replaceAll(`:${DOCUMENTED_PORT}`, `:${port}`)], {
      cwd: folder,
      env: environment(port),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: npm does not pass signals on to what it runs.
      detached: true,
    })
  const asDocumented = (text: string): string => text.replaceAll(`:${port}`, `:${DOCUMENTED_PORT}`)

  return {
    port,
    async sh(command) {
      const child = launch(command)
      const output = { stdout: '', stderr: '' }
      child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
      child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
      const code = await new Promise<number | null>((done) => void child.once('close', done))
      return { code, stdout: asDocumented(output.stdout), stderr: asDocumented(output.stderr) }
    },
    start(command, until) {
      const child = launch(command)
      servers.push(child)
      return new Promise((done, fail) => {
        let text = ''
        child.stdout?.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          if (text.includes(until)) done(asDocumented(text))
        })
        child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()))
        child.once('close', () => fail(new Error(`${command} ended:\n${text}`)))
      })
    },
    async remove() {
      await Promise.all(servers.map(stop))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** No keys, no Ollama, no settings of whoever runs the tests. */
function environment(port: number): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(LLR_|npm_|NODE_TEST_CONTEXT)|_API_KEY$/i.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    LLR_PORT: String(port),
    LLR_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OLLAMA_HOST: '127.0.0.1:9',
  }
}

function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((done, fail) => {
    probe.once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve()
  const ended = new Promise<void>((done) => void child.once('close', () => done()))
  process.kill(-child.pid, 'SIGTERM')
  return ended
}
