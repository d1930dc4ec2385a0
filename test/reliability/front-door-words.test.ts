/** Words of a client that must do nothing: in SQL, headers, logs, metrics, files. Each test is a row of the table of attacks (B). */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { hashOfKey } from '../../src/accept/client-keys.ts'
import { ConfigError, loadConfigFile, parseConfig } from '../../src/config.ts'
import { chatScript } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { startServe } from '../support/serve.ts'
import { createStage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'
const CANARY = 'Quokka-7781-Canary'
const DEMO = 'backends: { d: { type: demo } }\nroutes: [{ default: d }]\n'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'llr-door-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const post = async (
  router: RunningRouter,
  body: object,
  headers: Record<string, string> = {},
): Promise<number> => {
  const answer = await router.post(CHAT, body, headers)
  await answer.text()
  return answer.status
}

const metricsOf = async (router: RunningRouter): Promise<string> =>
  (await fetch(`${router.url}/metrics`)).text()

describe('words that would be commands elsewhere', () => {
  test('B 06: SQL in a key, a model, a user or a path is a word like any other', async (t) => {
    const dbPath = join(folderOf(t), 'metrics.db')
    const router = await createStage(t).router(DEMO, { dbPath })
    const schemaOf = (): string => {
      const database = new DatabaseSync(dbPath, { readOnly: true })
      const rows = database.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all()
      database.close()
      return JSON.stringify(rows)
    }
    const before = schemaOf()
    const words = [
      "'; DROP TABLE requests; --",
      '"; DELETE FROM requests WHERE 1=1; --',
      "' OR '1'='1",
      "x'); ATTACH DATABASE '/tmp/x' AS x; --",
    ]
    for (const word of words) {
      const headers = { authorization: `Bearer ${word}`, 'x-api-key': word, 'user-agent': word }
      const body = ask('hello', { model: word, user: word, metadata: { a: word }, safety_identifier: word })
      assert.equal(await post(router, body, headers), 200)
      await fetch(`${router.url}/v1/models/${encodeURIComponent(word)}`)
      await fetch(`${router.url}/v1/responses/${encodeURIComponent(word)}`)
      assert.equal((await fetch(`${router.url}/v1/metrics?hours=${encodeURIComponent(word)}`)).status, 400)
    }
    const summary = (await (await fetch(`${router.url}/v1/metrics`)).json()) as {
      totals: { requests: number }
    }
    assert.equal(summary.totals.requests, words.length)
    assert.equal(schemaOf(), before)
    await router.server.close()
    const database = new DatabaseSync(dbPath, { readOnly: true })
    const [check] = database.prepare('PRAGMA quick_check').all()
    assert.deepEqual({ ...check }, { quick_check: 'ok' })
    database.close()
  })

  test('B 08: no header of a client and no extra_headers reach a backend', async (t) => {
    const stage = createStage(t)
    const backend = await stage.backend(chatScript('fine'))
    const router = await stage.router(
      `backends: { b: { type: openai, endpoint: "${backend.origin}/v1", model: m } }\nroutes: [{ default: b }]\n`,
    )
    assert.equal(await post(router, ask('hello')), 200)
    const usual = Object.keys(backend.received[0]?.headers ?? {}).toSorted()
    const client = {
      authorization: `Bearer ${CANARY}`,
      cookie: CANARY,
      'proxy-authorization': CANARY,
      'x-forwarded-for': CANARY,
      'x-forwarded-host': CANARY,
      forwarded: CANARY,
      'x-anything': CANARY,
      'user-agent': CANARY,
      'anthropic-version': CANARY,
      'openai-organization': CANARY,
      te: 'trailers',
    }
    const extra = { extra_headers: { 'x-evil': CANARY }, headers: { 'x-evil': CANARY } }
    assert.equal(await post(router, ask('hello', extra), client), 200)
    const connection = await openRaw(router.url)
    const nominated = [
      'Connection: close, authorization, x-evil',
      `X-Evil: ${CANARY}`,
      'Keep-Alive: timeout=9',
    ]
    connection.socket.write(rawPost(CHAT, JSON.stringify(ask('hello')), nominated))
    assert.match(await connection.untilClosed(), /^HTTP\/1\.1 200 /)
    assert.equal(backend.received.length, 3)
    for (const { headers } of backend.received) {
      assert.deepEqual(Object.keys(headers).toSorted(), usual)
      assert.ok(!JSON.stringify(headers).includes(CANARY))
    }
  })

  test('B 26: no word of a client starts a line of the log, or stands in one', async (t) => {
    const serve = await startServe(t, { env: { LLR_LOG_LEVEL: 'trace' }, files: { 'policy.yaml': DEMO } })
    const url = await serve.url()
    const hostile = [
      '\r\n',
      '\n{"level":60,"msg":"x"}',
      '\u001b[2J',
      '\u2028',
      '\u2029',
      '\u0085',
      '\0',
      '%0a',
      '\\n',
    ]
    const send = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> => {
      const init = {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }
      await (await fetch(url + path, init)).text()
    }
    for (const bad of hostile) {
      const word = `${CANARY}${bad}${CANARY}`
      await send(CHAT, ask(word, { model: word, user: word, metadata: { [word]: word } }))
      await send(CHAT, { messages: word, [word]: word })
      await send(`/nowhere/${encodeURIComponent(word)}`, {}, { 'x-request-id': encodeURIComponent(word) })
      await send('/v1/responses', { input: 'x', previous_response_id: word })
      serve.write('policy.yaml', `${DEMO}"${JSON.stringify(word).slice(1, -1)}": 1\n`)
      serve.signal('SIGHUP')
    }
    await serve.until('policy not reloaded')
    serve.signal('SIGTERM')
    await serve.exit
    const lines = serve
      .stderr()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('llr: '))
    assert.ok(lines.length > 0)
    for (const line of lines) {
      const entry = JSON.parse(line) as { level: number; name: string }
      assert.equal(entry.name, 'llr')
      assert.doesNotMatch(line, /[\p{Cc}\u2028\u2029]/u)
      // The policy is the operator's: of a mistake in it the log may say the key.
      if (!line.includes('policy not reloaded')) assert.ok(!line.includes(CANARY), line)
    }
  })
})

