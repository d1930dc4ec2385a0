/** Table A, what must make no difference: pings, mirrors, wall clocks, names that lead elsewhere. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import dns from 'node:dns'
import { networkInterfaces } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { systemClock, type Clock } from '../../src/clock.ts'
import type { Script } from '../support/backend.ts'
import { FINE, inTurn, NO_DOOR, startCast, type Asked, type Cast } from '../support/cast.ts'
import { chunk, hang, ROLE, stallAfter, status, status500 } from '../support/failing.ts'
import {
  AMID,
  assertBrokenOff,
  assertFellBack,
  PROTOCOL_NAMES,
  startFaulty,
} from '../support/faults/router-stage.ts'
import { createStage } from '../support/stage.ts'
import { ask as askBody } from '../support/start-router.ts'

describe('reliability: pings', { concurrency: 2 }, () => {
  const more = 'timeouts: { progressMs: 400, idleMs: 300, firstTokenMs: 400 }'
  for (const protocol of PROTOCOL_NAMES) {
    test(`A 10: pings for ever amid an answer are no progress: it is ended, ${protocol}`, async (t) => {
      const faulty = await startFaulty(t, { protocol, more })
      faulty.proxy.set({ kind: 'pings', afterEvents: AMID[protocol], everyMs: 50 })
      const startedMs = performance.now()
      assertBrokenOff(await faulty.ask('chat', true), faulty, 'upstream_timeout')
      const tookMs = performance.now() - startedMs
      assert.ok(tookMs >= 390 && tookMs < 1_500, `${tookMs} ms`)
    })
  }

  test('A 10: pings for ever before an answer are none: the next target gives it', async (t) => {
    for (const protocol of PROTOCOL_NAMES) {
      const faulty = await startFaulty(t, { protocol, more })
      faulty.proxy.set({ kind: 'pings', afterEvents: 0, everyMs: 50 })
      assertFellBack(await faulty.ask('chat', true), faulty)
    }
  })
})

describe('reliability: mirrors', () => {
  const huge: Script = (request, response) => {
    if (request.method === 'GET') return FINE(request, response)
    response.writeHead(200, { 'content-type': 'application/json' })
    // Fast enough for the largest answer that is read, and slow enough to leave this process to the others.
    const timer = setInterval(() => response.write(Buffer.alloc(262_144, ' ')), 10)
    response.on('close', () => clearInterval(timer))
  }
  const slow: Script = (request, response) => void setTimeout(() => void FINE(request, response), 3_000)

  for (const [what, shadow] of [
    ['dead', hang],
    ['slow', slow],
    ['failing', status500],
    ['endless', huge],
  ] as const) {
    test(`A 52: a mirror that is ${what} costs the client no time and the router no memory`, async (t) => {
      const stage = createStage(t)
      const primary = await stage.backend(FINE)
      const mirror = await stage.backend(shadow)
      const backends = `backends:
  primary: { type: openai, endpoint: "${primary.origin}/v1", model: p }
  mirror: { type: openai, endpoint: "${mirror.origin}/v1", model: c }
routes: [{ default: primary }]\n`
      const ab = 'ab: { enabled: true, sampleRate: 1, candidates: { primary: mirror } }\n'
      const without = await stage.router(backends)
      const router = await stage.router(backends + ab)
      const timesOf = async (asked: typeof router): Promise<number[]> => {
        const times: number[] = []
        for (let i = 0; i < 60; i++) {
          const startedMs = performance.now()
          const response = await asked.post('/v1/chat/completions', askBody('Hello', { stream: i % 2 === 0 }))
          assert.equal(response.status, 200)
          await response.text()
          times.push(performance.now() - startedMs)
        }
        return times.toSorted((a, b) => a - b)
      }
      await timesOf(without)
      const alone = await timesOf(without)
      const before = process.memoryUsage.rss()
      const mirrored = await timesOf(router)
      assert.ok(mirror.received.length > 0, 'it was mirrored')
      const [aloneMs = 0, mirroredMs = 0] = [alone[54], mirrored[54]]
      assert.ok(mirroredMs < aloneMs * 3 + 60, `${mirroredMs} ms with it, ${aloneMs} ms without`)
      const grownMb = (process.memoryUsage.rss() - before) / 1e6
      assert.ok(grownMb < 400, `${grownMb} MB`)
      assert.deepEqual(router.defects, [])
    })
  }
})

describe('reliability: the wall clock', { concurrency: 2 }, () => {
  /** Jumps by hours with every look at it. */
  function jumpy(): Clock {
    let jumps = 0
    const hours = [0, 26, -26, 1, -900, 9_000]
    return { ...systemClock, epochMs: () => Date.now() + (hours[jumps++ % hours.length] ?? 0) * 3_600_000 }
  }
  const tookAbout = ({ tookMs }: Asked, ms: number): void =>
    assert.ok(tookMs >= ms - 15 && tookMs < ms + 400, `${tookMs} ms instead of ${ms}`)

  test('A 54: limits and deadlines run out when they should', async (t) => {
    const more = `${NO_DOOR}, timeouts: { firstTokenMs: 300, totalMs: 300, idleMs: 300 }`
    const roles = { first: { script: hang, more }, next: { script: FINE } }
    const policy = 'breaker: { enabled: false }'
    const { ask, backends } = await startCast(t, roles, { clock: jumpy(), policy })
    for (const stream of [false, true]) {
      const fell = await ask({ stream })
      assert.deepEqual([fell.status, fell.backend], [200, 'next'])
      tookAbout(fell, 300)
      const late = await ask({ stream }, { 'x-request-timeout-ms': '150' })
      assert.equal(late.code, 'upstream_timeout')
      tookAbout(late, 150)
    }
    backends.first.script(stallAfter(ROLE, chunk({ content: 'One ' })))
    const stalled = await ask({ stream: true })
    assert.match(stalled.text, /One .*upstream_timeout/s)
    tookAbout(stalled, 300)
  })

  test('A 54: an open breaker stays open for its time, and no longer', async (t) => {
    const policy = 'breaker: { consecutiveFailures: 1, jitter: 0, openMs: 1500 }'
    const roles = { first: { script: status500 }, next: { script: FINE } }
    const { ask, backends } = await startCast(t, roles, { clock: jumpy(), policy })
    const openedMs = performance.now()
    await ask()
    backends.first.script(FINE)
    while (performance.now() - openedMs < 1_200) assert.equal((await ask()).backend, 'next')
    await pause(500)
    assert.equal((await ask()).backend, 'first')
  })

  test('A 54: a date in a Retry-After is measured by the clock that wrote it', async (t) => {
    const headers = { date: 'Wed, 25 Nov 2026 12:00:00 GMT', 'retry-after': 'Wed, 25 Nov 2026 12:00:20 GMT' }
    const cast: Cast<'only'> = await startCast(
      t,
      { only: { script: status(429, {}, headers) } },
      { clock: jumpy() },
    )
    assert.equal((await cast.ask()).retryAfter, 20)
  })

  test('A 54: a pause between two tries is no longer for it', async (t) => {
    const script = inTurn(status(429, {}, { 'retry-after': '1' }), FINE)
    const { ask } = await startCast(t, { only: { script } }, { clock: jumpy() })
    const asked = await ask()
    assert.equal(asked.status, 200)
    tookAbout(asked, 1_000)
  })
})

