/** The end of a router: what runs may end, what does not is told so, and what was written stays whole. */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { inspect } from '../support/kill-loop.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { startRouterProcess, type RouterProcess } from '../support/router-process.ts'
import { createStage } from '../support/stage.ts'
import { ask } from '../support/start-router.ts'

const STREAMS = 50
const LAST_WORDS_MS = 500

const demo = (tokens: number, intervalMs: number): string => `
backends: { demo: { type: demo, demo: { replyTokens: ${tokens}, tokenIntervalMs: ${intervalMs} } } }
routes: [{ default: demo }]
`

function open(url: string, path = '/v1/chat/completions', more: object = {}): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ask('Hello', { stream: true, ...more })),
  })
}

/** All of them have begun to answer. */
function openStreams(url: string): Promise<readonly Response[]> {
  return Promise.all(Array.from({ length: STREAMS }, () => open(url)))
}

async function startProcess(
  t: TestContext,
  policy: string,
): Promise<RouterProcess & { readonly db: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'llr-drain-'))
  const router = await startRouterProcess({ folder, policy })
  t.after(async () => {
    router.kill('SIGKILL')
    await router.exit
    rmSync(folder, { recursive: true, force: true })
  })
  return { ...router, db: join(folder, 'metrics.db') }
}

const isWhole = (text: string): boolean => text.endsWith('data: [DONE]\n\n')

test('A 37: SIGTERM with 50 streams: nothing new, all of them end, exit 0', async (t) => {
  const router = await startProcess(t, demo(20, 50))
  const idle = await openRaw(router.url)
  const streams = await openStreams(router.url)
  router.kill('SIGTERM')
  await router.until('finishing what is in flight')
  await assert.rejects(fetch(`${router.url}/health`), 'a new connection')
  await idle.untilClosed()
  const texts = await Promise.all(streams.map((stream) => stream.text()))
  assert.equal(texts.filter(isWhole).length, STREAMS)
  const endedAtMs = performance.now()
  assert.equal(await router.exit, 0)
  assert.ok(performance.now() - endedAtMs < 3_000, 'nothing holds it up then')
  assert.deepEqual(inspect(router.db), { quickCheck: 'ok', stored: STREAMS, torn: 0 })
})

test('A 37: a kept-alive connection gets its answer, and no second request in', async (t) => {
  const router = await startProcess(t, demo(10, 50))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const client = await openRaw(router.url)
  client.socket.write(rawPost('/v1/chat/completions', JSON.stringify(ask('Hello', { stream: true }))))
  await client.until('"content"')
  router.kill('SIGTERM')
  await router.until('finishing what is in flight')
  const text = await client.untilClosed()
  assert.ok(text.includes('data: [DONE]'), text.slice(-300))
  const next = request(`${router.url}/health`, { agent })
  next.end()
  await assert.rejects(
    new Promise((resolve, reject) => {
      next.on('response', resolve)
      next.on('error', reject)
    }),
  )
  assert.equal(await router.exit, 0)
})

test('A 37: streams that outlast the drain time end with an error event, within it', async (t) => {
  const stage = createStage(t)
  const router = await stage.router(`
backends:
  short: { type: demo, demo: { replyTokens: 4, tokenIntervalMs: 20 } }
  long: { type: demo, demo: { replyTokens: 10000, tokenIntervalMs: 20 } }
routes: [{ default: short }]
`)
  const names = Array.from({ length: STREAMS }, (_, i) => (i % 2 === 0 ? 'short' : 'long'))
  const streams = await Promise.all(
    names.map((name) => open(router.url, '/v1/chat/completions', { model: name })),
  )
  const texts = Promise.all(streams.map((stream) => stream.text()))
  const startedMs = performance.now()
  await router.server.close(400)
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs < 400 + LAST_WORDS_MS + 1_000, `${tookMs} ms`)
  for (const [i, text] of (await texts).entries()) {
    if (names[i] === 'short') assert.ok(isWhole(text), text)
    else assertShutDown(text)
  }
  assert.deepEqual(router.defects, [])
})

