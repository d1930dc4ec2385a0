/**
 * What the router costs: the backend direct, a bare proxy and the router in one interleaved run. Each is a process
 * of its own, and so is the load generator; the order changes from round to round, so that a busy moment of the
 * machine hits each of them alike.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadJob, LoadResult } from './load.ts'
import { startLoad, startProcess, type LoadProcess, type Process } from './processes/start.ts'
import { median } from './statistics.ts'

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 7
const ROUND_MS = quick ? 500 : 1000
/** Optimised code is what serves all day: V8 is done with the router after some 20,000 requests. */
const WARM_UP_REQUESTS = quick ? 10_000 : 25_000
/** Before each measured time, for the connections to open. */
const RAMP_MS = 200
/** Records are written up to 200 ms behind the reply; that is the router's time, not the next one's. */
const SETTLE_MS = 250

const CONNECTIONS = [1, 16, 64]
const BODY_BYTES = [1024, 20 * 1024]

const NAMES = ['direct', 'bare', 'router'] as const
type Name = (typeof NAMES)[number]
type Cell = Pick<LoadJob, 'connections' | 'bodyBytes' | 'stream'>
type Sample = LoadResult & { readonly cpuUs: number }
type Round = Readonly<Record<Name, Sample>>

const cells: readonly Cell[] = [false, true].flatMap((stream) =>
  BODY_BYTES.flatMap((bodyBytes) => CONNECTIONS.map((connections) => ({ connections, bodyBytes, stream }))),
)

export async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-bench-'))
  const backend = await startProcess('backend')
  const bare = await startProcess('bare-proxy', { args: [backend.origin] })
  const router = await startProcess('router', { args: [backend.origin, join(folder, 'metrics.db')] })
  const load = await startLoad()
  const targets: Readonly<Record<Name, Process>> = { direct: backend, bare, router }
  try {
    for (const name of NAMES) await warmUp(load, targets[name])
    const rounds = new Map<Cell, Round[]>(cells.map((cell) => [cell, []]))
    for (let round = 0; round < ROUNDS; round++) {
      process.stderr.write(`  round ${round + 1} of ${ROUNDS}\n`)
      for (const cell of cells) rounds.get(cell)?.push(await measureCell(load, targets, { cell, round }))
    }
    return render(rounds)
  } finally {
    load.stop()
    await Promise.all([router.stop(), bare.stop()])
    await backend.stop()
    rmSync(folder, { recursive: true })
  }
}

async function warmUp(load: LoadProcess, { origin }: Process): Promise<void> {
  for (const stream of [false, true]) {
    for (const bodyBytes of BODY_BYTES) {
      const requests = WARM_UP_REQUESTS / (stream ? 4 : 1) / (bodyBytes > 4096 ? 4 : 1)
      await load.run({ origin, connections: 64, bodyBytes, stream, warmupMs: 0, durationMs: null, requests })
    }
  }
}

async function measureCell(
  load: LoadProcess,
  targets: Readonly<Record<Name, Process>>,
  { cell, round }: { readonly cell: Cell; readonly round: number },
): Promise<Round> {
  const samples: Partial<Record<Name, Sample>> = {}
  for (let i = 0; i < NAMES.length; i++) {
    const name = NAMES[(i + round) % NAMES.length] ?? 'direct'
    samples[name] = await measure(load, targets[name], cell)
  }
  return samples as Round
}

async function measure(load: LoadProcess, target: Process, cell: Cell): Promise<Sample> {
  const before = await target.usage()
  const job = { ...cell, origin: target.origin, warmupMs: RAMP_MS, durationMs: ROUND_MS, requests: 0 }
  const result = await load.run(job)
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const { cpuMs } = await target.usage()
  return { ...result, cpuUs: ((cpuMs - before.cpuMs) * 1000) / result.answered }
}

