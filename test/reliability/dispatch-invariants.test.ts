/** What holds of any requests and any failures of the backends behind them, drawn at random. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Script } from '../support/backend.ts'
import { FINE, inTurn, ONE_SLOT, startCast } from '../support/cast.ts'
import { eventually } from '../support/eventually.ts'
import {
  chunk,
  cutAfter,
  errorWith200,
  hangUp,
  malformed,
  ROLE,
  stallAfter,
  status,
  status500,
  streamOf,
} from '../support/failing.ts'
import type { Fault } from '../support/fault-proxy.ts'
import { FIRST, NEXT, PROTOCOL_NAMES, startFaulty } from '../support/faults/router-stage.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { ask as askBody, type RunningRouter } from '../support/start-router.ts'

const place = fc.record({ afterEvents: fc.integer({ min: 0, max: 7 }) })
const aFault: fc.Arbitrary<Fault> = fc.oneof(
  place.map((at): Fault => ({ kind: 'reset', ...at })),
  place.map((at): Fault => ({ kind: 'blackhole', ...at })),
  place.map((at): Fault => ({ kind: 'truncate', ...at })),
  place.map((at): Fault => ({ kind: 'truncate', whole: 1, ...at })),
  place.map((at): Fault => ({ kind: 'garbage', ...at })),
  place.map((at): Fault => ({ kind: 'half-frame', ...at })),
  place.map((at): Fault => ({ kind: 'pings', everyMs: 30, ...at })),
  fc.constantFrom(500, 502, 503, 429, 401).map((code): Fault => ({ kind: 'status', statuses: [code] })),
  fc.integer({ min: 1, max: 40 }).map((most): Fault => ({ kind: 'slice', most })),
)

async function counted(router: RunningRouter, name: string): Promise<number> {
  const text = await (await fetch(`${router.url}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))]
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

describe('reliability: invariants', { concurrency: 2 }, () => {
  for (const protocol of PROTOCOL_NAMES) {
    test(`P16: a stream that has begun is of one backend, with exactly one end, ${protocol}`, async (t) => {
      const more = 'timeouts: { firstTokenMs: 150, idleMs: 150, progressMs: 150 }'
      const faulty = await startFaulty(t, { protocol, more })
      await fc.assert(
        fc.asyncProperty(fc.array(aFault, { maxLength: 2 }), async (faults) => {
          faulty.proxy.set(...faults)
          const { status, text, terminated, error, raw } = await faulty.ask('chat', true)
          assert.ok(status === 200, raw)
          const [first, next] = [FIRST.text.join(''), NEXT.text.join('')]
          assert.ok(first.startsWith(text) || next.startsWith(text), `of one backend: ${raw}`)
          assert.ok(terminated !== (error !== null), `one end: ${raw}`)
          assert.equal(raw.split('[DONE]').length - 1, terminated ? 1 : 0, raw)
          if (terminated) assert.ok(text === first || text === next, raw)
        }),
        { numRuns: 25 },
      )
      assert.deepEqual(faulty.router.defects, [])
    })
  }

  const scripts: Readonly<Record<string, Script>> = {
    fine: FINE,
    'status 500': status500,
    'status 503': status(503, {}),
    'status 429': status(429, {}),
    'status 401': status(401, {}),
    'status 400': status(400, {}),
    hangUp,
    malformed,
    errorWith200,
    cut: cutAfter(ROLE),
    empty: streamOf(),
  }
  const anyScript = fc.constantFrom(...Object.keys(scripts))

  test('P17: three tries for a request at most, two of them of one target; P20: each request is counted once', async (t) => {
    const fine = { script: FINE }
    const { ask, backends, router } = await startCast(
      t,
      { a: fine, b: fine, c: fine, d: fine },
      { policy: 'breaker: { enabled: false }' },
    )
    let asked = 0
    let tries = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyScript, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        async (turns, stream) => {
          const all = [backends.a, backends.b, backends.c, backends.d]
          const before = all.map(({ received }) => received.length)
          for (const [i, names] of turns.entries()) {
            all[i]?.script(inTurn(...names.map((name) => scripts[name] ?? FINE)))
          }
          const answer = await ask({ stream })
          asked++
          const calls = all.map(({ received }, i) => received.length - (before[i] ?? 0))
          const sum = calls.reduce((a, b) => a + b, 0)
          tries += sum
          assert.ok(sum >= 1 && sum <= 3, calls.join())
          assert.ok(Math.max(...calls) <= 2, calls.join())
          assert.equal(answer.headers.get('x-llr-attempts'), String(sum))
          if (answer.status !== 200) assert.equal(answer.headers.get('x-should-retry'), 'false')
        },
      ),
      { numRuns: 60 },
    )
    assert.equal(await counted(router, 'llr_requests_total'), asked)
    assert.equal(await counted(router, 'llr_attempts_total'), tries)
    assert.equal(await counted(router, 'llr_inflight_requests'), 0)
    assert.deepEqual(router.defects, [])
  })

  test('P17: further tries at a target are a fifth of its requests and a reserve of one a second', async (t) => {
    const { ask, backends } = await startCast(
      t,
      { only: { script: status500 } },
      { policy: 'breaker: { enabled: false }' },
    )
    const startedMs = performance.now()
    let asked = 0
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (crowd) => {
        asked += crowd
        await Promise.all(Array.from({ length: crowd }, () => ask()))
        const calls = backends.only.received.length
        const reserve = 10 + (performance.now() - startedMs) / 1_000
        assert.ok(calls >= asked && calls <= asked * 1.2 + reserve, `${calls} calls for ${asked}`)
      }),
      { numRuns: 12 },
    )
  })

  test('P18: a client may leave at any moment: the call ends, the slot is free, and all counts come to nothing', async (t) => {
    const words = Array.from({ length: 12 }, (_, i) => chunk({ content: `word ${i} ` }))
    const slowly: Script = async (request, response) => {
      if (request.method === 'GET' || request.body['stream'] !== true) {
        if (request.method !== 'GET') await pause(60)
        return response.destroyed ? undefined : FINE(request, response)
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(ROLE)
      for (const word of words) {
        await pause(5)
        if (response.destroyed) return
        response.write(word)
      }
      return void response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
    }
    const { ask, backends, router } = await startCast(t, { only: { script: slowly, more: ONE_SLOT } })
    const moment = fc.record({
      stream: fc.boolean(),
      bytes: fc.integer({ min: 0, max: 3_000 }),
      ms: fc.nat(90),
    })
    let sent = 0
    await fc.assert(
      fc.asyncProperty(fc.array(moment, { minLength: 1, maxLength: 4 }), async (clients) => {
        const left = clients.map(async ({ stream, bytes, ms }) => {
          const client = await openRaw(router.url)
          client.socket.write(rawPost('/v1/chat/completions', JSON.stringify(askBody('Hello', { stream }))))
          sent++
          const late = performance.now() + ms
          while (client.text().length < bytes && performance.now() < late) await pause(1)
          client.leave()
        })
        await Promise.all(left)
        // The slot is free: another one is answered at once.
        const next = await ask()
        sent++
        assert.equal(next.status, 200, next.text)
        assert.ok(next.tookMs < 60 + 600, `${next.tookMs} ms`)
      }),
      { numRuns: 25 },
    )
    await eventually(
      'nothing is under way',
      async () => (await counted(router, 'llr_inflight_requests')) === 0,
    )
    const health = (await (await fetch(`${router.url}/health`)).json()) as {
      backends: Record<string, { in_flight: number }>
    }
    assert.equal(health.backends['only']?.in_flight, 0)
    assert.equal(await counted(router, 'llr_requests_total'), sent)
    assert.ok(backends.only.received.length <= sent)
    assert.deepEqual(router.defects, [])
  })

  test('P18: a client that leaves amid a stall is noticed within 100 ms, wherever that is', async (t) => {
    const pieces = [ROLE, ...Array.from({ length: 6 }, (_, i) => chunk({ content: `word ${i} ` }))]
    const { backends, router } = await startCast(t, { only: { script: FINE } })
    let left = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(pieces.length), async (count) => {
        backends.only.script(stallAfter(...pieces.slice(0, count)))
        const client = await openRaw(router.url)
        client.socket.write(
          rawPost('/v1/chat/completions', JSON.stringify(askBody('Hello', { stream: true }))),
        )
        await backends.only.nextRequest()
        if (count > 1) await client.until(`word ${count - 2} `)
        const startedMs = performance.now()
        client.leave()
        await backends.only.untilAborted(++left)
        const tookMs = performance.now() - startedMs
        assert.ok(tookMs < 250, `${tookMs} ms`)
      }),
      { numRuns: 30 },
    )
    assert.deepEqual(router.defects, [])
  })
})
