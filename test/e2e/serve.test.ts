/** `llr serve` as a process: its banner, its reloads, its signals and the ways it refuses to start. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { builtinPolicy } from '../../src/builtin-policy.ts'
import { chatScript, closedPort, ollamaScript, startBackend } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { startServe } from '../support/serve.ts'
import { ask } from '../support/start-router.ts'

const run = promisify(execFile)

const demo = (more = ''): string => `backends: { demo: { type: demo${more} } }\nroutes: [{ default: demo }]\n`
const SLOW = demo(', demo: { firstTokenMs: 50, tokenIntervalMs: 40 }')

async function post(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

interface Health {
  readonly policy: { readonly source: string; readonly reload_error: string | null }
  readonly demonstration: boolean
}

async function health(url: string): Promise<Health> {
  return (await (await fetch(`${url}/health`)).json()) as Health
}

async function backendOf(url: string): Promise<string | null> {
  const response = await post(url, ask('hello'))
  await response.text()
  return response.headers.get('x-llr-backend')
}

async function reloadGauge(url: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return /^llr_policy_reload\w* (\d)$/m.exec(text)?.[1]
}

describe('the first start', { concurrency: true }, () => {
  test('with nothing on the machine: a demonstration that says so, and a curl line that works', async (t) => {
    const serve = await startServe(t)
    const url = await serve.url()
    await serve.until('Try it:')
    const banner = serve.stdout()
    assert.match(banner, /Policy {4}built-in default, because there is no .*policy\.yaml/)
    assert.match(banner, /Note .*demonstration backend/)
    const line = banner.slice(banner.indexOf('curl')).trim()
    const { stdout } = await run('/bin/sh', ['-c', line.replace(/^curl/, 'curl -sS')])
    assert.match(stdout, /demonstration/)
    assert.equal((await health(url)).demonstration, true)
    serve.signal('SIGTERM')
    assert.equal(await serve.exit, 0)
  })

  test('what `llr init` writes where nothing is found is a demonstration too', async (t) => {
    const policy = builtinPolicy({
      ollama: null,
      hasOpenaiKey: false,
      hasSarmalinkKey: false,
      hasAnthropicKey: false,
    })
    const serve = await startServe(t, { files: { 'policy.yaml': policy } })
    assert.equal((await health(await serve.url())).demonstration, true)
    assert.match(serve.stdout(), /Note +the policy has no other backend/)
  })

  test('with an Ollama: its models serve', async (t) => {
    const ollama = await startBackend(ollamaScript('from ollama', ['llama3.2:3b', 'qwen2.5-coder:7b']))
    t.after(() => ollama.close())
    const serve = await startServe(t, { env: { OLLAMA_HOST: new URL(ollama.origin).host } })
    const url = await serve.url()
    await serve.until('Try it:')
    assert.match(serve.stdout(), /local +ollama · up · proven local/)
    const answer = (await (await post(url, ask('hello'))).json()) as { model: string }
    assert.equal(answer.model, 'llama3.2:3b')
  })

  test('with a key only: nothing is sent anywhere for it', async (t) => {
    const serve = await startServe(t, { env: { OPENAI_API_KEY: 'sk-not-a-real-key' } })
    await serve.until('Try it:')
    assert.match(serve.stdout(), /frontier +openai · hosted/)
    assert.ok(!(serve.stdout() + serve.stderr()).includes('sk-not-a-real-key'))
  })

  test('a policy file is named with its routes; a model that is not pulled is told', async (t) => {
    const ollama = await startBackend(ollamaScript('x', ['llama3.2:3b']))
    t.after(() => ollama.close())
    const house = `{ type: ollama, endpoint: "${ollama.origin}", model: "gemma3:4b", embeddings: bge-m3 }`
    const vectors = `{ type: ollama, endpoint: "${ollama.origin}", embeddings: "llama3.2:3b" }`
    const policy = `backends: { house: ${house}, vectors: ${vectors} }\nroutes: [{ default: house }]\n`
    const serve = await startServe(t, { files: { 'policy.yaml': policy } })
    await serve.until('Try it:')
    assert.match(serve.stdout(), /Policy .*policy\.yaml, 1 routes?\n/)
    assert.match(serve.stdout(), /house .*not proven local · gemma3:4b · embeds: bge-m3\n/)
    assert.match(serve.stdout(), /vectors +ollama · up · proven local · embeds: llama3\.2:3b\n/)
    assert.match(serve.stdout(), /Warning .*ollama pull gemma3:4b/)
    assert.match(serve.stdout(), /Warning .*ollama pull bge-m3/)
  })
})

describe('reload', { concurrency: true }, () => {
  test('a file that appears, changes, breaks and is mended', async (t) => {
    const one = await startBackend(chatScript('one'))
    t.after(() => one.close())
    const serve = await startServe(t)
    const url = await serve.url()
    assert.equal(await backendOf(url), 'demo')

    const policy = `backends: { one: { type: openai-compatible, endpoint: "${one.origin}/v1", model: m } }\nroutes: [{ default: one }]\n`
    serve.write('policy.yaml', policy)
    await serve.until('policy reloaded')
    assert.equal(await backendOf(url), 'one')
    assert.equal(await reloadGauge(url), '1')

    serve.write('policy.yaml', policy.replace('default: one', 'defualt: one'))
    await serve.until('policy not reloaded')
    assert.equal(await backendOf(url), 'one')
    assert.match((await health(url)).policy.reload_error ?? '', /policy\.yaml:2:\d+ .*defualt/)
    assert.equal(await reloadGauge(url), '0')

    serve.write('policy.yaml', demo())
    await eventually('the mended one serves', async () => (await backendOf(url)) === 'demo', 5_000)
    assert.equal((await health(url)).policy.reload_error, null)
    assert.equal(await reloadGauge(url), '1')
  })

  test('on SIGHUP, at once', async (t) => {
    const serve = await startServe(t, { files: { 'policy.yaml': demo() } })
    const url = await serve.url()
    serve.write(
      'policy.yaml',
      demo().replaceAll('demo:', 'again:').replace('default: demo', 'default: again'),
    )
    serve.signal('SIGHUP')
    await serve.until('policy reloaded')
    assert.equal(await backendOf(url), 'again')
  })

  test('a policy file that goes away leaves the old one serving', async (t) => {
    const serve = await startServe(t, { files: { 'policy.yaml': demo() } })
    const url = await serve.url()
    await run('rm', [`${serve.folder}/policy.yaml`])
    serve.signal('SIGHUP')
    await serve.until('policy not reloaded')
    assert.equal(await backendOf(url), 'demo')
    assert.match((await health(url)).policy.reload_error ?? '', /there is no file/)
  })
})

describe('signals', { concurrency: true }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} lets a running stream end, takes no new request, exits 0`, async (t) => {
      const serve = await startServe(t, { files: { 'policy.yaml': SLOW } })
      const url = await serve.url()
      const stream = await post(url, ask('hello', { stream: true }))
      serve.signal(signal)
      await serve.until('finishing what is in flight')
      await assert.rejects(fetch(`${url}/health`))
      const text = await stream.text()
      assert.ok(text.endsWith('data: [DONE]\n\n'), text)
      // The client keeps its connection for a next request; that must not hold the end up.
      const before = performance.now()
      assert.equal(await serve.exit, 0)
      assert.ok(performance.now() - before < 5_000)
    })
  }

  test('a second signal ends at once', async (t) => {
    const serve = await startServe(t, { files: { 'policy.yaml': demo(', demo: { fail: hang }') } })
    const url = await serve.url()
    const hanging = post(url, ask('hello')).then(
      () => 'answered',
      () => 'gone',
    )
    await eventually('it is in flight', async () =>
      (await (await fetch(`${url}/health`)).text()).includes('"in_flight":1'),
    )
    serve.signal('SIGTERM')
    await serve.until('finishing what is in flight')
    serve.signal('SIGTERM')
    assert.equal(await serve.exit, 1)
    assert.equal(await hanging, 'gone')
  })

  test('idle connections do not hold it up', async (t) => {
    const serve = await startServe(t, { files: { 'policy.yaml': demo() } })
    const url = await serve.url()
    await backendOf(url)
    const before = performance.now()
    serve.signal('SIGTERM')
    assert.equal(await serve.exit, 0)
    assert.ok(performance.now() - before < 3_000)
  })
})

describe('a start that cannot be', { concurrency: true }, () => {
  test('the port is taken', async (t) => {
    const taken = createServer()
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.after(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const serve = await startServe(t, { env: { LLR_PORT: String(port) }, files: { 'policy.yaml': demo() } })
    assert.equal(await serve.exit, 1)
    assert.match(serve.stderr(), new RegExp(`port ${port} is in use.*LLR_PORT`))
  })

  test('LLR_PORT is no port', async (t) => {
    for (const port of ['70000']) {
      const serve = await startServe(t, { env: { LLR_PORT: port } })
      assert.equal(await serve.exit, 1)
      assert.match(serve.stderr(), /LLR_PORT must be a whole number/)
    }
  })

  test('LLR_POLICY points nowhere', async (t) => {
    const serve = await startServe(t, { env: { LLR_POLICY: './nowhere.yaml' } })
    assert.equal(await serve.exit, 1)
    assert.match(serve.stderr(), /there is no file .*nowhere\.yaml.*llr init/)
  })

  test('the policy is wrong: line, key and what would be right', async (t) => {
    const files = {
      'policy.yaml':
        'backends:\n  demo: { type: demo }\nroutes:\n  - match: { sensitivty: high }\n    backend: demo\n  - default: demmo\n',
    }
    const serve = await startServe(t, { files })
    assert.equal(await serve.exit, 1)
    assert.match(serve.stderr(), /policy\.yaml:4:14 .*sensitivty.*did you mean "sensitivity"/)
    assert.match(serve.stderr(), /policy\.yaml:6:\d+ .*did you mean "demo"/)
    assert.ok(!serve.stderr().includes('    at '), 'no stack')
  })

  test('the host is not of this machine', async (t) => {
    const serve = await startServe(t, {
      env: { LLR_HOST: '203.0.113.7' },
      args: ['serve', '--insecure-no-keys'],
      files: { 'policy.yaml': demo() },
    })
    assert.equal(await serve.exit, 1)
    assert.match(serve.stderr(), /no address 203\.0\.113\.7.*LLR_HOST/)
  })

  test('records cannot be stored: it serves all the same, and says so', async (t) => {
    const serve = await startServe(t, {
      env: { LLR_DB: './no/such/folder/metrics.db' },
      files: { 'policy.yaml': demo() },
    })
    const url = await serve.url()
    await serve.until('records cannot be stored')
    assert.equal(await backendOf(url), 'demo')
    assert.equal((await fetch(`${url}/metrics`)).status, 200)
    serve.signal('SIGTERM')
    assert.equal(await serve.exit, 0)
  })

  test('a bind beyond this machine warns', async (t) => {
    const serve = await startServe(t, {
      env: { LLR_HOST: '0.0.0.0' },
      args: ['serve', '--insecure-no-keys'],
      files: { 'policy.yaml': demo() },
    })
    await serve.until(/listening beyond this machine/)
  })

  test('a backend that is down does not hold the start up', async (t) => {
    const policy = `backends: { gone: { type: ollama, endpoint: "http://127.0.0.1:${await closedPort()}", model: m } }\nroutes: [{ default: gone }]\n`
    const serve = await startServe(t, { files: { 'policy.yaml': policy } })
    const url = await serve.url()
    await serve.until('Try it:')
    assert.match(serve.stdout(), /gone +ollama · down/)
    assert.equal((await post(url, ask('hello'))).status, 503)
  })
})