describe('metrics', () => {
  const seriesOf = (text: string): readonly string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('llr_'))
      .map((line) => line.slice(0, line.lastIndexOf(' ')))
      .toSorted()

  test('B 27: thousands of models and paths make no new series', async (t) => {
    const router = await createStage(t).router(DEMO)
    const send = async (i: number): Promise<void> => {
      await post(router, ask('hello', { model: `model-${i}` }))
      await post(router, ask('hello', { model: `d/model-${i}`, user: `user-${i}` }))
      await (await fetch(`${router.url}/path-${i}`)).text()
      await (await fetch(`${router.url}/v1/models/model-${i}`)).text()
      await (await fetch(`${router.url}/health`, { headers: { origin: `https://${i}.evil.com` } })).text()
    }
    for (let i = 0; i < 20; i++) await send(i)
    const before = seriesOf(await metricsOf(router))
    for (let round = 1; round <= 40; round++) {
      await Promise.all(Array.from({ length: 25 }, (_, i) => send(round * 100 + i)))
    }
    assert.deepEqual(seriesOf(await metricsOf(router)), before)
  })

  test('B 28: no word of a client becomes a label or a line of the metrics', async (t) => {
    const router = await createStage(t).router(DEMO)
    const hostile = fc.constantFrom(
      '"}\n',
      '\\"} 1\nllr_evil 1\n',
      'a{b="c"}',
      '\u2028',
      '# HELP llr_evil x\n',
      '"',
      '\\',
    )
    await fc.assert(
      fc.asyncProperty(hostile, fc.string({ maxLength: 8 }), async (bad, some) => {
        const word = `llr_evil${bad}${some}`
        await post(router, ask('hello', { model: word, user: word, metadata: { route: word } }))
      }),
      { numRuns: 40 },
    )
    const text = await metricsOf(router)
    assert.ok(!text.includes('llr_evil'))
    const sample = /^[a-zA-Z_:][\w:]*(?:\{(?:[a-z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? [-+\w.]+$/
    for (const line of text.split('\n').filter((part) => part !== '' && !part.startsWith('#'))) {
      assert.match(line, sample)
    }
  })
})

describe('words of the policy and of the environment', () => {
  test('B 30: a line break or a control character is refused at load, and its value is not told', () => {
    const at = (place: string): string =>
      `backends: { a: { type: openai, model: m${place} } }\nroutes: [{ default: a }]\n`
    for (const bad of ['\\r\\nx-evil: 1', '\\n', '\\0', '\\u2028', '\\x1b[2J']) {
      const value = `"${CANARY}${bad}"`
      for (const text of [
        at('').replace('default: a', `default: a, reason: ${value}`),
        at('').replace('default: a', `default: a, name: ${value}`),
        at(`, apiKeyEnv: ${value}`),
        `${at('')}server: { hosts: [${value}] }\n`,
        `${at('')}server: { origins: ["https://${CANARY}${bad}"] }\n`,
        `${at('')}clients: { a: { keyHash: ${value} } }\n`,
        `${at('')}clients: { ${value}: { keyHash: "${hashOfKey('x')}" } }\n`,
      ]) {
        assert.throws(
          () => parseConfig(text, 'test.yaml'),
          (error) => {
            assert.ok(error instanceof ConfigError, String(error))
            const told = error.problems
              .map(({ message, suggestion }) => `${message} ${suggestion ?? ''}`)
              .join('\n')
            return !told.includes(CANARY)
          },
          text,
        )
      }
    }
  })

  test('B 30: a key with a line break in the environment is refused at load, and is not told', async (t) => {
    const stage = createStage(t)
    const policy = 'backends: { b: { type: openai, model: m } }\nroutes: [{ default: b }]\n'
    for (const bad of ['\r\nx-evil: 1', '\n', '\0', '\u2028', 'é']) {
      await assert.rejects(
        stage.router(policy, { env: { OPENAI_API_KEY: `sk-${CANARY}${bad}${CANARY}` } }),
        (error) =>
          error instanceof Error && /OPENAI_API_KEY/.test(error.message) && !error.message.includes(CANARY),
      )
    }
    // What `echo` leaves behind a key is no part of it.
    await stage.router(policy, { env: { OPENAI_API_KEY: 'sk-fine\r\n' } })
  })
})

describe('files', () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  test('B 41: the database is for its user only, also where it was not before', async (t) => {
    const folder = folderOf(t)
    for (const existing of [false, true]) {
      const dbPath = join(folder, `${existing}.db`)
      if (existing) writeFileSync(dbPath, '', { mode: 0o666 })
      const stage = createStage(t)
      const router = await stage.router(`${DEMO}responses: { store: disk }\n`, { dbPath })
      assert.equal(await post(router, ask('hello')), 200)
      await (await router.post('/v1/responses', { model: 'auto', input: 'hello' })).text()
      assert.equal(modeOf(dbPath), 0o600)
      await eventually('it is on disk', () => Promise.resolve(modeOf(`${dbPath}.responses`) === 0o600))
      assert.equal(modeOf(`${dbPath}-wal`), 0o600)
    }
  })

  test('B 41: a link in the place of the database is not followed; the router serves without records', async (t) => {
    const folder = folderOf(t)
    const other = join(folder, 'other-file')
    writeFileSync(other, 'precious', { mode: 0o644 })
    chmodSync(other, 0o644)
    const dbPath = join(folder, 'metrics.db')
    symlinkSync(other, dbPath)
    const router = await createStage(t).router(DEMO, { dbPath })
    assert.equal(await post(router, ask('hello')), 200)
    assert.match(router.logs.join('\n'), /records cannot be stored/)
    assert.equal(modeOf(other), 0o644)
  })

  test('B 41: a policy that others may change, or whose clients others may read, is warned of; a link to one is taken', (t) => {
    const folder = folderOf(t)
    const path = join(folder, 'policy.yaml')
    const clients = `clients: { a: { keyHash: "${hashOfKey('x')}" } }\n`
    const warnings = (text: string, mode: number): readonly string[] => {
      writeFileSync(path, text)
      chmodSync(path, mode)
      return loadConfigFile(path).warnings
    }
    assert.deepEqual(warnings(DEMO, 0o644), [])
    assert.deepEqual(warnings(DEMO + clients, 0o640), [])
    assert.match(warnings(DEMO + clients, 0o644).join('\n'), /names the clients: chmod o-r/)
    assert.match(warnings(DEMO, 0o666).join('\n'), /may change the policy.*chmod o-w/)
    renameSync(path, join(folder, 'data.yaml'))
    symlinkSync('data.yaml', path)
    assert.equal(loadConfigFile(path).source.label, 'policy.yaml')
    assert.match(loadConfigFile(path).warnings.join('\n'), /chmod o-w/)
  })
})
