/**
 * Whether the router bears it: many streams at once, bad days on every backend, clients that leave and clients that
 * never read; then nothing may be left of any of it.
 *   node benchmarks/soak.ts [--seconds 60] [--streams 1000] [--deaf 500] [--kills 20]
 * Prints a table; exits with 1 when a line of it is not met.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inspect, killLoop } from '../test/support/kill-loop.ts'
import type { Usage } from './processes/child.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    streams: { type: 'string', default: '1000' },
    deaf: { type: 'string', default: '500' },
    kills: { type: 'string', default: '0' },
  },
})
const SECONDS = Number(values.seconds)
const STREAMS = Number(values.streams)
const DEAF = Number(values.deaf)
const KILLS = Number(values.kills)
const SAMPLES = 12
/** Caches, pools and the optimiser's own memory fill in the first part. */
const WARM_UP_SHARE = 0.4
/** Heap that a hundred thousand requests may leave behind. Less is noise of the collector. */
const GROWTH_MB = 8
/** Longer than any limit of the soak's policy. */
const SETTLE_MS = 20_000
const DEAF_SECONDS = 5
const MB = 2 ** 20

interface Ends {
  readonly whole: number
  readonly failed: number
  readonly left: number
  readonly broken: number
  readonly refused: number
  readonly running: number
  readonly sent: number
}

interface Line {
  readonly what: string
  readonly seen: string
  readonly wanted: string
  readonly met: boolean
}

async function start(name: string, ...args: readonly string[]): Promise<[ChildProcess, string]> {
  const file = fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))
  const child = fork(file, args, { execArgv: ['--expose-gc'] })
  const { origin } = await answer<{ origin: string }>(child)
  return [child, origin]
}

async function answer<T>(child: ChildProcess, question?: object | string): Promise<T> {
  const ended = new AbortController()
  const { signal } = ended
  const next = once(child, 'message', { signal }).then(([message]) => message as T)
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the soak ended with code ${String(code)}`)
  })
  if (question !== undefined) child.send(question)
  try {
    return await Promise.race([next, exit])
  } finally {
    ended.abort()
    await Promise.allSettled([next, exit])
  }
}

/** A line of the router's own metrics. */
async function metric(origin: string, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`, { headers: { connection: 'close' } })).text()
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, 'gm'))]
  return lines.reduce((sum, [, value]) => sum + Number(value), 0)
}

/** TCP sockets that the process holds open, its listening one included. */
const sockets = (origin: string): Promise<number> =>
  fetch(`${origin}/metrics`, { headers: { connection: 'close' } })
    .then((response) => response.text())
    .then((text) => Number(/^nodejs_active_resources\{type="TCPSocketWrap"\} (\d+)/m.exec(text)?.[1] ?? 0))

