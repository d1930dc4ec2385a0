/** One backend, ready to be called: where it is, how it is spoken to, who may be at the other end of the line. */
import { buildConnector, Pool, type Dispatcher } from 'undici'
import { admissionSettings, type AdmissionSettings } from './admission-settings.ts'
import type { BreakerSettings } from './breaker-settings.ts'
import { isLoopbackAddress, isLoopbackHost, isPrivateAddress } from './address.ts'
import type { connectionShape, DemoSettings, Timeouts, TimeoutSettings, VendorName } from './settings.ts'
import { HOSTED_TIMEOUTS, speaksOf, VENDORS, type Speaks } from './vendors.ts'
import { waysTo, type WayTo } from './way.ts'
import type { z } from 'zod'

/** The connection half of a `backends.*` entry. */
export type Connection = Readonly<{
  [K in keyof typeof connectionShape]?: z.infer<(typeof connectionShape)[K]>
}> & {
  readonly type: VendorName
}

/**
 * How far a claim of being local is checked on the open connection: `loopback` and `private` end a connection
 * whose peer is anything else; `none` makes no claim.
 */
export type PeerRule = 'loopback' | 'private' | 'none'

export interface Backend {
  readonly name: string
  readonly type: VendorName
  readonly speaks: Speaks
  readonly wantsMaxTokens: boolean
  readonly origin: string
  readonly wayTo: WayTo
  readonly timeouts: Timeouts
  readonly breaker: BreakerSettings
  readonly admission: AdmissionSettings
  readonly peerRule: PeerRule
  readonly attested: boolean
  /** Environment variable that should hold the key and does not, when the vendor's own endpoint needs one. */
  readonly missingKeyEnv: string | null
  readonly pool: Dispatcher
  /** Calls for clients in flight, mirrors not counted. */
  inFlight: number
}

export interface BackendOptions {
  readonly name: string
  readonly connection: Connection
  readonly policyTimeouts: TimeoutSettings
  readonly policyBreaker?: BreakerSettings
  readonly env: Readonly<Record<string, string | undefined>>
}

export const DEMO_DEFAULTS: DemoSettings = Object.freeze({
  firstTokenMs: 0,
  tokenIntervalMs: 0,
  fail: 'never',
})

/** `demoEndpoint` is where the embedded server of a `type: demo` backend listens. */
export function createBackend(options: BackendOptions, demoEndpoint: string | null): Backend {
  const { name, connection, env } = options
  const vendor = VENDORS[connection.type]
  const endpoint = new URL(
    demoEndpoint ?? connection.endpoint ?? vendor.defaultEndpoint ?? 'http://127.0.0.1:9',
  )
  const attested = connection.attest === 'local'
  const peerRule = isLoopbackHost(endpoint.hostname) ? 'loopback' : attested ? 'private' : 'none'
  // An OpenAI-compatible server may be llama.cpp in the next room or a service on another continent.
  const isHosted = connection.type === 'openai-compatible' && peerRule === 'none'
  const defaults = isHosted ? HOSTED_TIMEOUTS : vendor.timeouts
  const timeouts = withDefaults(defaults, options.policyTimeouts, connection.timeouts ?? {})
  const keyEnv = connection.apiKeyEnv ?? vendor.apiKeyEnv
  const key = keyEnv === null ? undefined : env[keyEnv]?.trim()
  // A vendor's own service wants its key; a gateway of the house behind another address may not.
  const isVendorsOwn =
    vendor.defaultEndpoint !== null && new URL(vendor.defaultEndpoint).origin === endpoint.origin
  const speaks = speaksOf(connection.type, connection.protocol, isVendorsOwn)
  const needsKey = connection.apiKeyEnv !== undefined || isVendorsOwn
  return {
    name,
    type: connection.type,
    speaks,
    wantsMaxTokens: vendor.wantsMaxTokens,
    origin: endpoint.origin,
    wayTo: waysTo(endpoint, key, speaks.main.protocol === 'ollama'),
    timeouts,
    breaker: { ...options.policyBreaker, ...connection.breaker },
    admission: admissionSettings(connection.admission ?? {}, {
      enabled: peerRule !== 'none' && connection.type !== 'demo',
      parallel: vendor.parallel,
      firstTokenMs: timeouts.firstTokenMs,
    }),
    peerRule,
    attested,
    missingKeyEnv: keyEnv !== null && needsKey && (key === undefined || key === '') ? keyEnv : null,
    pool: createPool(endpoint.origin, peerRule, timeouts.connectMs),
    inFlight: 0,
  }
}

/** Backend over policy over vendor; a key that is there but undefined is not there. */
function withDefaults(vendor: Timeouts, policy: TimeoutSettings, backend: TimeoutSettings): Timeouts {
  const pick = (name: keyof Timeouts): number => backend[name] ?? policy[name] ?? vendor[name]
  return {
    connectMs: pick('connectMs'),
    firstTokenMs: pick('firstTokenMs'),
    idleMs: pick('idleMs'),
    totalMs: pick('totalMs'),
    streamMs: pick('streamMs'),
    progressMs: pick('progressMs'),
    clientStallMs: pick('clientStallMs'),
    keepAliveMs: pick('keepAliveMs'),
  }
}

function createPool(origin: string, rule: PeerRule, connectMs: number): Pool {
  const connect = buildConnector({ timeout: connectMs })
  return new Pool(origin, {
    // undici's own 300 s timers would kill a cold load; ours are per attempt and on the injected clock.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: connectMs,
    keepAliveTimeout: 4_000,
    pipelining: 1,
    connect: (options, callback) => {
      connect(options, (error, socket) => {
        if (error !== null || socket === null) return callback(error ?? new Error('no socket'), null)
        if (isPeerAllowed(rule, socket.remoteAddress)) return callback(null, socket)
        socket.destroy()
        return callback(new PeerNotLocalError(), null)
      })
    },
  })
}

function isPeerAllowed(rule: PeerRule, address: string | undefined): boolean {
  if (rule === 'none') return true
  return rule === 'loopback' ? isLoopbackAddress(address) : isPrivateAddress(address)
}

/** The endpoint claims to be local and the connection ended somewhere else. */
export class PeerNotLocalError extends Error {
  override readonly name = 'PeerNotLocalError'
}
