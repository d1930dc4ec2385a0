/**
 * Installs llama.cpp's server, a real engine for `npm run test:engine`, into a cache outside the repository; once,
 * some 20 MB. Debian and Ubuntu package it in their development releases: apt fetches those packages, from the
 * mirror this machine already uses and checked against its distribution's keys, into a root of their own. Nothing
 * is installed on the machine, and the engine runs with that root's own C library.
 *
 *   node scripts/engine.ts     installs if missing, prints what there is
 *
 * Elsewhere, or to test another build: LLR_LLAMA_SERVER=/path/to/llama-server.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** How to start the engine: `command args… <the engine's own arguments>`. */
export interface Engine {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly version: string
}

const PACKAGE = 'llama.cpp-tools'
const APT_TIMEOUT_MS = 300_000

/** Each distribution's always newest release, and who signs it. */
const DISTRIBUTIONS = {
  debian: { suite: 'sid', components: 'main', keyring: 'debian-archive-keyring' },
  ubuntu: { suite: 'devel', components: 'main universe', keyring: 'ubuntu-archive-keyring' },
} as const

class EngineError extends Error {
  override readonly name = 'EngineError'
}

function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(base, 'local-llm-router', 'engine')
}

/** The engine that `LLR_LLAMA_SERVER` names, else the one in the cache, else null. */
export function findEngine(): Engine | null {
  const own = process.env['LLR_LLAMA_SERVER']
  if (own !== undefined && own !== '') return { command: own, args: [], env: {}, version: own }
  const root = join(cacheDirectory(), 'root')
  const marker = join(root, 'version')
  return existsSync(marker) ? engineIn(root, readFileSync(marker, 'utf8').trim()) : null
}

/** The packages' files as one command; throws EngineError when they are not what we know. */
function engineIn(root: string, version: string): Engine {
  const lib = join(root, 'usr', 'lib')
  const isLoader = (name: string): boolean => /^ld-linux.*\.so\.\d+$/.test(name)
  const folder = readdirSync(lib).find(
    (name) => name.includes('-linux-') && readdirSync(join(lib, name)).some(isLoader),
  )
  if (folder === undefined) throw new EngineError(`No program loader was found under ${lib}.`)
  const libraries = join(lib, folder)
  const loader = readdirSync(libraries).find(isLoader) ?? ''
  // One file for each generation of processors; the plainest runs everywhere, and speed is of no interest here.
  const backends = readdirSync(libraries, { recursive: true, encoding: 'utf8' })
    .filter((name) => /libggml-cpu[^/]*\.so$/.test(name))
    .toSorted()
  const backend = backends.find((name) => /-x64\.so$|armv8\.0[^/]*\.so$/.test(name)) ?? backends[0]
  if (backend === undefined) throw new EngineError(`No CPU backend was found under ${libraries}.`)
  return {
    command: join(libraries, loader),
    args: [
      '--library-path',
      `${libraries}:${join(libraries, 'llama')}:${join(libraries, 'ggml')}`,
      join(root, 'usr/bin/llama-server'),
    ],
    env: { GGML_BACKEND_PATH: join(libraries, backend) },
    version,
  }
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: APT_TIMEOUT_MS,
    maxBuffer: 67_108_864,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...env },
  })
  if (result.error === undefined && result.status === 0) return `${result.stdout}${result.stderr}`
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-8).join('\n')
  throw new EngineError(`${command} failed (${result.error?.message ?? `exit ${result.status}`}):\n${said}`)
}

function readDistribution(): { readonly name: keyof typeof DISTRIBUTIONS; readonly codename: string } {
  const file = '/etc/os-release'
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const field = (key: string): string => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? ''
  const ids = `${field('ID')} ${field('ID_LIKE')}`.split(' ')
  const name = ids.find((id) => id === 'debian' || id === 'ubuntu')
  if (name === undefined || spawnSync('apt-get', ['--version']).status !== 0) {
    throw new EngineError(
      'The engine comes from Debian or Ubuntu packages, and this machine has neither. Install llama.cpp ' +
        'some other way and set LLR_LLAMA_SERVER to the path of its llama-server.',
    )
  }
  return { name, codename: field('VERSION_CODENAME') }
}