/** Least squares: MB per 100,000 requests. */
function slope(points: readonly (readonly [requests: number, megabytes: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return variance === 0 ? 0 : (covariance / variance) * 100_000
}

const lines: Line[] = []
function line(what: string, seen: string, wanted: string, met: boolean): void {
  lines.push({ what, seen, wanted, met })
}

async function run(folder: string): Promise<void> {
  const db = join(folder, 'metrics.db')
  const [backends, origins] = await start('soak-backends')
  const [router, origin] = await start('soak-router', origins, db)
  const [clients] = await start('soak-clients', origin)
  const usage = (): Promise<Usage> => answer<Usage>(router, 'usage')
  const ends = (): Promise<Ends> => answer<Ends>(clients, { ends: true })
  const idleSockets = await sockets(origin)
  if (idleSockets === 0) throw new Error('the metrics tell of no sockets: they must count at least our own')

  // First, while the process is small: memory that is free already would hide what they cost.
  if (DEAF > 0) await deafClients(clients, origin, usage)
  await answer(backends, 'rough')
  clients.send({ start: STREAMS })
  const points: (readonly [number, number])[] = []
  let atOnce = 0
  for (let i = 1; i <= SAMPLES; i++) {
    await pause((SECONDS * 1000) / SAMPLES)
    const { heapUsedBytes } = await usage()
    const { sent } = await ends()
    points.push([sent, heapUsedBytes / MB])
    atOnce = Math.max(atOnce, await metric(origin, 'llr_inflight_requests'))
  }
  clients.send({ stop: true })
  let end = await ends()
  for (let waitedMs = 0; end.running > 0 && waitedMs < SETTLE_MS; waitedMs += 500) {
    await pause(500)
    end = await ends()
  }
  await pause(1_000)
  const settled = points.slice(Math.ceil(SAMPLES * WARM_UP_SHARE))
  const growth = slope(settled)
  const spanned = ((settled.at(-1)?.[0] ?? 0) - (settled[0]?.[0] ?? 0)) / 100_000
  const { whole, failed, left, broken, refused } = end
  const outcomes = `${whole} whole, ${failed} with an error event, ${left} left, ${refused} refused, ${broken} cut`
  line('streams at once (gauge)', String(atOnce), `near ${STREAMS}`, atOnce > STREAMS * 0.5)
  line('how streams ended', outcomes, 'none cut', broken === 0 && whole > 0)
  line('clients left over', String(end.running), '0', end.running === 0)
  const grown = `${growth.toFixed(1)} MB per 100,000 (${(growth * spanned).toFixed(1)} MB in all)`
  line('heap after warm-up', grown, `under ${GROWTH_MB} MB in all`, growth * spanned < GROWTH_MB)

  const inflight = await metric(origin, 'llr_inflight_requests')
  line('in-flight gauge at the end', String(inflight), '0', inflight === 0)
  const inUse = await backendsInUse(origin)
  line('slots of backends in use', String(inUse), '0', inUse === 0)
  const held = await sockets(origin)
  const { open } = await answer<{ open: number }>(backends, 'open')
  const busy = `${Math.max(0, held - open - idleSockets)} (${open} idle ones to backends)`
  line('sockets of clients left', busy, '0', held - open <= idleSockets)
  const dropped = await metric(origin, 'llr_records_dropped_total')
  const counted = await metric(origin, 'llr_requests_total')
  router.send('stop')
  await once(router, 'exit')
  const { stored, quickCheck, torn } = inspect(db)
  line('requests counted, and recorded', `${counted}, ${stored}`, 'the same', stored + dropped === counted)
  line('records dropped', String(dropped), '0', dropped === 0)
  line('database', `${quickCheck}, ${torn} torn`, 'ok, 0 torn', quickCheck === 'ok' && torn === 0)
  clients.disconnect()
  backends.send('stop')
  await once(backends, 'exit')
}

async function deafClients(
  clients: ChildProcess,
  origin: string,
  usage: () => Promise<Usage>,
): Promise<void> {
  const before = await usage()
  clients.send({ deafs: DEAF })
  let most = before.rssBytes
  for (let i = 0; i < DEAF_SECONDS; i++) {
    await pause(1_000)
    most = Math.max(most, (await usage()).rssBytes)
  }
  const streams = await metric(origin, 'llr_inflight_requests')
  line('streams that nobody reads', String(streams), String(DEAF), streams === DEAF)
  clients.send({ wake: true })
  const each = (most - before.rssBytes) / MB / DEAF
  line(`each of ${DEAF} clients that never read`, `${each.toFixed(2)} MB resident`, 'under 1 MB', each < 1)
}

async function backendsInUse(origin: string): Promise<number> {
  const response = await fetch(`${origin}/health`, { headers: { connection: 'close' } })
  const { backends } = (await response.json()) as {
    readonly backends: Readonly<Record<string, { readonly in_flight: number }>>
  }
  return Object.values(backends).reduce((sum, { in_flight }) => sum + in_flight, 0)
}

const folder = mkdtempSync(join(tmpdir(), 'llr-soak-'))
try {
  await run(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (KILLS > 0) {
  const reports = await killLoop(KILLS, Math.random)
  const lost = reports.filter(
    (one) => one.stored < one.acknowledged || one.quickCheck !== 'ok' || one.torn > 0,
  ).length
  line(`${KILLS} kills while it writes`, `${lost} lost or broke something`, '0', lost === 0)
}
const rows = lines.map(
  (one) => `| ${one.what} | ${one.seen} | ${one.wanted} | ${one.met ? 'met' : '**NOT MET**'} |`,
)
process.stdout.write(`| | seen | wanted | |\n|---|---|---|---|\n${rows.join('\n')}\n`)
process.exit(lines.every((one) => one.met) ? 0 : 1)
