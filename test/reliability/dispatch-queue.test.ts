/** Table A, one slow GPU behind the router: its queue, its own queue, its cold loads; and the time that clients have. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { ollamaScript, startBackend, type Script } from '../support/backend.ts'
import { FINE, inTurn, NO_DOOR, ONE_SLOT, startCast } from '../support/cast.ts'
import { eventually } from '../support/eventually.ts'
import { policyEntry, startPlayedBackend } from '../support/faults/played-backend.ts'
import { NEXT } from '../support/faults/router-stage.ts'
import { chunk, hang, ROLE, stallAfter, status, status500 } from '../support/failing.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { createStage } from '../support/stage.ts'
import { ask as askBody } from '../support/start-router.ts'

/** An Ollama whose slot takes that long for an answer; `most` were being worked on at once. */
function slowOllama(slotMs: number): { readonly script: Script; readonly most: () => number } {
  const answer = ollamaScript('done', ['m'])
  let running = 0
  let most = 0
  return {
    most: () => most,
    async script(request, response) {
      if (request.method === 'GET') return answer(request, response)
      most = Math.max(most, ++running)
      await pause(slotMs)
      running--
      return answer(request, response)
    },
  }
}

describe('reliability: one slow backend', { concurrency: 3 }, () => {
  test('A 34: an overload at one slot: what fits is answered in turn, the rest is told at once when to come again', async (t) => {
    const stage = createStage(t)
    const gpu = slowOllama(150)
    const backend = await stage.backend(gpu.script)
    const router = await stage.router(
      `backends:\n${policyEntry('gpu', 'ollama', backend.origin, ONE_SLOT)}\nroutes: [{ default: gpu }]`,
    )
    const asked = Array.from({ length: 50 }, async (_, i) => {
      const response = await router.post('/v1/chat/completions', askBody('Hello', { stream: i % 2 === 0 }))
      const text = await response.text()
      return { status: response.status, retryAfter: Number(response.headers.get('retry-after')), text }
    })
    const answers = await Promise.all(asked)
    const fine = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status !== 200)
    // One that runs and four that wait; whoever comes after the first has gone finds a place again.
    assert.ok(fine.length >= 5 && fine.length <= 12, `${fine.length} answered`)
    for (const { status, retryAfter, text } of refused) {
      assert.equal(status, 503, text)
      assert.ok(retryAfter >= 1 && retryAfter <= 30, String(retryAfter))
      assert.match(text, /"code":"backend_unavailable"/)
    }
    assert.equal(gpu.most(), 1, 'nothing waits in the queue of the server')
    assert.equal(backend.received.length, fine.length, 'nothing was sent for who was refused')
  })

  test('A 34: who does not fit goes to the fallback, except where the request is private', async (t) => {
    const roles = { gpu: { script: hang, more: `attest: local, ${ONE_SLOT}` }, hosted: { script: FINE } }
    const { ask, backends, router } = await startCast(t, roles)
    const stop = new AbortController()
    const body = JSON.stringify(askBody('Hello'))
    const headers = { 'content-type': 'application/json' }
    for (let i = 0; i < 5; i++) {
      const url = `${router.url}/v1/chat/completions`
      void fetch(url, { method: 'POST', body, headers, signal: stop.signal }).catch(() => undefined)
    }
    await backends.gpu.nextRequest()
    await pause(150)
    assert.equal((await ask()).backend, 'hosted')
    const secret = await ask({}, { 'x-llr-sensitivity': 'high' })
    assert.deepEqual([secret.status, secret.code], [503, 'backend_unavailable'])
    assert.ok(secret.retryAfter !== null)
    assert.equal(backends.hosted.received.length, 1)
    stop.abort()
  })

  test('A 34: interactive requests go before batch ones that wait longer', async (t) => {
    const order: string[] = []
    const script: Script = async (request, response) => {
      if (request.method !== 'GET') {
        order.push(/(batch|live)/.exec(request.text)?.[1] ?? '')
        await pause(100)
      }
      return FINE(request, response)
    }
    const { ask } = await startCast(t, { gpu: { script, more: ONE_SLOT } })
    const say = (content: string): object => ({ messages: [{ role: 'user', content }] })
    const asked = [ask(say('live')), pause(40).then(() => ask(say('batch'), { 'x-llr-priority': 'batch' }))]
    await pause(70)
    asked.push(ask(say('live')))
    await Promise.all(asked)
    assert.deepEqual(order, ['live', 'live', 'batch'])
  })

  for (const stream of [true, false])
    test(`A 35: a model that takes 90 s to load: no fallback, and its answer, ${stream ? 'streamed with signs of life' : 'buffered'}`, async (t) => {
      const clock = createManualClock()
      const answer = ollamaScript('after all', ['m'])
      const loaded = Promise.withResolvers<void>()
      const backend = await startBackend(async (request, response) => {
        if (request.method !== 'GET') await loaded.promise
        return answer(request, response)
      })
      const next = await startPlayedBackend('chat', NEXT)
      const stage = createStage(t)
      t.after(() => Promise.all([backend.close(), next.close()]))
      const router = await stage.router(
        `backends:\n${policyEntry('gpu', 'ollama', backend.origin)}\n${policyEntry('next', 'chat', next.origin)}
routes: [{ default: gpu, fallback: next }]`,
        { clock },
      )
      t.after(() => void setInterval(() => clock.advance(100), 5).unref())
      const post = router.post('/v1/chat/completions', askBody('Hello', { stream }))
      await backend.nextRequest()
      await pause(100)
      for (let seconds = 0; seconds < 90; seconds += 5) {
        clock.advance(5_000)
        await pause(2)
      }
      loaded.resolve()
      const response = await post
      assert.equal(response.status, 200)
      assert.equal(next.received.length, 0, 'no fallback')
      const text = await response.text()
      const signs = text.split(': keep-alive\n\n').length - 1
      if (stream) assert.ok(signs >= 8 && signs <= 9, `${signs} signs of life`)
      assert.match(text, stream ? /after .*all.*\[DONE\]/s : /after all/)
      assert.equal(response.headers.get('x-llr-backend'), 'gpu')
      assert.deepEqual(router.defects, [])
    })

  test('A 36: a full queue at the backend: less is sent, the breaker stays closed', async (t) => {
    let running = 0
    let most = 0
    let isFull = true
    const full = status(503, { error: 'server busy, please try again.  maximum pending requests exceeded' })
    const script: Script = async (request, response) => {
      if (request.method === 'GET') return FINE(request, response)
      most = Math.max(most, ++running)
      await pause(30)
      running--
      return (isFull ? full : FINE)(request, response)
    }
    const more = 'admission: { parallel: 8, maxParallel: 8 }'
    const { ask, backends } = await startCast(t, { gpu: { script, more }, next: { script: FINE } })
    const many = (count: number) => Promise.all(Array.from({ length: count }, () => ask()))
    // Sixteen refusals and no success: many more than a breaker would take.
    for (let round = 0; round < 2; round++) {
      assert.ok((await many(8)).every(({ status }) => status === 200))
    }
    assert.ok(backends.gpu.received.length >= 12, `${backends.gpu.received.length} asked`)
    isFull = false
    most = 0
    const healed = await many(4)
    assert.ok(
      healed.every(({ backend }) => backend === 'gpu'),
      'no breaker is open',
    )
    assert.ok(most <= 2, `${most} at once`)
  })
})

