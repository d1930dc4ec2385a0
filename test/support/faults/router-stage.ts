/** The running router with a backend behind the fault proxy, and a healthy one of another protocol to fall back on. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startFaultProxy, type Fault, type FaultProxy } from '../fault-proxy.ts'
import type { Answer, Answered } from '../protocols/neutral.ts'
import { PROTOCOLS, type ProtocolName } from '../protocols/protocols.ts'
import { startRouter, type RunningRouter } from '../start-router.ts'
import { policyEntry, startPlayedBackend, type PlayedBackend } from './played-backend.ts'

const usage = { input: 21, output: 13, cached: 0, reasoning: 0 }
export const FIRST: Answer = {
  text: ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.'],
  finish: 'stop',
  usage,
}
export const NEXT: Answer = { text: ['From ', 'the ', 'fallback.'], finish: 'stop', usage }

/** So many events of {@link FIRST} have brought content, and not yet the end. */
export const AMID = { chat: 3, responses: 6, messages: 5, ollama: 2 } as const

export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as ProtocolName[]
/** For tests that look at one answer after the other: a target that failed three times is not passed over. */
export const NO_BREAKER = 'breaker: { enabled: false }'
/** The fallback speaks another protocol than the backend that fails. */
const OTHER = { chat: 'messages', messages: 'ollama', ollama: 'responses', responses: 'chat' } as const

export interface FaultyOptions {
  /** Of the backend behind the proxy. */
  readonly protocol?: ProtocolName
  readonly faults?: readonly Fault[]
  readonly seed?: number
  readonly answer?: Answer
  /** Further keys of that backend, as the policy has them: `timeouts: { idleMs: 100 }`. */
  readonly more?: string
  /** True: there is no other. */
  readonly alone?: boolean
  /** Further sections of the policy; {@link NO_BREAKER} unless given. */
  readonly policy?: string
}

export interface Faulty {
  readonly router: RunningRouter
  readonly proxy: FaultProxy
  readonly first: PlayedBackend
  readonly next: PlayedBackend
  /** One question, with the driver of a protocol. */
  readonly ask: (client: ProtocolName, stream: boolean) => Promise<Answered>
}

export async function startFaulty(test: TestContext, options: FaultyOptions = {}): Promise<Faulty> {
  const { protocol = 'chat', faults = [], seed = 1, more = '', alone = false } = options
  const { policy = NO_BREAKER } = options
  const first = await startPlayedBackend(protocol, options.answer ?? FIRST)
  const next = await startPlayedBackend(OTHER[protocol], NEXT)
  const proxy = await startFaultProxy({ upstream: first.origin, seed, faults })
  const router = await startRouter(`backends:
${policyEntry('first', protocol, proxy.origin, more)}
${policyEntry('next', OTHER[protocol], next.origin)}
routes: [{ default: first${alone ? '' : ', fallback: next'} }]
${policy}`)
  test.after(async () => {
    for (const part of [router, proxy, first, next]) await part.close()
  })
  return {
    router,
    proxy,
    first,
    next,
    ask: (client, stream) =>
      PROTOCOLS[client].ask(router.url, { turns: [{ role: 'user', text: 'Hello' }], stream }),
  }
}

/** The client got one clean answer of the fallback, and nothing of the first. */
export function assertFellBack(answered: Answered, { router }: Pick<Faulty, 'router'>): void {
  assert.equal(answered.status, 200, answered.raw)
  assert.equal(answered.error, null, answered.raw)
  assert.equal(answered.text, NEXT.text.join(''))
  assert.equal(answered.terminated, true, answered.raw)
  assert.equal(answered.headers.get('x-llr-backend'), 'next')
  assert.deepEqual(router.defects, [])
}

/** What was sent stays, an error in the client's own form follows, and nobody else was asked. */
export function assertBrokenOff(answered: Answered, { router, next }: Faulty, code: string | null): void {
  assert.equal(answered.status, 200)
  assert.ok(answered.text !== '' && FIRST.text.join('').startsWith(answered.text), answered.raw)
  assert.equal(answered.finish, null, `no finish: ${answered.raw}`)
  assert.equal(answered.terminated, false, `no clean end: ${answered.raw}`)
  assert.ok(answered.error !== null, `an error: ${answered.raw}`)
  if (code !== null) assert.equal(answered.error.code, code)
  assert.equal(next.received.length, 0, 'no second answer was begun')
  assert.deepEqual(router.defects, [])
}
