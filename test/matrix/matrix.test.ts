/** Every client protocol in front of every backend protocol, for every feature: what the backend hears, what the client gets. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { startBackend, type Backend, type Received } from '../support/backend.ts'
import { assertAnswered, assertBroken, assertHeard } from '../support/protocols/compare.ts'
import type { Answer, Answered } from '../support/protocols/neutral.ts'
import { MODEL, play } from '../support/protocols/played-server.ts'
import { PROTOCOLS, type Protocol, type ProtocolName } from '../support/protocols/protocols.ts'
import type { Exchange } from '../support/protocols/scenarios.ts'
import { startRouter, type RunningRouter } from '../support/start-router.ts'
import { EGRESS, FEATURES, INGRESS, matrixTable, type Feature } from './features.ts'

/** A fallback of another protocol: the request is translated anew, and so is the answer. */
const NEXT: Readonly<Record<ProtocolName, ProtocolName>> = {
  chat: 'messages',
  messages: 'ollama',
  ollama: 'responses',
  responses: 'chat',
}

/** The error of a backend that failed, as each dialect has it. */
const FAILED: Readonly<Record<ProtocolName, { readonly status: number; readonly type: string | null }>> = {
  chat: { status: 502, type: 'server_error' },
  responses: { status: 502, type: 'server_error' },
  messages: { status: 502, type: 'api_error' },
  ollama: { status: 502, type: null },
}

/** For the time in which the router only looks who is there. */
const NOTHING: Answer = {
  text: [],
  finish: 'stop',
  usage: { input: 0, output: 0, cached: 0, reasoning: 0 },
}

interface Stand {
  readonly first: Backend
  readonly next: Backend
  readonly alone: RunningRouter
  readonly withFallback: RunningRouter
}

async function startStand(egress: Protocol): Promise<Stand> {
  const first = await startBackend(play(egress.server, NOTHING))
  const next = await startBackend(play(PROTOCOLS[NEXT[egress.name]].server, NOTHING))
  const entry = (name: string, protocol: ProtocolName, { origin }: Backend): string =>
    protocol === 'ollama'
      ? `  ${name}: { type: ollama, endpoint: "${origin}", model: ${MODEL} }`
      : `  ${name}: { type: openai-compatible, endpoint: "${origin}/v1", model: ${MODEL}, protocol: ${protocol} }`
  // Every cell is to find its backend willing, however many failed before it.
  const backends = `breaker: { enabled: false }\nbackends:\n${entry('first', egress.name, first)}\n${entry('next', NEXT[egress.name], next)}\n`
  return {
    first,
    next,
    alone: await startRouter(`${backends}routes: [{ default: first }]\n`),
    withFallback: await startRouter(`${backends}routes: [{ default: first, fallback: next }]\n`),
  }
}

interface Cell {
  readonly ingress: Protocol
  readonly egress: Protocol
  readonly feature: Feature
  readonly stream: boolean
}

/** Plays one conversation, and looks at both of its sides. */
async function run(cell: Cell, stand: Stand): Promise<void> {
  let last: Answered | null = null
  for (const step of cell.feature.scenario) last = await exchangeOnce(cell, stand, step(cell.stream, last))
}

async function exchangeOnce(cell: Cell, stand: Stand, exchange: Exchange): Promise<Answered> {
  const { ingress, egress, feature } = cell
  const { ask, answer } = exchange
  const { failure: _, ...whole } = answer
  const breaches: string[] = []
  const fallback = PROTOCOLS[NEXT[egress.name]]
  const router = feature.outcome === 'fallback' ? stand.withFallback : stand.alone
  stand.first.script(play(egress.server, answer, breaches))
  stand.next.script(play(fallback.server, whole, breaches))
  const seen = [stand.first.received.length, stand.next.received.length] as const
  const answered = await ingress.ask(router.url, ask)
  assert.deepEqual(breaches, [], 'the backend answered 400')
  const heard = (requests: readonly Received[], from: number, protocol: Protocol): void => {
    const [request, ...more] = requests.slice(from).filter(({ path }) => path === protocol.server.path)
    assert.ok(request !== undefined, `the ${protocol.name} backend was not asked: ${answered.raw}`)
    // A failing backend is asked once more where there is no other, as long as its budget for that lasts.
    const mostTimes = feature.outcome === 'answered' || feature.outcome === 'fallback' ? 1 : 2
    assert.ok(more.length < mostTimes, `asked ${more.length + 1} times`)
    for (const { text } of more) assert.equal(text, request.text)
    assertHeard(protocol.server.hear(request.body, request.headers), ask, [ingress, protocol])
  }
  if (feature.except?.includes(egress.name)) {
    assert.equal(stand.first.received.length, seen[0], 'the backend was not asked')
    assert.equal(answered.status, 400)
    assert.equal(answered.error?.type ?? 'invalid_request_error', 'invalid_request_error')
    return answered
  }
  heard(stand.first.received, seen[0], egress)
  if (feature.outcome === 'fallback') heard(stand.next.received, seen[1], fallback)
  else assert.equal(stand.next.received.length, seen[1], 'nobody else was asked')

  switch (feature.outcome) {
    case 'answered':
      assertAnswered(answered, answer, [ingress, egress])
      assert.equal(answered.headers.get('x-llr-dropped'), null, 'nothing was left out')
      break
    case 'fallback':
      assertAnswered(answered, whole, [ingress, fallback])
      assert.equal(answered.headers.get('x-llr-backend'), 'next')
      assert.equal(answered.headers.get('x-llr-attempts'), '2')
      break
    case 'refused':
      assert.equal(answered.status, FAILED[ingress.name].status)
      assert.equal(answered.error?.type, FAILED[ingress.name].type)
      break
    case 'broken':
      assertBroken(answered, answer)
      assert.ok(answered.error !== null, `an error in the client's dialect: ${answered.raw}`)
      break
  }
  assert.deepEqual([...router.defects], [], 'defects of the router')
  return answered
}

for (const { protocol: to } of EGRESS) {
  describe(`in front of ${to}`, { timeout: 40_000 }, () => {
    const egress = PROTOCOLS[to]
    let stand: Stand
    before(async () => {
      stand = await startStand(egress)
    })
    after(async () => {
      for (const part of [stand.alone, stand.withFallback, stand.first, stand.next]) await part.close()
    })
    for (const { protocol: from } of INGRESS) {
      for (const feature of FEATURES.filter(({ except }) => !except?.includes(from))) {
        for (const form of feature.forms) {
          const cell = { ingress: PROTOCOLS[from], egress, feature, stream: form === 'streamed' }
          test(`${from}: ${feature.label}, ${form}`, () => run(cell, stand))
        }
      }
    }
  })
}

test('the README has exactly this table', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, shown] = /<!-- matrix -->\n([\s\S]*?)\n<!-- \/matrix -->/.exec(readme) ?? []
  assert.equal(shown, matrixTable())
})