describe('reliability: the time that clients and routes give', { concurrency: 3 }, () => {
  const inTime = ({
    status,
    code,
    tookMs,
  }: {
    status: number
    code: string | null
    tookMs: number
  }): void => {
    assert.deepEqual([status, code], [504, 'upstream_timeout'])
    assert.ok(tookMs >= 290 && tookMs < 550, `${tookMs} ms`)
  }
  const deadline = { 'x-request-timeout-ms': '300' }

  test('A 05: the deadline of the client ends the first try, and no other target is asked', async (t) => {
    const { ask, backends } = await startCast(t, { first: { script: hang }, next: { script: FINE } })
    for (const stream of [false, true]) inTime(await ask({ stream }, deadline))
    assert.equal(backends.next.received.length, 0)
    // Nor does a client's hurry say anything about the backend.
    for (let i = 0; i < 4; i++) await ask({}, { 'x-request-timeout-ms': '20' })
    backends.first.script(FINE)
    assert.equal((await ask()).backend, 'first')
  })

  test('A 05: the deadline of the client in a second try', async (t) => {
    const { ask } = await startCast(t, { only: { script: inTurn(status500, hang, status500, hang) } })
    for (const stream of [false, true]) inTime(await ask({ stream }, deadline))
    const { ask: other } = await startCast(t, { first: { script: status500 }, next: { script: hang } })
    inTime(await other({}, deadline))
  })

  test('A 05: the deadline of the client while nothing but a pause is under way', async (t) => {
    const script = status(429, {}, { 'retry-after': '1' })
    const { ask, backends } = await startCast(t, { only: { script } })
    inTime(await ask({}, deadline))
    assert.equal(backends.only.received.length, 1)
  })

  test('A 34: the deadline of the client in the queue: 504 by then, and nothing is sent', async (t) => {
    const { ask, backends } = await startCast(t, {
      gpu: { script: hang, more: ONE_SLOT },
      next: { script: FINE },
    })
    const first = ask({}, { 'x-request-timeout-ms': '1000' })
    await backends.gpu.nextRequest()
    const waiting = [true, false, true, false].map((stream) => ask({ stream }, deadline))
    for (const asked of await Promise.all(waiting)) inTime(asked)
    assert.equal(backends.gpu.received.length, 1)
    assert.equal(backends.next.received.length, 0)
    assert.equal((await first).status, 504)
  })

  test('A 05: the timeout of an SDK is a deadline too', async (t) => {
    const { ask } = await startCast(t, { only: { script: hang } })
    const asked = await ask({}, { 'x-stainless-timeout': '1' })
    assert.deepEqual([asked.status, asked.code], [504, 'upstream_timeout'])
    assert.ok(asked.tookMs >= 990 && asked.tookMs < 1_300, `${asked.tookMs} ms`)
  })

  test('A 05: the limits of a route win over those of its backends', async (t) => {
    const more = `${NO_DOOR}, timeouts: { firstTokenMs: 60000, totalMs: 60000, idleMs: 60000 }`
    const roles = { first: { script: hang, more }, next: { script: FINE } }
    const route = 'timeouts: { firstTokenMs: 200, totalMs: 200, idleMs: 200 }'
    const { ask, backends } = await startCast(t, roles, { route, policy: 'breaker: { enabled: false }' })
    for (const stream of [false, true]) {
      const asked = await ask({ stream })
      assert.equal(asked.backend, 'next')
      assert.ok(asked.tookMs >= 190 && asked.tookMs < 500, `${asked.tookMs} ms`)
    }
    backends.first.script(stallAfter(ROLE, chunk({ content: 'One ' })))
    const stalled = await ask({ stream: true })
    assert.match(stalled.text, /One .*upstream_timeout/s)
    await eventually('the connections are closed', () => backends.first.aborted() === 3)
  })
})