function assertShutDown(text: string): void {
  const last = text.trimEnd().split('\n\n').at(-1) ?? ''
  const { error } = JSON.parse(last.replace(/^data: /, '')) as { readonly error: { readonly code: string } }
  assert.equal(error.code, 'server_shutdown')
  assert.ok(!text.includes('[DONE]'))
}

/** How each protocol says that a stream did not end well, and how it would have said that it did. */
const PROTOCOLS = [
  ['/v1/chat/completions', {}, /"error":/, /\[DONE\]/],
  ['/v1/messages', { max_tokens: 9999 }, /event: error/, /message_stop/],
  [
    '/v1/responses',
    { messages: undefined, input: 'Hello' },
    /event: response\.failed/,
    /response\.completed/,
  ],
  ['/api/chat', {}, /"error":/, /"done":true/],
] as const

for (const [path, more, failed, clean] of PROTOCOLS) {
  test(`A 37: the last word on ${path} is an error, and no clean end`, async (t) => {
    const stage = createStage(t)
    const router = await stage.router(demo(10_000, 10))
    const stream = await open(router.url, path, more)
    assert.equal(stream.status, 200)
    const text = stream.text()
    await router.server.close(50)
    assert.match(await text, failed)
    assert.doesNotMatch(await text, clean)
    assert.deepEqual(router.defects, [])
  })
}

test('A 38: a second SIGTERM ends 50 streams at once, and the database is whole', async (t) => {
  const router = await startProcess(t, demo(10_000, 20))
  for (let i = 0; i < 5; i++) await (await open(router.url, undefined, { max_tokens: 1 })).text()
  const { totals } = (await (await fetch(`${router.url}/v1/metrics`)).json()) as {
    readonly totals: { readonly requests: number }
  }
  assert.equal(totals.requests, 5)
  const streams = await openStreams(router.url)
  const texts = streams.map((stream) => stream.text().then(isWhole, () => false))
  router.kill('SIGTERM')
  await router.until('finishing what is in flight')
  const startedMs = performance.now()
  router.kill('SIGTERM')
  assert.equal(await router.exit, 1)
  assert.ok(performance.now() - startedMs < 2_000)
  assert.ok(!(await Promise.all(texts)).includes(true), 'none looks whole to its client')
  const { quickCheck, stored, torn } = inspect(router.db)
  assert.deepEqual({ quickCheck, torn }, { quickCheck: 'ok', torn: 0 })
  assert.ok(stored >= 5, `${stored} of 5 that were told as stored`)
})

test('A 38: SIGKILL with 50 streams: the database is whole, and the next start goes on with it', async (t) => {
  const policy = demo(10_000, 20)
  const router = await startProcess(t, policy)
  for (let i = 0; i < 5; i++) await (await open(router.url, undefined, { max_tokens: 1 })).text()
  await eventually('they are stored', async () => {
    const summary = (await (await fetch(`${router.url}/v1/metrics`)).json()) as {
      readonly totals: { readonly requests: number }
    }
    return summary.totals.requests === 5
  })
  const streams = await openStreams(router.url)
  const texts = streams.map((stream) => stream.text().then(isWhole, () => false))
  router.kill('SIGKILL')
  assert.equal(await router.exit, null)
  assert.ok(!(await Promise.all(texts)).includes(true))
  assert.deepEqual(inspect(router.db), { quickCheck: 'ok', stored: 5, torn: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'llr-drain-'))
  const next = await startRouterProcess({ folder, policy, db: router.db })
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await (await open(next.url, undefined, { max_tokens: 1 })).text()
  next.kill('SIGTERM')
  assert.equal(await next.exit, 0)
  assert.equal(inspect(router.db).stored, 6)
})
