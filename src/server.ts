/** Brings the stages up as one service: listens, swaps policies, drains. What it serves is in `app.ts`. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { lateRequest, malformedRequest, refuseMalformed } from './accept/malformed.ts'
import { createDoor, type Door } from './accept/door.ts'
import { assertGuarded } from './accept/door-guard.ts'
import { createListener } from './app.ts'
import { systemClock, type Clock } from './clock.ts'
import type { Config } from './config.ts'
import { EMBEDDINGS_ROUTE } from './decide/embedding.ts'
import { createDepartures } from './departures.ts'
import { isIpAddress, isLoopbackHost } from './dispatch/address.ts'
import { createGuards } from './dispatch/guards.ts'
import { createShadows } from './dispatch/shadow.ts'
import { drain } from './drain.ts'
import { healthOf, isLocalBackend } from './health.ts'
import { modelList } from './models.ts'
import { ollamaModels } from './ollama-models.ts'
import { createAbReporter } from './record/ab-report.ts'
import { createLatencyBook } from './record/latency.ts'
import { createFaultReport } from './record/fault-report.ts'
import { createMetrics, type MetricNames } from './record/prometheus.ts'
import { createRecorder, type RecordLog } from './record/recorder.ts'
import { createResponseStore } from './record/response-store.ts'
import { openSqliteStore } from './record/sqlite-store.ts'
import { createSummariser, parseHours } from './record/summary.ts'
import { abPolicyOf, liveRecords } from './live-policy.ts'
import { createOverloadSampler } from './overload-sample.ts'
import { createOverload } from './overload.ts'
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
  /** Listen beyond this machine although the policy names no clients. */
  readonly allowWithoutKeys?: boolean
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
  const { env, log, host, allowWithoutKeys = false } = options
  const place = { host, isLoopback: isLoopbackHost(host), allowWithoutKeys, isIpAddress }
  assertGuarded(options.config, place)
  const clock = options.clock ?? systemClock
  let snapshot = await createSnapshot(options.config, env, clock)
  let loadedAtEpochMs = clock.epochMs()
  let reloadError: string | null = null
  const startedAtMs = clock.nowMs()

  const records = liveRecords(() => snapshot.config.records)
  const guards = createGuards(clock)
  const metrics = createMetrics({
    version: VERSION,
    processMetrics: true,
    guards,
    ...namesOf(options.config),
  })
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
  const sampler = createOverloadSampler()
  const overload = createOverload({ clock, sample: sampler.sample })
  const shadows = createShadows(
    clock,
    () => snapshot.config.shadow.maxConcurrent,
    () => overload.sheds('shadow'),
  )
  let draining = false
  const departures = createDepartures()
  const onDefect = (requestId: string, error: unknown): void =>
    log.error({ requestId, defect: stackOf(error) }, 'a defect of the router')
  const router = createRouter(
    {
      clock,
      recorder,
      latency,
      metrics,
      shadows,
      departures,
      turns,
      guards,
      random: Math.random,
      sheds: (priority) => overload.sheds(priority),
      onDefect,
    },
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

  // The port is known when it listens; nobody can come in before.
  let door: Door = createDoor(options.config, { ...place, port: options.port })
  const listener = createListener({
    door: () => door,
    clock,
    onTurnedAway: () => metrics.requestRefused(),
    router,
    health: () =>
      healthOf({ snapshot, guards, clock, version: VERSION, startedAtMs, loadedAtEpochMs, reloadError }),
    isReady: () => !draining,
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
  // Said here, so that `--insecure-http-parser` in NODE_OPTIONS cannot say otherwise.
  const server = createServer(
    {
      insecureHTTPParser: false,
      // A client that writes its headers letter by letter holds a connection; the body has a timer of its own.
      headersTimeout: 10_000,
      requestTimeout: 0,
      connectionsCheckingInterval: 1_000,
    },
    listener,
  )
  const codec = clientCodec('chat')
  const malformed = {
    malformed: codec.encodeError(malformedRequest(), ''),
    late: codec.encodeError(lateRequest(), ''),
  }
  server.on('clientError', (error, socket) => refuseMalformed(error, socket, malformed))
  // Node would tell such a client to send its body before anyone has looked at its headers, and hang up on CONNECT.
  server.on('checkContinue', listener)
  server.on('connect', (_, socket) => refuseMalformed(new Error('CONNECT'), socket, malformed))
  // A client that thinks between two requests should not pay for a new connection each time.
  server.keepAliveTimeout = 65_000
  const { url, port } = await listen(server, host, options.port)
  door = createDoor(options.config, { ...place, port })
  void snapshot.fleet.locality.refresh()

  return {
    url,
    snapshot: () => snapshot,
    async reload(config) {
      assertGuarded(config, place)
      const next = await createSnapshot(config, env, clock)
      await next.fleet.locality.refresh()
      const previous = snapshot
      snapshot = next
      door = createDoor(config, { ...place, port })
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
      draining = true
      await drain(server, drainMs, { clock, departures })
      shadows.close()
      guards.close()
      overload.close()
      sampler.close()
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

function listen(server: Server, host: string, port: number): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      const address = server.address() as AddressInfo
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
      resolve({ url: `http://${name}:${address.port}`, port: address.port })
    })
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.name) : typeof error
}
