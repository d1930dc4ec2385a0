/** A real llama.cpp server with the tiny model, on a free port of loopback. Needs `node scripts/engine.ts` once. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findEngine } from '../../scripts/engine.ts'
import { closedPort } from '../support/backend.ts'
import { writeTinyModel } from './tiny-model.ts'

const START_TIMEOUT_MS = 30_000

export interface EngineOptions {
  /** Context of each slot. */
  readonly contextTokens?: number
  /** Requests that are answered at the same time; more wait. */
  readonly slots?: number
  /** Makes vectors instead of answers: one engine does not do both. */
  readonly embeds?: boolean
}

export interface RunningEngine {
  /** `http://127.0.0.1:port/v1`, what goes into a policy. */
  readonly endpoint: string
  /** How many slots are at work now, as the engine itself says. */
  busySlots(): Promise<number>
  /** As if its machine lost power. */
  kill(): Promise<void>
}

/** Why engine tests cannot run; false when they can. */
export const engineIsMissing: string | false =
  findEngine() === null ? 'no engine: `npm run test:engine` installs one' : false

/** Rejects with the engine's own last words when it does not come up. */
export async function startEngine(options: EngineOptions = {}): Promise<RunningEngine> {
  const { contextTokens = 32_768, slots = 4, embeds = false } = options
  const engine = findEngine()
  if (engine === null) throw new Error(String(engineIsMissing))
  const home = mkdtempSync(join(tmpdir(), 'llr-engine-'))
  const model = join(home, 'tiny.gguf')
  writeTinyModel(model)
  const port = await closedPort()
  const settings = {
    '--model': model,
    '--alias': 'tiny',
    '--host': '127.0.0.1',
    '--port': port,
    '--ctx-size': contextTokens * slots,
    '--parallel': slots,
    '--threads': 1,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [name, String(value)])
  // A model that was made to chat names no pooling, and /v1/embeddings wants one vector for each text.
  if (embeds) args.push('--embeddings', '--pooling', 'mean')
  const child = spawn(engine.command, [...engine.args, ...args, '--jinja', '--offline', '--no-warmup'], {
    env: { ...process.env, ...engine.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const listen = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-2000)
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
  })
  let isGone = false
  void gone.then(() => {
    isGone = true
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
    rmSync(home, { recursive: true, force: true })
  }
  // A test runner that is told to stop must not leave engines behind.
  process.once('exit', () => child.kill('SIGKILL'))

  const origin = `http://127.0.0.1:${port}`
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (!(await isHealthy(origin))) {
    if (isGone || performance.now() > deadlineMs) {
      await kill()
      throw new Error(`The engine did not start. It said:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    endpoint: `${origin}/v1`,
    async busySlots() {
      const slots = (await (await fetch(`${origin}/slots`)).json()) as readonly {
        readonly is_processing: boolean
      }[]
      return slots.filter((slot) => slot.is_processing).length
    },
    kill,
  }
}

async function isHealthy(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/health`)).ok
  } catch {
    return false
  }
}
