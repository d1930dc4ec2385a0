/** Brings the stages up as one service: listens, swaps policies, drains. What it serves is in `app.ts`. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { malformedRequest, refuseMalformed } from './accept/malformed.ts'
import { createListener } from './app.ts'
import { systemClock, type Clock, type Timer } from './clock.ts'
import type { Config } from './config.ts'
import { EMBEDDINGS_ROUTE } from './decide/embedding.ts'
import { createDepartures, type Departures } from './departures.ts'
import { createShadows } from './dispatch/shadow.ts'
import { healthOf, isLocalBackend } from './health.ts'
import { modelList } from './models.ts'
import { ollamaModels } from './ollama-models.ts'
import { createAbReporter, type AbReportPolicy } from './record/ab-report.ts'
import { createLatencyBook } from './record/latency.ts'
import { createFaultReport } from './record/fault-report.ts'
import { createMetrics, type MetricNames } from './record/prometheus.ts'
import { createRecorder, type RecordLog } from './record/recorder.ts'
import type { RecordsSettings } from './record/settings.ts'
import { createResponseStore } from './record/response-store.ts'
import { openSqliteStore } from './record/sqlite-store.ts'
import { createSummariser, parseHours } from './record/summary.ts'
import { createRouter } from './router.ts'
import { createSnapshot, type Snapshot } from './snapshot.ts'
import { VERSION } from './version.ts'
import { clientCodec } from './wire/codecs.ts'

export interface ServerOptions {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** SQLite file; `:memory:` keeps nothing. */
  readonly dbPath: string
  readonly log: RecordLog & { error(fields: object, message: string): void }
  readonly clock?: Clock
}

export interface RouterServer {
  readonly url: string
  /** The policy that serves new requests now. */
  readonly snapshot: () => Snapshot
  /** All or nothing: requests in flight keep the old policy. */
  reload(config: Config): Promise<void>
  /** A reload that did not happen, for `/health` and the metrics. */
  reloadFailed(message: string): void
  /** Stops accepting, lets requests in flight end for at most `drainMs`, then closes everything. */
  close(drainMs?: number): Promise<void>
}

/** Rejects when the port is taken or the host cannot be bound. */
export async function startServer(options: ServerOptions): Promise<RouterServer> {
  const { env, log } = options
  const clock = options.clock ?? systemClock
  let snapshot = await createSnapshot(options.config, env, clock)
  let loadedAtEpochMs = clock.epochMs()
  let reloadError: string | null = null
  const startedAtMs = clock.nowMs()

  const records = liveRecords(() => snapshot.config.records)
  const metrics = createMetrics({ version: VERSION, processMetrics: true, ...namesOf(options.config) })
  const latency = createLatencyBook(clock)
  const store = openSqliteStore(options.dbPath, records)
  await store.check().catch((error: unknown) => {
    log.warn(
      { db: options.dbPath, err: reasonOf(error) },
      'request records cannot be stored; serving without them',
    )
  })
  await latency.warmStart(store).catch(() => undefined)
  const recorder = createRecorder({
    store,
    clock,
    settings: records,
    log,
    observers: [metrics, latency],
    onDropped: (count) => metrics.recordsDropped(count),
  })
  const turns = createResponseStore({
    settings: () => snapshot.config.responses,
    clock,
    disk: options.dbPath === ':memory:' ? null : `${options.dbPath}.responses`,
    onFault: createFaultReport(log, 'stored responses').failed,
  })
  const shadows = createShadows(clock, () => snapshot.config.shadow.maxConcurrent)
  const departures = createDepartures()
  const onDefect = (requestId: string, error: unknown): void =>
    log.error({ requestId, defect: stackOf(error) }, 'a defect of the router')
  const router = createRouter(
    { clock, recorder, latency, metrics, shadows, departures, turns, onDefect },
    () => snapshot,
  )
  const summarise = createSummariser({ store, recorder, clock })
  const reportAb = createAbReporter({
    store,
    recorder,
    clock,
    isLocal: (name) => isLocalBackend(snapshot, name),
  })
  let abPolicy = abPolicyOf(options.config)

  const listener = createListener({
    router,
    health: () => healthOf({ snapshot, clock, version: VERSION, startedAtMs, loadedAtEpochMs, reloadError }),
    models: () => modelList(snapshot.config.policy),
    turns,
    ollama: ollamaModels(
      () => snapshot,
      clock,
      () => loadedAtEpochMs,
    ),
    summary: (hours) => summarise(parseHours(hours, records)),
    abReport: () => reportAb(abPolicy),
    prometheus: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    onDefect,
  })
  const server = createServer(listener)
  const malformed = clientCodec('chat').encodeError(malformedRequest(), '')
  server.on('clientError', (error, socket) => refuseMalformed(error, socket, malformed))
  // A client that thinks between two requests should not pay for a new connection each time.
  server.keepAliveTimeout = 65_000
  const url = await listen(server, options.host, options.port)
  void snapshot.fleet.locality.refresh()

  return {
    url,
    snapshot: () => snapshot,
    async reload(config) {
      const next = await createSnapshot(config, env, clock)
      await next.fleet.locality.refresh()
      const previous = snapshot
      snapshot = next
      abPolicy = abPolicyOf(config)
      loadedAtEpochMs = clock.epochMs()
      reloadError = null
      metrics.policyReloaded(true, namesOf(config))
      previous.retire()
    },
    reloadFailed(message) {
      reloadError = message
      metrics.policyReloaded(false)
    },
    async close(drainMs = 0) {
      await drain(server, drainMs, { clock, departures })
      shadows.close()
      snapshot.retire()
      await snapshot.closed
      await recorder.close()
      await turns.close()
    },
  }
}

function namesOf(config: Config): MetricNames {
  return {
    routes: [...config.policy.routes.map((route) => route.name), 'pinned', EMBEDDINGS_ROUTE],
    backends: Object.keys(config.policy.backends),
  }
}

/** Retention and pace of the policy that serves now: what keeps records outlives a reload. */
function liveRecords(current: () => RecordsSettings): RecordsSettings {
  return {
    get maxDays() {
      return current().maxDays
    },
    get maxRows() {
      return current().maxRows
    },
    get flushIntervalMs() {
      return current().flushIntervalMs
    },
  }
}

/** One object a policy: the report is remembered by it. */
function abPolicyOf({ policy, verdict, prices }: Config): AbReportPolicy {
  const declared = Object.entries(prices).filter(([, price]) => price !== null)
  return { ab: policy.ab, verdict, prices: Object.fromEntries(declared) as AbReportPolicy['prices'] }
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      const address = server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve(`http://${name}:${address.port}`)
    })
  })
}

/** What an error that ends a request may take to reach its client. */
const LAST_WORDS_MS = 500
/** A connection that falls idle while others still work would be kept alive for its client's next request. */
const IDLE_SWEEP_MS = 50

interface DrainParts {
  readonly clock: Clock
  readonly departures: Departures
}

async function drain(server: Server, drainMs: number, parts: DrainParts): Promise<void> {
  const { clock, departures } = parts
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  let sweep: Timer | null = null
  const closeIdle = (): void => {
    server.closeIdleConnections()
    sweep = clock.setTimer(IDLE_SWEEP_MS, closeIdle)
  }
  sweep = clock.setTimer(0, closeIdle)
  let timer = clock.setTimer(drainMs, () => {
    departures.endAll()
    timer = clock.setTimer(LAST_WORDS_MS, () => server.closeAllConnections())
  })
  await closed
  timer.cancel()
  sweep.cancel()
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.name) : typeof error
}