function render(rounds: ReadonlyMap<Cell, readonly Round[]>): string {
  const errors = [...rounds.values()].flat().reduce((sum, round) => sum + failures(round), 0)
  if (errors > 0) throw new Error(`${errors} requests failed; these figures would mean nothing.`)
  const of = (stream: boolean): readonly (readonly [Cell, readonly Round[]])[] =>
    [...rounds].filter(([cell]) => cell.stream === stream)
  return [
    '## The router against the backend direct and a bare proxy',
    '',
    'Everything on: classify, decide over six routes, record into a SQLite file. The bare proxy is `node:http` and',
    "undici's `dispatch` to the raw response; it reads nothing of what it passes on. Backend, bare proxy, router and",
    'load generator are a process each, on a machine with so few cores that they compete for them: at 16 and 64',
    'connections a request waits in line, and its latency is the throughput seen from the other side. Latency added',
    'by the router is best read at one connection.',
    '',
    `${ROUNDS} rounds of ${ROUND_MS} ms a cell, the order rotated; each figure is the median over the rounds, ratios and`,
    'differences taken within a round. CPU is of the process measured, all its threads. No request failed.',
    '',
    ...table(of(false), BUFFERED),
    '',
    `Streams of 24 words, each event in a turn of the backend's event loop:`,
    '',
    ...table(of(true), STREAMED),
    '',
    verdict(rounds),
    '',
  ].join('\n')
}

function failures(round: Round): number {
  return NAMES.reduce((sum, name) => sum + round[name].errors, 0)
}

type Column = readonly [title: string, value: (round: Round) => number, digits: number]

const RATES: readonly Column[] = [
  ['direct req/s', ({ direct }) => direct.perSecond, 0],
  ['bare req/s', ({ bare }) => bare.perSecond, 0],
  ['router req/s', ({ router }) => router.perSecond, 0],
  ['**router / bare**', ({ router, bare }) => router.perSecond / bare.perSecond, 2],
  ['router / direct', ({ router, direct }) => router.perSecond / direct.perSecond, 2],
]
const CPU: Column = ['CPU µs bare → router', ({ router }) => router.cpuUs, 0]
const BUFFERED: readonly Column[] = [
  ...RATES,
  ['p50 ms over direct', ({ router, direct }) => router.p50Ms - direct.p50Ms, 2],
  ['p50 ms over bare', ({ router, bare }) => router.p50Ms - bare.p50Ms, 2],
  ['p99 ms over direct', ({ router, direct }) => router.p99Ms - direct.p99Ms, 2],
  ['p99 ms over bare', ({ router, bare }) => router.p99Ms - bare.p99Ms, 2],
  CPU,
]
const firstToken = (over: Name, share: 'firstTokenP50Ms' | 'firstTokenP99Ms') => (round: Round) =>
  (round.router[share] ?? Number.NaN) - (round[over][share] ?? Number.NaN)
const STREAMED: readonly Column[] = [
  ...RATES,
  ['first token p50 ms over direct', firstToken('direct', 'firstTokenP50Ms'), 2],
  ['over bare', firstToken('bare', 'firstTokenP50Ms'), 2],
  ['first token p99 ms over direct', firstToken('direct', 'firstTokenP99Ms'), 2],
  ['over bare', firstToken('bare', 'firstTokenP99Ms'), 2],
  ['whole p50 ms over bare', ({ router, bare }) => router.p50Ms - bare.p50Ms, 2],
  CPU,
]

function table(
  rows: readonly (readonly [Cell, readonly Round[]])[],
  columns: readonly Column[],
): readonly string[] {
  const titles = columns.map(([title]) => title)
  return [
    `| connections, body | ${titles.join(' | ')} |`,
    `|---|${titles.map(() => '---:|').join('')}`,
    ...rows.map(([cell, rounds]) => {
      const figures = columns.map((column) => figure(column, rounds))
      return `| ${cell.connections}, ${cell.bodyBytes / 1024} KB | ${figures.join(' | ')} |`
    }),
  ]
}

function figure(column: Column, rounds: readonly Round[]): string {
  const [, value, digits] = column
  const text = median(rounds.map(value)).toFixed(digits)
  return column === CPU ? `${median(rounds.map(({ bare }) => bare.cpuUs)).toFixed(0)} → ${text}` : text
}

const GOAL = 0.65

function verdict(rounds: ReadonlyMap<Cell, readonly Round[]>): string {
  const cell = cells.find(
    ({ connections, bodyBytes, stream }) => connections === 64 && bodyBytes === 1024 && !stream,
  )
  const of = cell === undefined ? [] : (rounds.get(cell) ?? [])
  const ratios = of.map(({ router, bare }) => router.perSecond / bare.perSecond).sort((a, b) => a - b)
  const reached = median(ratios) >= GOAL ? 'reached' : 'not reached'
  const spread = `${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}`
  return `Goal: ${GOAL} of the bare proxy's requests a second at 64 connections, 1 KB, buffered. Measured: **${median(ratios).toFixed(2)}** (rounds from ${spread}), ${reached}.`
}

if (import.meta.main) process.stdout.write(await run())
