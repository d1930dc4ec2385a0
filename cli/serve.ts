/** `llr serve`: starts the router, says where and with what, reloads the policy, drains on a signal. */
import { unwatchFile, watchFile } from 'node:fs'
import { resolve } from 'node:path'
import pino, { type Logger } from 'pino'
import { systemClock } from '../src/clock.ts'
import { ConfigError, loadConfigFile } from '../src/config.ts'
import { isLoopbackHost } from '../src/dispatch/address.ts'
import { startServer, type RouterServer } from '../src/server.ts'
import { banner } from './banner.ts'
import { loadPolicy } from './policy-source.ts'

export interface ServeOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly policyPath: string
  /** Listen beyond this machine although the policy names no clients. */
  readonly allowWithoutKeys: boolean
}

const LOG_LEVELS: readonly string[] = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']
const DRAIN_MS = 30_000
/** Polled, because a watch on the file itself is lost when an editor or a container mount replaces it. */
const WATCH_INTERVAL_MS = 1_000

/** Runs until a signal; resolves with the exit code. */
export async function serveCommand(options: ServeOptions): Promise<number> {
  const { env, policyPath, allowWithoutKeys } = options
  const level = env['LLR_LOG_LEVEL']?.trim() || 'info'
  if (!LOG_LEVELS.includes(level)) return complain(`LLR_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`)
  const log = pino({ name: 'llr', level }, pino.destination(2))
  const host = env['LLR_HOST']?.trim() || '127.0.0.1'
  const port = parsePort(env['LLR_PORT'])
  if (port === null) return complain(`LLR_PORT must be a whole number from 0 to 65535.`)
  let source
  let server: RouterServer
  try {
    const isNamed = env['LLR_POLICY'] !== undefined
    source = await loadPolicy({ env, path: policyPath, isNamed, clock: systemClock })
    const dbPath = env['LLR_DB'] ?? './metrics.db'
    server = await startServer({ config: source.config, env, host, port, dbPath, log, allowWithoutKeys })
  } catch (error) {
    return complain(startFailure(error, host, port))
  }
  await server.snapshot().fleet.locality.refresh()
  if (!isLoopbackHost(host) && Object.keys(source.config.clients).length === 0) {
    log.warn(
      { host },
      'listening beyond this machine without client keys: anyone who reaches this port can use every backend',
    )
  }
  // A file that appears later takes over from the built-in default.
  const stopWatching = watchPolicy(server, policyPath, log)
  const exitCode = untilSignal(server, stopWatching)
  // Last: whoever reads that it listens may send a signal at once, and an uncaught SIGHUP ends a process.
  process.stdout.write(banner({ server, isBuiltin: source.isBuiltin, policyPath }))
  return exitCode
}

function complain(message: string): number {
  process.stderr.write(`llr: ${message}\n`)
  return 1
}

function parsePort(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return 3030
  const port = Number(text)
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : null
}

function startFailure(error: unknown, host: string, port: number): string {
  if (error instanceof ConfigError) return `the policy cannot be used.\n${error.message}`
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `port ${port} is in use. Stop what uses it, or set LLR_PORT to another.`
  if (code === 'EACCES') return `port ${port} may not be opened by this user. Set LLR_PORT to one above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `this machine has no address ${host}. Check LLR_HOST.`
  return `it could not start: ${error instanceof Error ? error.message : 'unknown reason'}`
}

/** On a change of the file and on SIGHUP; whole or not at all: a bad file leaves the old policy serving. */
function watchPolicy(server: RouterServer, policyPath: string, log: Logger): () => void {
  const path = resolve(policyPath)
  let running = Promise.resolve()
  const reload = (): void => {
    running = running.then(async () => {
      try {
        await server.reload(loadConfigFile(path))
        log.info({ policy: policyPath }, 'policy reloaded')
      } catch (error) {
        const message = error instanceof Error ? error.message : 'unknown reason'
        server.reloadFailed(message)
        log.error({ policy: policyPath, problems: message }, 'policy not reloaded; the old one keeps serving')
      }
    })
  }
  watchFile(path, { interval: WATCH_INTERVAL_MS }, (now, before) => {
    if (now.mtimeMs !== 0 && (now.mtimeMs !== before.mtimeMs || now.size !== before.size)) reload()
  })
  process.on('SIGHUP', reload)
  return () => {
    unwatchFile(path)
    process.removeListener('SIGHUP', reload)
  }
}

/** The first SIGINT or SIGTERM drains, a second one ends at once. */
function untilSignal(server: RouterServer, stopWatching: () => void): Promise<number> {
  return new Promise((done) => {
    let draining = false
    const stop = (): void => {
      if (draining) process.exit(1)
      draining = true
      stopWatching()
      process.stderr.write('llr: finishing what is in flight (once more to end at once)\n')
      server.close(DRAIN_MS).then(
        () => done(0),
        () => done(1),
      )
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
