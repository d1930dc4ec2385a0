/** Policies swapped under load: a wrong one changes nothing, a good one costs no request. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { chatScript } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { startServe } from '../support/serve.ts'
import { createStage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const RELOADS = 200
const CLIENTS = 8

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname
const run = promisify(execFile)

interface Load {
  readonly answers: () => number
  readonly backends: ReadonlySet<string>
  /** Ends the load; what failed, one line each. */
  stop(): Promise<readonly string[]>
}

/** Every second time it asks for a stream. */
function startLoad(url: string, pauseMs = 0): Load {
  const failures: string[] = []
  const backends = new Set<string>()
  let answers = 0
  const end = new AbortController()
  const client = async (_: unknown, index: number): Promise<void> => {
    for (let i = index; !end.signal.aborted; i++) {
      const stream = i % 2 === 0
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ask('Hello', { stream })),
      })
      const text = await response.text()
      const backend = response.headers.get('x-llr-backend') ?? ''
      const isWhole = stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}')
      const isConsistent = response.headers.get('x-llr-route') === `${backend}-route`
      if (response.status !== 200 || !isWhole || !isConsistent) failures.push(`${response.status} ${text}`)
      backends.add(backend)
      answers++
      if (pauseMs > 0) await pause(pauseMs)
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client))
  return {
    answers: () => answers,
    backends,
    async stop() {
      end.abort()
      await clients
      return failures
    },
  }
}

const named = (name: string): string =>
  `backends: { ${name}: { type: demo } }\nroutes: [{ name: ${name}-route, default: ${name} }]\n`

/** Each would be another policy if any part of it were taken over. */
const WRONG: Readonly<Record<string, string>> = {
  'a word that is none': named('next').replace('default:', 'defualt:'),
  'no YAML': `${named('next')}  - ][`,
  'a backend that is not there': named('next').replace('default: next', 'default: gone'),
  'no route': 'backends: { next: { type: demo } }\n',
  'nothing at all': '',
  'the first half of a file': named('next').slice(0, 60),
}

test('A 39: a wrong policy on reload: the old one serves under load, and it shows', async (t) => {
  const serve = await startServe(t, { files: { 'policy.yaml': named('old') } })
  const url = await serve.url()
  const load = startLoad(url, 10)
  for (const [what, text] of Object.entries(WRONG)) {
    const told = serve.stderr().split('policy not reloaded').length
    serve.write('policy.yaml', text)
    serve.signal('SIGHUP')
    await eventually(
      `a line for ${what}`,
      () => serve.stderr().split('policy not reloaded').length > told,
      10_000,
    )
    const before = load.answers()
    await eventually('it serves', () => load.answers() > before + CLIENTS)
    const health = (await (await fetch(`${url}/health`)).json()) as {
      readonly status: string
      readonly policy: { readonly reload_error: string | null }
    }
    assert.equal(health.status, 'ok', 'it is as able to serve as before')
    assert.ok(health.policy.reload_error !== null, what)
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^llr_policy_reload_success 0$/m)
  }
  assert.deepEqual(await load.stop(), [])
  assert.deepEqual([...load.backends], ['old'])
  assert.doesNotMatch(serve.stderr(), /\n {4}at /, 'no stack')
})

test('A 39: `llr check` tells of each of them with an exit code', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'llr-check-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const check = (index: number, text: string): Promise<unknown> => {
    const path = join(folder, `${index}.yaml`)
    writeFileSync(path, text)
    return run(process.execPath, [MAIN, 'check', path])
  }
  await check(0, named('old'))
  await Promise.all(
    Object.entries(WRONG).map(([what, text], i) =>
      assert.rejects(
        check(i + 1, text),
        (error: Error & { readonly code?: number }) => error.code === 1,
        what,
      ),
    ),
  )
})

test('A 39: a reload that fails after the policy was read leaves the old one as well', async (t) => {
  const router = await createStage(t).router(named('old'), { env: { KEY: 'broken\nkey' } })
  const unusable = named('next').replace('type: demo', 'type: openai, model: m, apiKeyEnv: KEY')
  const before = router.server.snapshot()
  await assert.rejects(router.server.reload(parseConfig(unusable, 'test.yaml')), /KEY holds a character/)
  assert.equal(router.server.snapshot(), before)
  assert.throws(() => parseConfig(WRONG['no YAML'] ?? '', 'test.yaml'), ConfigError)
  assert.equal((await router.post('/v1/chat/completions', ask('Hello'))).status, 200)
})

async function gauge(router: RunningRouter, name: string): Promise<number> {
  const text = await (await fetch(`${router.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}

test(`A 40: ${RELOADS} good policies under load: no request fails, and no old fleet stays`, async (t) => {
  const stage = createStage(t)
  const even = await stage.backend(chatScript('even words', { delayMs: 2 }))
  const odd = await stage.backend(chatScript('odd words', { delayMs: 2 }))
  const policy = (name: string, origin: string): string => `
backends: { ${name}: { type: openai-compatible, endpoint: "${origin}/v1", model: ${name} } }
routes: [{ name: ${name}-route, default: ${name} }]
`
  const configs = [policy('even', even.origin), policy('odd', odd.origin)].map((yaml) =>
    parseConfig(yaml, 'test.yaml'),
  )
  const router = await stage.router(policy('even', even.origin))
  const load = startLoad(router.url)
  const retired = new Set<Promise<void>>()
  let closed = 0
  for (let i = 1; i <= RELOADS; i++) {
    const config = configs[i % 2]
    assert.ok(config !== undefined)
    retired.add(router.server.snapshot().closed.then(() => void closed++))
    await router.server.reload(config)
    await pause(2)
  }
  assert.deepEqual(await load.stop(), [])
  assert.ok(load.answers() > RELOADS, `${load.answers()} answers`)
  assert.deepEqual([...load.backends].toSorted(), ['even', 'odd'])
  await eventually(`all ${RELOADS} old fleets are closed`, () => closed === RELOADS)
  await eventually('nothing is in flight', async () => (await gauge(router, 'llr_inflight_requests')) === 0)
  assert.deepEqual(router.defects, [])
})

test('A 40: a stream keeps its policy through 20 reloads', async (t) => {
  const demo = 'type: demo, demo: { replyTokens: 40, tokenIntervalMs: 10 }'
  const router = await createStage(t).router(named('old').replace('type: demo', demo))
  const first = router.server.snapshot()
  const stream = await router.post('/v1/chat/completions', ask('Hello', { stream: true }))
  for (let i = 0; i < 20; i++) {
    await router.server.reload(parseConfig(named(`next-${i}`), 'test.yaml'))
    const response = await router.post('/v1/chat/completions', ask('Hello'))
    await response.text()
    assert.equal(response.headers.get('x-llr-backend'), `next-${i}`)
  }
  const text = await stream.text()
  assert.ok(text.endsWith('data: [DONE]\n\n'), text.slice(-300))
  assert.equal(stream.headers.get('x-llr-backend'), 'old')
  await first.closed
  assert.deepEqual(router.defects, [])
})