describe('reliability: names', () => {
  const body = askBody('Hello')

  test('A 03: a name that does not resolve leaves the request to the next target, and counts against the first', async (t) => {
    const stage = createStage(t)
    const next = await stage.backend(FINE)
    const router = await stage.router(`backends:
  gone: { type: openai-compatible, endpoint: "http://nowhere.invalid/v1", model: m }
  next: { type: openai-compatible, endpoint: "${next.origin}/v1", model: m }
routes: [{ default: gone, fallback: next }]
breaker: { consecutiveFailures: 1, openMs: 60000, jitter: 0 }`)
    const first = await router.post('/v1/chat/completions', body)
    assert.equal(first.headers.get('x-llr-backend'), 'next')
    assert.match(first.headers.get('x-llr-reason') ?? '', /gone failed \(backend_unavailable\)/)
    const second = await router.post('/v1/chat/completions', body)
    assert.match(second.headers.get('x-llr-reason') ?? '', /gone passed over/)
  })

  test('A 03: a local name that leads to the net: the connection is judged by its other end, and gets no byte', async (t) => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address
    if (outside === undefined) return t.skip('this machine has loopback alone')
    let bytes = 0
    let connections = 0
    const server = createServer((socket) => {
      connections++
      socket.on('data', (part) => (bytes += part.length)).on('error', () => undefined)
    }).listen(0, outside)
    await once(server, 'listening')
    t.after(() => void server.close())
    const { port } = server.address() as AddressInfo
    // Only what the resolver says is made up; sockets are real.
    const { lookup } = dns
    t.mock.method(dns, 'lookup', (...given: Parameters<typeof lookup>) => {
      if (given[0] !== 'localhost') return lookup(...given)
      const callback = given.at(-1) as unknown as (error: null, ...found: unknown[]) => void
      const { all } = given[1] as unknown as { readonly all?: boolean }
      if (all === true) callback(null, [{ address: outside, family: 4 }])
      else callback(null, outside, 4)
    })
    const stage = createStage(t)
    const next = await stage.backend(FINE)
    const router = await stage.router(`backends:
  local: { type: openai-compatible, endpoint: "http://localhost:${port}/v1", model: m, attest: local }
  next: { type: openai-compatible, endpoint: "${next.origin}/v1", model: m }
routes: [{ default: local, fallback: next }]`)
    for (const stream of [false, true]) {
      const secret = await router.post(
        '/v1/chat/completions',
        { ...body, stream },
        { 'x-llr-sensitivity': 'high' },
      )
      assert.ok(secret.status >= 400 && secret.status < 500, String(secret.status))
      assert.match(await secret.text(), /privacy_no_local_target/)
    }
    assert.equal(next.received.length, 0)
    const other = await router.post('/v1/chat/completions', body)
    assert.equal(other.headers.get('x-llr-backend'), 'next')
    assert.ok(connections >= 3, `${connections} connections`)
    assert.equal(bytes, 0)
  })
})
