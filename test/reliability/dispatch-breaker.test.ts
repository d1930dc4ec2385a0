/** Table A, breakers and budgets as requests through the whole router meet them. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import type { ServerResponse } from 'node:http'
import type { Received, Script } from '../support/backend.ts'
import { FINE, inTurn, NO_DOOR, startCast, type Asked } from '../support/cast.ts'
import { status, status500 } from '../support/failing.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { createSkewedClock } from '../support/skewed-clock.ts'
import { ask as askBody } from '../support/start-router.ts'

/** Holds every request until it is told how to answer. */
function held(): { readonly script: Script; readonly count: () => number; answer(script: Script): void } {
  const waiting: [Received, ServerResponse][] = []
  let count = 0
  return {
    script(request, response) {
      if (request.method === 'GET') return FINE(request, response)
      count++
      waiting.push([request, response])
    },
    count: () => count,
    answer(script) {
      for (const [request, response] of waiting.splice(0)) void script(request, response)
    },
  }
}

const many = (count: number, ask: () => Promise<Asked>): Promise<Asked[]> =>
  Promise.all(Array.from({ length: count }, ask))

/** Long enough to stay open while a slow machine does the test; the clock is put forward over it. */
const LONG = 'breaker: { openMs: 60000, maxOpenMs: 120000, jitter: 0 }'

