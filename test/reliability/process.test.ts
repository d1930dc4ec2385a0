/** What one client, or one defect, must not do to the process that serves the others. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseConfig, type Config } from '../../src/config.ts'
import { chatScript, startBackend, type Backend } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { chunk, ROLE, streamOf } from '../support/failing.ts'
import { openRaw, rawPost, type RawClient } from '../support/raw.ts'
import { startRouterProcess, type RouterProcess } from '../support/router-process.ts'
import { createStage } from '../support/stage.ts'
import { ask } from '../support/start-router.ts'

const DEMO = 'backends: { demo: { type: demo } }\nroutes: [{ default: demo }]\n'

type Setup = Omit<Parameters<typeof startRouterProcess>[0], 'folder'>

async function startProcess(t: TestContext, setup: Setup): Promise<RouterProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-process-'))
  const router = await startRouterProcess({ folder, ...setup })
  t.after(async () => {
    router.kill('SIGKILL')
    await router.exit
    rmSync(folder, { recursive: true, force: true })
  })
  return router
}

function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  })
}

async function assertServes(url: string): Promise<void> {
  const response = await post(url, '/v1/chat/completions', ask('Hello'))
  await response.text()
  assert.equal(response.status, 200)
}

/** Nothing is left of a request that failed: not in the gauge, and no slot of its backend. */
async function assertNothingInFlight(url: string): Promise<void> {
  await eventually('nothing is in flight', async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const health = await (await fetch(`${url}/health`)).text()
    return /^llr_inflight_requests 0$/m.test(metrics) && !/"in_flight":[1-9]/.test(health)
  })
}

/** Whatever is written as JSON with this word in it throws. */
const POISON = 'arsenic'
const preload = (code: string): string => `--import=data:text/javascript,${encodeURIComponent(code)}`
/** The word is put together there, as its text stands in stack traces. */
const POISONED = preload(`
  const poison = ['${POISON.slice(0, 3)}', '${POISON.slice(3)}'].join('')
  const stringify = JSON.stringify
  JSON.stringify = (...given) => {
    const text = stringify(...given)
    if (typeof text === 'string' && text.includes(poison)) throw new TypeError('nobody expected this')
    return text
  }
`)

async function startPoisoned(t: TestContext): Promise<{ router: RouterProcess; backend: Backend }> {
  const backend = await startBackend(chatScript('hello there'))
  t.after(() => backend.close())
  const policy = `
backends: { only: { type: openai-compatible, endpoint: "${backend.origin}/v1", model: m } }
routes: [{ default: only }]
breaker: { enabled: false }
`
  return { router: await startProcess(t, { policy, nodeOptions: [POISONED] }), backend }
}

test('A 51: an exception on the way to a backend: that request is a 500, the process lives', async (t) => {
  const { router, backend } = await startPoisoned(t)
  for (const stream of [false, true]) {
    const response = await post(router.url, '/v1/chat/completions', ask(`Hello ${POISON}`, { stream }))
    const text = await response.text()
    assert.equal(response.status, 500, text)
    assert.match(text, /"internal_error"/)
    assert.ok(!text.includes('nobody expected this') && !text.includes('    at '), text)
    await assertServes(router.url)
  }
  assert.ok(backend.received.every(({ text }) => !text.includes(POISON)))
  await assertNothingInFlight(router.url)
})

const OF_PROTOCOLS = [
  ['/v1/messages', ask('Hello', { max_tokens: 100 }), 'message_stop'],
  ['/v1/responses', { model: 'auto', input: 'Hello' }, 'response.completed'],
  ['/api/chat', ask('Hello'), '"done":true'],
] as const

test('A 51: an exception on the way back: that request is a 500, the process lives', async (t) => {
  const { router, backend } = await startPoisoned(t)
  for (const [path, body] of OF_PROTOCOLS) {
    backend.script(chatScript(`first ${POISON} last`))
    const response = await post(router.url, path, { ...body, stream: false })
    const text = await response.text()
    assert.equal(response.status, 500, `${path}: ${text}`)
    assert.ok(!text.includes('nobody expected this'), text)
    backend.script(chatScript('hello there'))
    await assertServes(router.url)
  }
  await assertNothingInFlight(router.url)
  assert.match(router.output(), /a defect of the router/)
  assert.match(router.output(), /nobody expected this/)
})

for (const [path, body, clean] of OF_PROTOCOLS) {
  test(`A 51: an exception within a stream of ${path}: that stream ends as failed`, async (t) => {
    const { router, backend } = await startPoisoned(t)
    backend.script(chatScript(`first ${POISON} last`))
    const text = await textOf(post(router.url, path, { ...body, stream: true }))
    assert.ok(!text.includes(clean) && !text.includes('nobody expected this'), text)
    backend.script(chatScript('hello there'))
    await assertServes(router.url)
    await assertNothingInFlight(router.url)
  })
}

for (const [what, end] of [
  ['with', 'data: [DONE]\n\n'],
  ['without', ''],
] as const) {
  test(`A 51: an exception at the very end of a stream, ${what} a terminal`, async (t) => {
    const { router, backend } = await startPoisoned(t)
    // Only the whole text has the word, and only the end of the answer says that it is whole.
    const said = [POISON.slice(0, 3), POISON.slice(3)].map((content) => chunk({ content }))
    backend.script(streamOf(ROLE + said.join('') + chunk({}, 'stop') + end))
    const body = { model: 'auto', input: 'Hello', stream: true }
    const text = await textOf(post(router.url, '/v1/responses', body))
    assert.ok(!text.includes('response.completed'), text)
    backend.script(chatScript('hello there'))
    await assertServes(router.url)
    await assertNothingInFlight(router.url)
  })
}

