/** Whether memory grows: many requests through the router, its heap and resident size after a collection. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLoad, startProcess, type Process } from './processes/start.ts'

const quick = process.argv.includes('--quick')
const STEP = quick ? 5_000 : 20_000
const STEPS = 10
/** The first steps fill caches, pools and the optimiser's own memory. */
const WARM_UP_STEPS = 3
const CONNECTIONS = 64
const BODY_BYTES = 1024
/** Of each step; the rest is buffered. Both ways are walked between every two figures. */
const STREAMED_SHARE = 0.2
/** Records in the queue are written and let go. */
const SETTLE_MS = 600
/** Less than this over all the steps after the warm-up is noise: the heap differs by as much between two runs. */
const NOISE_MB = 2

interface Point {
  readonly requests: number
  readonly heapMb: number
  readonly rssMb: number
}

export async function run(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-bench-'))
  const backend = await startProcess('backend')
  const router = await startProcess('router', {
    args: [backend.origin, join(folder, 'metrics.db')],
    execArgv: ['--expose-gc'],
  })
  const load = await startLoad()
  const job = {
    origin: router.origin,
    connections: CONNECTIONS,
    bodyBytes: BODY_BYTES,
    warmupMs: 0,
    durationMs: null,
  }
  const points: Point[] = []
  let errors = 0
  try {
    for (let step = 1; step <= STEPS; step++) {
      for (const stream of [false, true]) {
        const requests = STEP * (stream ? STREAMED_SHARE : 1 - STREAMED_SHARE)
        errors += (await load.run({ ...job, stream, requests })).errors
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      points.push(await pointAt(router, step * STEP))
      process.stderr.write(`  ${step * STEP} requests\n`)
    }
  } finally {
    load.stop()
    await router.stop()
    await backend.stop()
    rmSync(folder, { recursive: true })
  }
  if (errors > 0) throw new Error(`${errors} requests failed; these figures would mean nothing.`)
  return render(points)
}

async function pointAt(router: Process, requests: number): Promise<Point> {
  const { heapUsedBytes, rssBytes } = await router.usage()
  return { requests, heapMb: heapUsedBytes / 2 ** 20, rssMb: rssBytes / 2 ** 20 }
}

/** Least squares, per 100,000 requests. */
function slope(points: readonly Point[], value: (point: Point) => number): number {
  const mean = (of: (point: Point) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const meanX = mean((point) => point.requests)
  const meanY = mean(value)
  const covariance = mean((point) => (point.requests - meanX) * (value(point) - meanY))
  return (covariance / mean((point) => (point.requests - meanX) ** 2)) * 100_000
}

function render(points: readonly Point[]): string {
  const settled = points.slice(WARM_UP_STEPS)
  const heapGrowth = slope(settled, (point) => point.heapMb)
  const rssGrowth = slope(settled, (point) => point.rssMb)
  const span = ((settled.at(-1)?.requests ?? 0) - (settled[0]?.requests ?? 0)) / 100_000
  const grew = heapGrowth * span > NOISE_MB
  return [
    '## Memory',
    '',
    `${(STEP * STEPS).toLocaleString('en')} requests of 1 KB over ${CONNECTIONS} connections, ${STREAMED_SHARE * 100} % of them streamed; after each ${STEP.toLocaleString('en')} a collection, then the figures.`,
    '',
    '| requests | heap used, MB | resident, MB |',
    '|---:|---:|---:|',
    ...points.map(
      ({ requests, heapMb, rssMb }) =>
        `| ${requests.toLocaleString('en')} | ${heapMb.toFixed(1)} | ${rssMb.toFixed(0)} |`,
    ),
    '',
    `After the first ${(WARM_UP_STEPS * STEP).toLocaleString('en')}: ${signed(heapGrowth)} MB of heap and ${signed(rssGrowth)} MB resident per 100,000 requests (least squares). The heap ${grew ? '**grew**' : 'did not grow'}.`,
    '',
  ].join('\n')
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}

if (import.meta.main) process.stdout.write(await run())
