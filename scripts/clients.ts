/**
 * Installs the real clients that `npm run test:clients` runs through the router, in pinned versions, into a cache
 * outside the repository; once, some 1.1 GB on disk. They come from the npm registry that npm is set to, their
 * programs included, and no install script runs.
 *
 *   node scripts/clients.ts     installs what is missing, prints what there is
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Each client's package, and where the package for this machine has its program. */
const CLIENTS = {
  codex: {
    package: '@openai/codex',
    version: '0.169.0',
    program: '@openai/codex-*/vendor/*/bin/codex{,.exe}',
  },
  opencode: {
    package: 'opencode-ai',
    version: '1.18.33',
    program: 'opencode-*/bin/opencode{,.exe}',
  },
  'claude-code': {
    package: '@anthropic-ai/claude-code',
    version: '2.1.331',
    program: '@anthropic-ai/claude-code-*/claude{,.exe}',
  },
} as const

export type ClientName = keyof typeof CLIENTS

const NAMES = Object.keys(CLIENTS) as readonly ClientName[]
const NPM_TIMEOUT_MS = 900_000
const VERSION_TIMEOUT_MS = 30_000

class ClientsError extends Error {
  override readonly name = 'ClientsError'
}

function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(base, 'local-llm-router', 'clients')
}

/** The client's program, if its pinned version is in the cache. */
export function findClient(name: ClientName): string | null {
  const { package: packageName, version, program } = CLIENTS[name]
  const modules = join(cacheDirectory(), 'root', 'node_modules')
  const manifest = join(modules, packageName, 'package.json')
  if (!existsSync(manifest)) return null
  const installed = (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version
  if (installed !== version) return null
  // Some come in two builds, the one with the longer name for older processors: the first that runs is the one.
  const programs = globSync(program, { cwd: modules }).toSorted((a, b) => a.length - b.length)
  return programs.map((path) => join(modules, path)).find((path) => versionOf(path) !== null) ?? null
}

function versionOf(program: string): string | null {
  const result = spawnSync(program, ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
    // A home of its own: asking for the version must not touch the settings of whoever uses this client.
    env: { PATH: process.env['PATH'], HOME: join(cacheDirectory(), 'home') },
  })
  return result.status === 0 ? (result.stdout.trim().split('\n').at(-1) ?? '') : null
}

/** Installs into a folder beside the final one, then renames: a broken-off run leaves nothing behind. */
function install(): void {
  const cache = cacheDirectory()
  const work = join(cache, `work-${process.pid}`)
  mkdirSync(work, { recursive: true })
  try {
    const dependencies = Object.fromEntries(
      Object.values(CLIENTS).map((client) => [client.package, client.version]),
    )
    writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, dependencies }))
    const options = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
    const result = spawnSync('npm', ['install', '--prefix', work, ...options], {
      cwd: work,
      encoding: 'utf8',
      timeout: NPM_TIMEOUT_MS,
      shell: process.platform === 'win32',
    })
    if (result.error !== undefined || result.status !== 0) {
      const said = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-8).join('\n')
      throw new ClientsError(`npm failed (${result.error?.message ?? `exit ${result.status}`}):\n${said}`)
    }
    rmSync(join(cache, 'root'), { recursive: true, force: true })
    renameSync(work, join(cache, 'root'))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const missing = NAMES.filter((name) => findClient(name) === null)
  if (missing.length > 0) {
    throw new ClientsError(`Installed, but no program of it runs on this machine: ${missing.join(', ')}.`)
  }
}

if (import.meta.main) {
  try {
    if (NAMES.some((name) => findClient(name) === null)) {
      process.stdout.write(`Installing the clients into ${cacheDirectory()} (once, about 1.1 GB)...\n`)
      install()
    }
    for (const name of NAMES) process.stdout.write(`${name} ${CLIENTS[name].version}: ${findClient(name)}\n`)
  } catch (error) {
    if (!(error instanceof ClientsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