/** What came of it, and how it broke off if it did; that it never ends is a failure. */
async function textOf(answer: Promise<Response>): Promise<string> {
  try {
    return await (await answer).text()
  } catch (error) {
    assert.ok(error instanceof Error && error.name !== 'TimeoutError', 'the client waits for ever')
    return error.message
  }
}

/** The parts of a policy that one stage after the other asks for. */
for (const part of ['limits', 'classify', 'policy'] as const) {
  test(`A 51: an exception in the stage that needs \`${part}\` costs one request`, async (t) => {
    let armed = false
    const config = new Proxy(parseConfig(DEMO, 'test.yaml'), {
      get(target, name) {
        if (name === part && armed) {
          armed = false
          throw new TypeError('nobody expected this')
        }
        return Reflect.get(target, name) as Config[keyof Config]
      },
    })
    const router = await createStage(t).router(DEMO, { config })
    for (const path of ['/v1/chat/completions', '/v1/messages'] as const) {
      armed = true
      const response = await router.post(path, ask('Hello', { max_tokens: 50 }))
      assert.equal(response.status, 500, await response.text())
      assert.equal(armed, false)
      await assertServes(router.url)
    }
    assert.equal(router.defects.length, 2)
    await assertNothingInFlight(router.url)
  })
}

const IDLE = 2_000

test(`A 33: ${IDLE} idle connections: the next client is served as before`, async (t) => {
  const router = await startProcess(t, { policy: DEMO })
  const idle = await openMany(router.url, IDLE)
  const startedMs = performance.now()
  await assertServes(router.url)
  assert.ok(performance.now() - startedMs < 1_000)
  for (const client of idle) client.leave()
  await assertServes(router.url)
})

test('A 33: no file descriptor left: no crash, and it recovers', async (t) => {
  const router = await startProcess(t, { policy: DEMO, limits: '-n 100' })
  await assertServes(router.url)
  const idle = await openMany(router.url, 300)
  await pause(300)
  assert.equal(router.child.exitCode, null, router.output())
  for (const client of idle) client.leave()
  await eventually(
    'it serves again',
    () =>
      assertServes(router.url).then(
        () => true,
        () => false,
      ),
    10_000,
  )
  router.kill('SIGTERM')
  assert.equal(await router.exit, 0)
})

/** Those that could be opened; they send nothing. */
async function openMany(url: string, count: number): Promise<readonly RawClient[]> {
  const opened = await Promise.allSettled(Array.from({ length: count }, () => openRaw(url)))
  return opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

const SLOW_CLIENTS = 50

test('A 32: bodies that come too slowly: 408 at the limit, and others notice nothing', async (t) => {
  const router = await createStage(t).router(`${DEMO}limits: { bodyTimeoutMs: 400 }\n`)
  const body = JSON.stringify(ask('Hello'))
  const slow = await openMany(router.url, SLOW_CLIENTS)
  const startedMs = performance.now()
  for (const client of slow) client.socket.write(rawPost('/v1/chat/completions', body).subarray(0, -20))
  const trickle = setInterval(() => slow.forEach(({ socket }) => socket.writable && socket.write(' ')), 100)
  t.after(() => clearInterval(trickle))
  const whole = slow.map((client) => client.untilClosed())
  let served = 0
  while (performance.now() - startedMs < 350) {
    const beganMs = performance.now()
    await assertServes(router.url)
    assert.ok(performance.now() - beganMs < 250)
    served++
  }
  assert.ok(served > 3, `${served} others were served`)
  for (const text of await Promise.all(whole)) {
    assert.match(text, /^HTTP\/1\.1 408 /)
    assert.match(text, /"request_timeout"/)
  }
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs > 390 && tookMs < 2_500, `${tookMs} ms`)
  await assertNothingInFlight(router.url)
})

/** Node looks every half minute who is late; here ten times a second, and for half a second's delay. */
const IMPATIENT = preload(`
  import http from 'node:http'
  import { syncBuiltinESMExports } from 'node:module'
  const make = http.createServer
  http.createServer = (...given) =>
    make({ ...given[0], headersTimeout: 500, connectionsCheckingInterval: 100 }, given.at(-1))
  syncBuiltinESMExports()
`)

test('A 32: headers that come too slowly: 408 at the limit, and others notice nothing', async (t) => {
  const router = await startProcess(t, { policy: DEMO, nodeOptions: [IMPATIENT] })
  const slow = await openMany(router.url, SLOW_CLIENTS)
  for (const { socket } of slow) socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n')
  const trickle = setInterval(
    () => slow.forEach(({ socket }) => socket.writable && socket.write('x: y\r\n')),
    100,
  )
  t.after(() => clearInterval(trickle))
  await assertServes(router.url)
  for (const text of await Promise.all(slow.map((client) => client.untilClosed()))) {
    assert.match(text, /^HTTP\/1\.1 408 /)
  }
  await assertServes(router.url)
})