/** Where this machine gets its own release from; other repositories come last, and their signature fails. */
function mirrors(codename: string): readonly string[] {
  const found = run('apt-get', ['--print-uris', 'update'])
    .split('\n')
    .map((line) => /^'(.+?)\/?dists\/([^/]+)\/InRelease'/.exec(line))
    .filter((match) => match !== null && !match[2]?.includes('-'))
    .toSorted((a, b) => Number(b?.[2] === codename) - Number(a?.[2] === codename))
    .map((match) => match?.[1] ?? '')
  return [...new Set(found)]
}

/** apt with all of its state in `home`: the machine's own lists, packages and locks are not touched. */
function apt(home: string, ...args: readonly string[]): string {
  const options = [
    `Dir::Etc::sourcelist=${join(home, 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State=${join(home, 'state')}`,
    `Dir::State::status=${join(home, 'status')}`,
    `Dir::Cache=${join(home, 'cache')}`,
    'APT::Install-Recommends=false',
    'APT::Update::Error-Mode=any',
    'Acquire::Languages=none',
    // The cache of a user is closed to apt's own unprivileged user.
    'APT::Sandbox::User=root',
  ]
  return run('apt-get', [...options.flatMap((option) => ['-o', option]), ...args])
}

/** Fetches and unpacks into a folder beside the final one, then renames: a broken-off run leaves nothing behind. */
function install(): Engine {
  const { name, codename } = readDistribution()
  const { suite, components, keyring } = DISTRIBUTIONS[name]
  const cache = cacheDirectory()
  const home = join(cache, `work-${process.pid}`)
  const work = join(home, 'root')
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'root']) {
    mkdirSync(join(home, folder), { recursive: true })
  }
  try {
    writeFileSync(join(home, 'status'), '')
    const key = ['pgp', 'gpg']
      .map((kind) => `/usr/share/keyrings/${keyring}.${kind}`)
      .find((file) => existsSync(file))
    const options = `[${key === undefined ? '' : `signed-by=${key} `}target=Packages]`
    const failures: string[] = []
    const hasLists = mirrors(codename).some((uri) => {
      try {
        writeFileSync(join(home, 'sources.list'), `deb ${options} ${uri} ${suite} ${components}\n`)
        apt(home, 'update')
        return true
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
        return false
      }
    })
    if (!hasLists) {
      const reasons = failures.length > 0 ? failures.join('\n') : 'apt names no source of this release.'
      throw new EngineError(
        `No mirror of this machine gave the package list of ${name} ${suite}.\n${reasons}`,
      )
    }
    apt(home, 'install', '--yes', '--download-only', PACKAGE)
    const archives = join(home, 'cache', 'archives')
    for (const file of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
      run('dpkg-deb', ['--extract', join(archives, file), work])
    }
    const engine = engineIn(work, '')
    const said = run(engine.command, [...engine.args, '--version'], engine.env)
    const version = /version:?\s*(\S.*)/i.exec(said)?.[1]?.trim() ?? 'unknown version'
    writeFileSync(join(work, 'version'), `llama-server ${version}, ${name} ${suite}\n`)
    rmSync(join(cache, 'root'), { recursive: true, force: true })
    renameSync(work, join(cache, 'root'))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  const engine = findEngine()
  if (engine === null) throw new EngineError('The engine was installed and is not there.')
  return engine
}

if (import.meta.main) {
  const startedAtMs = performance.now()
  try {
    let engine = findEngine()
    const isNew = engine === null
    if (isNew)
      process.stdout.write(`Installing a real engine into ${cacheDirectory()} (once, about 20 MB)...\n`)
    engine ??= install()
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
    process.stdout.write(`Engine: ${engine.version}${isNew ? ` (installed in ${seconds} s)` : ''}\n`)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
