/** Client keys, and what a router does that is bound beyond its machine. Each test is a row of the table of attacks (B). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createClientKeys, hashOfKey } from '../../src/accept/client-keys.ts'
import { parseConfig } from '../../src/config.ts'
import { chatScript } from '../support/backend.ts'
import { rawGet } from '../support/raw-exchange.ts'
import { startServe } from '../support/serve.ts'
import { createStage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'
const ALICE = `llr_${'a'.repeat(43)}`
const BOB = `llr_${'b'.repeat(43)}`
const DEMO = 'backends: { d: { type: demo } }\nroutes: [{ default: d }]\n'
const CLIENTS = `clients: { alice: { keyHash: "${hashOfKey(ALICE)}" }, bob: { keyHash: "${hashOfKey(BOB)}" } }\n`

describe('a bind beyond this machine', { concurrency: true }, () => {
  const env = { LLR_HOST: '0.0.0.0' }

  test('B 04: without client keys it does not start', async (t) => {
    const serve = await startServe(t, { env, files: { 'policy.yaml': DEMO } })
    assert.equal(await serve.exit, 1)
    assert.match(serve.stderr(), /no client keys.*llr key.*--insecure-no-keys.*allowWithoutKeys/)
    assert.ok(!serve.stderr().includes('    at '), 'no stack')
  })

  test('B 04: no environment variable talks it into that', async (t) => {
    const words = ['LLR_INSECURE_NO_KEYS', 'LLR_ALLOW_WITHOUT_KEYS', 'INSECURE_NO_KEYS']
    const serve = await startServe(t, {
      env: { ...env, ...Object.fromEntries(words.map((word) => [word, 'true'])) },
    })
    assert.equal(await serve.exit, 1)
  })

  test('B 04: told so by an option, or by the policy, it starts and warns', async (t) => {
    const byOption = await startServe(t, {
      env,
      args: ['serve', '--insecure-no-keys'],
      files: { 'policy.yaml': DEMO },
    })
    await byOption.until(/listening beyond this machine/)
    const policy = `${DEMO}server: { allowWithoutKeys: true }\n`
    const byPolicy = await startServe(t, { env, files: { 'policy.yaml': policy } })
    await byPolicy.until(/listening beyond this machine/)
  })

  test('B 04: with client keys it starts; a reload cannot take the last one away', async (t) => {
    const serve = await startServe(t, { env, files: { 'policy.yaml': DEMO + CLIENTS } })
    const url = (await serve.url()).replace('0.0.0.0', '127.0.0.1')
    await serve.until('Try it:')
    assert.match(serve.stdout(), /Clients {3}alice, bob/)
    assert.doesNotMatch(serve.stderr(), /listening beyond/)
    serve.write('policy.yaml', DEMO)
    serve.signal('SIGHUP')
    await serve.until('policy not reloaded')
    assert.equal((await rawGet(url, '/v1/models', ['Host: localhost'])).status, 401)
  })
})

describe('client keys', () => {
  const models = (router: RunningRouter, headers: Record<string, string>): Promise<Response> =>
    fetch(`${router.url}/v1/models`, { headers })

  test('B 05: both ways of sending a key work, in every protocol; any other answer is the same 401', async (t) => {
    const router = await createStage(t).router(DEMO + CLIENTS)
    for (const headers of [
      { authorization: `Bearer ${ALICE}` },
      { authorization: `bearer  ${BOB}` },
      { 'x-api-key': ALICE },
      { 'x-api-key': BOB, authorization: 'Bearer of something else' },
    ]) {
      assert.equal((await models(router, headers)).status, 200, JSON.stringify(headers))
    }
    const answers = new Set<string>()
    for (const headers of [
      {},
      { authorization: `Bearer ${ALICE}x` },
      { authorization: ALICE },
      { authorization: `Basic ${ALICE}` },
      { authorization: `Bearer ${hashOfKey(ALICE)}` },
      { 'x-api-key': '' },
      { 'x-api-key': `${ALICE}, ${BOB}` },
      { 'x-api-key': ALICE.slice(0, -1) },
      { cookie: `key=${ALICE}` },
    ]) {
      const answer = await models(router, headers)
      const text = await answer.text()
      answers.add(`${answer.status} ${answer.headers.get('www-authenticate')} ${text}`)
    }
    assert.equal(answers.size, 1, [...answers].join('\n'))
    const [only = ''] = answers
    assert.match(only, /^401 Bearer .*"type":"invalid_request_error".*"code":"invalid_api_key"/)
    const messages = await router.post('/v1/messages', ask('hello'))
    assert.equal(messages.status, 401)
    assert.match(await messages.text(), /"type":"authentication_error"/)
    assert.equal((await router.post('/api/chat', ask('hello'))).status, 401)
    const query = await fetch(`${router.url}/v1/models?key=${ALICE}&api_key=${ALICE}`)
    assert.equal(query.status, 401)
    for (const line of router.logs) assert.ok(!line.includes(ALICE.slice(4)), line)
  })

  test('B 05: wrong keys are slowed, many at once are limited, and a right one is not held up', async (t) => {
    const router = await createStage(t).router(DEMO + CLIENTS)
    const started = performance.now()
    assert.equal((await models(router, { 'x-api-key': 'wrong' })).status, 401)
    assert.ok(performance.now() - started > 150)
    const wrong = Array.from({ length: 300 }, (_, i) =>
      models(router, { 'x-api-key': `wrong-${i}` }).then(async (answer) => {
        await answer.text()
        return [answer.status, answer.headers.get('retry-after')].join(' ')
      }),
    )
    assert.equal((await models(router, { 'x-api-key': ALICE })).status, 200)
    const statuses = await Promise.all(wrong)
    // Room is for 64 at a time; how many more find some depends on how fast they come.
    assert.ok(statuses.filter((status) => status === '401 ').length >= 64)
    assert.ok(statuses.includes('429 1'), statuses.join())
    assert.ok(
      statuses.every((status) => status === '401 ' || status === '429 1'),
      statuses.join(),
    )
    assert.equal((await models(router, { 'x-api-key': 'wrong' })).status, 401)
  })

  test('B 05: how long a look takes does not tell whose key it was, or how much of it was right', () => {
    const owners = Array.from({ length: 50 }, () => randomBytes(32).toString('base64url'))
    const keys = createClientKeys(
      Object.fromEntries(owners.map((key, i) => [`c${i}`, { keyHash: hashOfKey(key) }])),
    )
    assert.ok(keys !== null)
    const [first = '', last = ''] = [owners[0], owners[49]]
    const tries = { first, last, nearly: `${first.slice(0, -1)}!`, wrong: '!'.repeat(first.length) }
    const names = Object.keys(tries) as (keyof typeof tries)[]
    const times = Object.fromEntries(names.map((name) => [name, [] as number[]]))
    // 100,000 looks, in turns, so that whatever else the machine does falls on all alike.
    for (let round = 0; round < 500; round++) {
      for (const name of names) {
        const headers = { 'x-api-key': tries[name] }
        const before = performance.now()
        for (let i = 0; i < 50; i++) keys.clientOf(headers)
        times[name]?.push(performance.now() - before)
      }
    }
    const medians = names.map((name) => times[name]?.toSorted((a, b) => a - b)[250] ?? 0)
    assert.ok(Math.max(...medians) < Math.min(...medians) * 1.25, medians.join(' '))
    const source = readFileSync(new URL('../../src/accept/client-keys.ts', import.meta.url), 'utf8')
    assert.match(source, /for \(.+\) owner = timingSafeEqual\(digest, other\)/)
  })

  test('B 09: a client key reaches no backend, log, metric or answer', async (t) => {
    const stage = createStage(t)
    const chat = await stage.backend(chatScript('fine'))
    const policy = `
backends:
  own: { type: openai, endpoint: "${chat.origin}/v1", model: m }
  foreign: { type: openai-compatible, endpoint: "${chat.origin}/v1", model: n, protocol: [chat, messages] }
routes: [{ default: own }]
${CLIENTS}`
    const router = await stage.router(policy, { env: { OPENAI_API_KEY: 'sk-of-the-house' } })
    const answers: string[] = []
    for (const model of ['own', 'foreign']) {
      for (const path of [CHAT, '/v1/messages', '/v1/responses', '/api/chat']) {
        for (const headers of [
          { authorization: `Bearer ${ALICE}` },
          { 'x-api-key': ALICE },
          {
            'x-api-key': ALICE,
            authorization: `Bearer ${BOB}`,
            'api-key': ALICE,
            cookie: ALICE,
            'proxy-authorization': ALICE,
          },
        ]) {
          const body = { ...ask('hello', { model, max_tokens: 9, stream: false }), input: 'hello' }
          const answer = await router.post(path, body, headers)
          answers.push(await answer.text(), JSON.stringify([...answer.headers]))
        }
      }
    }
    const metrics = await (await fetch(`${router.url}/metrics`, { headers: { 'x-api-key': BOB } })).text()
    assert.ok(chat.received.length >= 8)
    assert.equal(chat.received[0]?.headers.authorization, 'Bearer sk-of-the-house')
    for (const text of [...chat.seen, ...answers, ...router.logs, metrics]) {
      for (const key of [ALICE, BOB]) {
        assert.ok(!text.includes(key) && !text.includes(hashOfKey(key).slice(7)), text)
      }
    }
  })

  test('B 43: nothing is cached or shared: two clients, two calls', async (t) => {
    const stage = createStage(t)
    const chat = await stage.backend(chatScript('fine', { delayMs: 50 }))
    const router = await stage.router(
      `backends: { b: { type: openai, endpoint: "${chat.origin}/v1", model: m } }\nroutes: [{ default: b }]\n${CLIENTS}`,
    )
    await Promise.all(
      [ALICE, BOB, ALICE].map((key) =>
        router.post(CHAT, ask('the very same'), { 'x-api-key': key }).then((r) => r.text()),
      ),
    )
    assert.equal(chat.received.length, 3)
  })

  test('B 43: a stored answer is found by the client only that it was made for', async (t) => {
    const router = await createStage(t).router(DEMO + CLIENTS)
    const alice = { 'x-api-key': ALICE }
    const bob = { 'x-api-key': BOB }
    interface Answer {
      readonly id: string
      readonly output: readonly { readonly id: string }[]
    }
    const made = (await (
      await router.post('/v1/responses', { model: 'auto', input: 'hello' }, alice)
    ).json()) as Answer
    const at = `${router.url}/v1/responses/${made.id}`
    const status = async (url: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
      (await fetch(url, { method, headers })).status
    const goOn = (headers: Record<string, string>, more: object): Promise<Response> =>
      router.post('/v1/responses', { model: 'auto', input: 'and then?', ...more }, headers)
    const byItem = {
      input: [
        { type: 'item_reference', id: made.output[0]?.id },
        { role: 'user', content: 'x' },
      ],
    }

    assert.equal(await status(at, bob), 404)
    assert.equal(await status(`${at}/input_items`, bob), 404)
    assert.equal(await status(at, bob, 'DELETE'), 404)
    assert.equal(await status(`${router.url}/v1/responses/alice%2F${made.id}`, bob), 404)
    assert.equal((await goOn(bob, { previous_response_id: made.id })).status, 400)
    assert.equal((await goOn(bob, { previous_response_id: `alice/${made.id}` })).status, 400)
    assert.ok((await goOn(bob, byItem)).status >= 400)

    const read = await fetch(at, { headers: alice })
    assert.deepEqual(await read.json(), made)
    const items = (await (await fetch(`${at}/input_items`, { headers: alice })).json()) as {
      data: readonly { readonly id: string }[]
    }
    assert.ok(items.data.every(({ id }) => !id.includes('/')))
    const next = await goOn(alice, { previous_response_id: made.id })
    assert.equal(next.status, 200)
    const third = await goOn(alice, { previous_response_id: ((await next.json()) as Answer).id })
    assert.equal(third.status, 200)
    assert.equal((await goOn(alice, byItem)).status, 200)
    assert.equal(await status(at, alice, 'DELETE'), 200)
    assert.equal(await status(at, alice), 404)
  })

  test('B 43: a reload lets a client in and shuts it out', async (t) => {
    const router = await createStage(t).router(DEMO + CLIENTS)
    await router.server.reload(
      parseConfig(`${DEMO}clients: { bob: { keyHash: "${hashOfKey(BOB)}" } }`, 'test.yaml'),
    )
    assert.equal((await models(router, { 'x-api-key': ALICE })).status, 401)
    assert.equal((await models(router, { 'x-api-key': BOB })).status, 200)
  })
})