describe('reliability: breakers behind the router', { concurrency: 4 }, () => {
  test('A 22: two failures in three: the success rate opens it, and one probe closes it again', async (t) => {
    const clock = createSkewedClock()
    let turn = 0
    const ill: Script = (request, response) => (turn++ % 3 === 2 ? FINE : status500)(request, response)
    const roles = { first: { script: ill }, next: { script: FINE } }
    const { ask, backends } = await startCast(t, roles, { clock, policy: LONG })
    const answers: Asked[] = []
    for (let i = 0; i < 30; i++) answers.push(await ask())
    assert.ok(answers.every(({ status }) => status === 200))
    assert.equal(backends.first.received.length, 10, 'ten answers are enough to know')
    backends.first.script(FINE)
    clock.skip(60_000)
    assert.equal((await ask()).backend, 'first', 'the probe')
    for (const { backend } of await many(20, ask)) assert.equal(backend, 'first')
  })

  test('A 22: every other one fails: the target stays in use, and clients notice nothing', async (t) => {
    const everyOther: Script[] = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? FINE : status500))
    const roles = { first: { script: inTurn(...everyOther) }, next: { script: FINE } }
    const { ask, backends } = await startCast(t, roles)
    for (let i = 0; i < 40; i++) assert.equal((await ask()).status, 200)
    assert.equal(backends.first.received.length, 40)
  })

  test('A 23: a backend that comes and goes: each opening is twice the one before, up to the limit', async (t) => {
    const clock = createSkewedClock()
    const breaker = 'breaker: { consecutiveFailures: 1, jitter: 0, openMs: 2000, maxOpenMs: 16000 }'
    const { ask, backends } = await startCast(t, { only: { script: FINE } }, { clock, policy: breaker })
    const openings: (number | null)[] = []
    for (let i = 0; i < 5; i++) {
      backends.only.script(status500)
      const failed = await ask()
      assert.equal(failed.status, 502)
      openings.push(failed.retryAfter)
      const calls = backends.only.received.length
      for (const { status, retryAfter } of await many(5, ask))
        assert.ok(status === 503 && retryAfter !== null)
      assert.equal(backends.only.received.length, calls, 'left alone')
      backends.only.script(FINE)
      clock.skip((failed.retryAfter ?? 0) * 1_000)
      assert.equal((await ask()).status, 200, 'the probe')
    }
    assert.deepEqual(openings, [2, 4, 8, 16, 16])
  })

  test('A 24: a crowd at a half-open breaker: exactly one goes through, whatever becomes of it', async (t) => {
    const clock = createSkewedClock()
    const gate = held()
    const roles = { first: { script: status500 }, next: { script: FINE } }
    const { ask, backends, router } = await startCast(t, roles, { clock, policy: LONG })
    for (let i = 0; i < 3; i++) await ask()
    assert.equal(backends.first.received.length, 3)
    backends.first.script(gate.script)

    // The probe fails, with a crowd behind it and another one after it.
    clock.skip(60_000)
    const probe = backends.first.received.length
    const crowd = many(200, ask)
    while (gate.count() === 0) await pause(1)
    await pause(100)
    assert.equal(backends.first.received.length, probe + 1)
    gate.answer(status500)
    assert.ok((await crowd).every(({ status, backend }) => status === 200 && backend === 'next'))
    await many(50, ask)
    assert.equal(gate.count(), 1)

    // The client of the probe leaves: the next request takes its place, and it alone.
    clock.skip(120_000)
    const client = await openRaw(router.url)
    client.socket.write(rawPost('/v1/chat/completions', JSON.stringify(askBody('Hello'))))
    while (gate.count() === 1) await pause(1)
    client.leave()
    await backends.first.untilAborted(1)
    await pause(20)
    const second = many(100, ask)
    while (gate.count() === 2) await pause(1)
    await pause(100)
    assert.equal(gate.count(), 3)
    gate.answer(FINE)
    const answers = await second
    assert.equal(answers.filter(({ backend }) => backend === 'first').length, 1)
    backends.first.script(FINE)
    assert.ok((await many(20, ask)).every(({ backend }) => backend === 'first'))
    assert.deepEqual(router.defects, [])
  })

  test('A 25: every target is shut out: 503 at once with the time until the first of them, and no call', async (t) => {
    const clock = createSkewedClock()
    const policy = 'breaker: { consecutiveFailures: 1, jitter: 0, openMs: 20000 }'
    const roles = { first: { script: status500 }, next: { script: status(503, {}, { 'retry-after': '45' }) } }
    const { ask, backends } = await startCast(t, roles, { clock, policy })
    await ask()
    backends.next.script(status500)
    await ask()
    const calls = backends.first.received.length + backends.next.received.length
    for (const stream of [false, true]) {
      for (const asked of await many(10, () => ask({ stream }))) {
        assert.deepEqual([asked.status, asked.code], [503, 'backend_unavailable'])
        assert.ok(asked.retryAfter !== null && asked.retryAfter <= 20 && asked.retryAfter > 15, asked.text)
        assert.ok(asked.tookMs < 500, `${asked.tookMs} ms`)
      }
    }
    assert.equal(backends.first.received.length + backends.next.received.length, calls)
  })

  test('A 25: a private request is refused with it, and never given to another for it', async (t) => {
    const more = `attest: local, ${NO_DOOR}`
    const roles = { local: { script: status500, more }, hosted: { script: FINE } }
    const { ask, backends } = await startCast(t, roles, { policy: LONG })
    const secret = { 'x-llr-sensitivity': 'high' }
    for (let i = 0; i < 4; i++) await ask({ stream: i % 2 === 0 }, secret)
    const calls = backends.local.received.length
    for (const { status, retryAfter } of await many(30, () => ask({}, secret))) {
      assert.ok(status === 503 && (retryAfter ?? 0) > 30, `${status} ${retryAfter}`)
    }
    assert.equal(backends.local.received.length, calls)
    assert.equal(backends.hosted.received.length, 0)
    assert.equal((await ask()).backend, 'hosted', 'what is not private goes on')
  })

  for (const [what, policy, most] of [
    ['the budget alone', 'breaker: { enabled: false }', 1.2 * 200 + 10],
    ['with the breaker', '', 50],
  ] as const) {
    test(`A 26: everything fails at 200 requests a second, ${what}: at most ${most} calls`, async (t) => {
      const roles = { first: { script: status500 }, last: { script: status500 } }
      const { ask, backends } = await startCast(t, roles, { policy })
      const asked: Promise<Asked>[] = []
      for (let tick = 0; tick < 40; tick++) {
        for (let i = 0; i < 5; i++) asked.push(ask({ stream: i % 2 === 0 }))
        await pause(25)
      }
      for (const { status } of await Promise.all(asked)) assert.ok(status === 502 || status === 503)
      assert.ok(backends.first.received.length <= Math.min(most, 200), `${backends.first.received.length}`)
      assert.ok(backends.last.received.length <= most, `${backends.last.received.length}`)
    })
  }

  for (const [what, script, tries] of [
    ['500', status500, 2],
    ['503', status(503, {}), 2],
    ['429', status(429, {}, { 'retry-after': '30' }), 1],
    ['401', status(401, {}), 1],
  ] as const) {
    test(`A 27: the openai SDK with its own retries on top of ${what}: no more tries than the router's`, async (t) => {
      const { router, backends } = await startCast(t, { only: { script } })
      const client = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'any' })
      assert.ok(client.maxRetries >= 2)
      for (const stream of [false, true] as const) {
        const before = backends.only.received.length
        await assert.rejects(
          client.chat.completions.create({
            model: 'auto',
            messages: [{ role: 'user', content: 'Hi' }],
            stream,
          }),
        )
        const calls = backends.only.received.length - before
        assert.ok(calls <= tries, `${calls} calls`)
        if (!stream) assert.equal(calls, tries)
      }
    })
  }

  test('A 27: three targets that all fail: three calls for one call of the SDK', async (t) => {
    const script = status500
    const { router, backends } = await startCast(t, {
      a: { script },
      b: { script },
      c: { script },
      d: { script },
    })
    const client = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'any' })
    await assert.rejects(
      client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
    )
    assert.equal(Object.values(backends).flatMap(({ received }) => received).length, 3)
  })
})
