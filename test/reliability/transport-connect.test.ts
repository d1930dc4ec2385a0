/** Table A, connections that do not come about. */
import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { closedPort } from '../support/backend.ts'
import { startFullBacklog } from '../support/faults/full-backlog.ts'
import { policyEntry, startPlayedBackend } from '../support/faults/played-backend.ts'
import { assertFellBack, NEXT } from '../support/faults/router-stage.ts'
import { selfSigned } from '../support/faults/self-signed.ts'
import { PROTOCOLS } from '../support/protocols/protocols.ts'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'

/** A router whose first backend is at `origin`, and that has a healthy one beside it. */
async function startBeside(
  test: TestContext,
  origin: string,
  more = 'breaker: { enabled: false }',
): Promise<RunningRouter> {
  const next = await startPlayedBackend('chat', NEXT)
  const router = await startRouter(`backends:
${policyEntry('first', 'chat', origin, more)}
${policyEntry('next', 'chat', next.origin)}
routes: [{ default: first, fallback: next }]`)
  test.after(async () => {
    await router.close()
    await next.close()
  })
  return router
}

const turns = [{ role: 'user', text: 'Hello' }] as const

/** The shortest of several: what the machine does beside it is not what is measured. */
async function shortestMs(times: number, run: () => Promise<void>): Promise<number> {
  let shortest = Infinity
  for (let i = 0; i < times; i++) {
    const startedAtMs = performance.now()
    await run()
    shortest = Math.min(shortest, performance.now() - startedAtMs)
  }
  return shortest
}

test('A 01: a refused connection costs no more than 10 ms before the next target answers', async (t) => {
  const router = await startBeside(t, `http://127.0.0.1:${await closedPort()}`)
  for (const stream of [true, false]) {
    assertFellBack(await PROTOCOLS.chat.ask(router.url, { turns, stream }), { router })
  }
  const both = await shortestMs(8, async () => {
    await (await router.post('/v1/chat/completions', ask('Hello'))).text()
  })
  const nextAlone = await shortestMs(8, async () => {
    await (await router.post('/v1/chat/completions', ask('Hello', { model: 'next' }))).text()
  })
  assert.ok(both - nextAlone <= 10, `${(both - nextAlone).toFixed(1)} ms`)
})

test('A 01: refused connections count: after three of them the target is passed over', async (t) => {
  const router = await startBeside(t, `http://127.0.0.1:${await closedPort()}`, 'breaker: { openMs: 60000 }')
  const attempts: (string | null)[] = []
  for (let i = 0; i < 5; i++) {
    const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream: i % 2 === 0 })
    assertFellBack(answered, { router })
    attempts.push(answered.headers.get('x-llr-attempts'))
  }
  assert.deepEqual(attempts, ['2', '2', '2', '1', '1'])
})

test('A 02: a connection that never opens is given up at the connect timeout, and the next target answers', async (t) => {
  const dead = await startFullBacklog()
  t.after(() => dead.close())
  for (const stream of [true, false]) {
    const router = await startBeside(t, dead.origin, 'timeouts: { connectMs: 150 }')
    const startedAtMs = performance.now()
    const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream })
    const tookMs = performance.now() - startedAtMs
    assertFellBack(answered, { router })
    assert.equal(answered.headers.get('x-llr-attempts'), '2')
    // undici counts its own connect timeout in steps of half a second; ours is exact.
    assert.ok(tookMs >= 148 && tookMs < 900, `${tookMs} ms`)
  }
})

/** An HTTPS server with a certificate of its own making. What is sent to it before it is trusted is kept. */
async function startUntrusted(
  test: TestContext,
): Promise<{ origin: string; dials: () => number; asked: () => number }> {
  let dials = 0
  let asked = 0
  const server = createServer(selfSigned(), (_, response) => {
    asked++
    response.end('{}')
  })
  server.on('connection', () => dials++)
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  test.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `https://localhost:${port}`, dials: () => dials, asked: () => asked }
}

test('A 04: a certificate that nobody vouches for gets no byte of the request and no second try', async (t) => {
  const untrusted = await startUntrusted(t)
  const router = await startBeside(t, untrusted.origin)
  const dialsBefore = untrusted.dials()
  for (const stream of [true, false]) {
    assertFellBack(await PROTOCOLS.chat.ask(router.url, { turns, stream }), { router })
  }
  assert.equal(untrusted.asked(), 0)
  await PROTOCOLS.chat.ask(router.url, { turns, stream: false, model: 'first' })
  assert.equal(untrusted.asked(), 0)
  assert.ok(
    untrusted.dials() - dialsBefore <= 3,
    `${untrusted.dials() - dialsBefore} connections for three requests`,
  )
})

test('A 04: the client is told of a bad certificate as of a mistake in the set-up, not to try again', async (t) => {
  const untrusted = await startUntrusted(t)
  const router = await startBeside(t, untrusted.origin)
  const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream: false, model: 'first' })
  assert.equal(untrusted.asked(), 0)
  assert.equal(answered.error?.code, 'upstream_misconfigured', answered.raw)
})
