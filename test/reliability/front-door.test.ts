/** Who gets in, by the headers alone. Each test is a row of the table of attacks (B). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { hashOfKey } from '../../src/accept/client-keys.ts'
import { chatScript, startBackend, type Backend } from '../support/backend.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { parseAnswer, rawExchange, rawGet } from '../support/raw-exchange.ts'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'
const ALLOWED = 'https://chat.example.com'

let backend: Backend
let router: RunningRouter
let port: string

before(async () => {
  backend = await startBackend(chatScript('fine'))
  router = await startRouter(`
backends: { only: { type: openai, endpoint: "${backend.origin}/v1", model: m } }
routes: [{ default: only }]
server: { hosts: [LLM.example.com], origins: ["${ALLOWED}"] }
`)
  port = new URL(router.url).port
})

after(async () => {
  await router.close()
  await backend.close()
})

/** Only the head of a POST goes out, and the answer comes all the same. */
async function refusalBeforeBody(path: string, hostLines: readonly string[]): Promise<string> {
  const client = await openRaw(router.url)
  const head = [`POST ${path} HTTP/1.1`, ...hostLines, 'Content-Type: application/json', 'Content-Length: 10']
  client.socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await client.until('\r\n\r\n{')
  client.leave()
  return client.text()
}

describe('DNS rebinding (a foreign Host header)', () => {
  const foreign = (): readonly (readonly [string, readonly string[]])[] => [
    ['another name', ['Host: evil.com']],
    ['another name with our port', [`Host: evil.com:${port}`]],
    ['a name that begins like ours', ['Host: 127.0.0.1.evil.com']],
    ['a name that ends like ours', ['Host: evil.localhost']],
    ['a trailing dot', [`Host: localhost.:${port}`]],
    ['another port', ['Host: localhost:1']],
    ['an empty port', ['Host: localhost:']],
    ['a port that is none', ['Host: localhost:x']],
    ['an address that is not ours', [`Host: 10.0.0.1:${port}`]],
    ['another IPv6 address', [`Host: [::2]:${port}`]],
    ['IPv6 without brackets', ['Host: ::1']],
    ['a decimal address', ['Host: 2130706433']],
    ['a hexadecimal address', ['Host: 0x7f000001']],
    ['a user before it', ['Host: evil@localhost']],
    ['a path behind it', ['Host: localhost/evil.com']],
    ['two names', ['Host: localhost, evil.com']],
    ['nothing', ['Host:']],
    ['two headers', [`Host: localhost:${port}`, 'Host: evil.com']],
    ['the same header twice', ['Host: localhost', 'Host: localhost']],
  ]

  test('B 01: any Host but our own is refused on every path, before the body', async () => {
    for (const [what, lines] of foreign()) {
      const answer = parseAnswer(await refusalBeforeBody(CHAT, lines))
      assert.equal(answer.status, 403, what)
      assert.match(answer.body, /"code":"not_allowed"/, what)
      assert.doesNotMatch(answer.text, /evil/, what)
      for (const path of ['/health', '/metrics', '/v1/responses/x', '/api/tags', '/nowhere']) {
        assert.equal((await rawGet(router.url, path, lines)).status, 403, `${what}, ${path}`)
      }
    }
    assert.equal(backend.received.length, 0)
  })

  test('B 01: no Host at all', async () => {
    const none = await rawExchange(router.url, ['GET /health HTTP/1.0'])
    assert.equal(none.status, 403)
    // Node's own parser.
    assert.equal((await rawGet(router.url, '/health', [])).status, 400)
  })

  test('B 01: our own names, in any case, and those of the policy', async () => {
    const own = ['localhost', '127.0.0.1', '[::1]', 'LocalHost', 'llm.example.com', 'llm.example.com:8443']
    for (const host of [...own, ...['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${port}`)]) {
      assert.equal((await rawGet(router.url, '/health', [`Host: ${host}`])).status, 200, host)
    }
  })

  test('B 01: a request for an absolute address counts by the name in it, too', async () => {
    const get = (address: string): Promise<number> =>
      rawGet(router.url, address, ['Host: localhost']).then(({ status }) => status)
    assert.equal(await get(`http://localhost:${port}/health`), 200)
    assert.equal(await get('http://evil.com/health'), 403)
    assert.equal(await get('http://user@localhost/health'), 403)
    // Node's own parser.
    assert.equal(await get('https:evil.com/health'), 400)
    assert.equal(await get('evil.com:443'), 400)
  })

  test('B 01: in the words of the path', async () => {
    const messages = parseAnswer(await refusalBeforeBody('/v1/messages', ['Host: evil.com']))
    assert.match(messages.body, /"type":"permission_error"/)
    const ollama = parseAnswer(await refusalBeforeBody('/api/chat', ['Host: evil.com']))
    assert.match(ollama.body, /^\{"error":"/)
  })

  test('B 01: beyond loopback any address, and no unknown name', async (t) => {
    const open = await startRouter('backends: { d: { type: demo } }\nroutes: [{ default: d }]', {
      host: '0.0.0.0',
      allowWithoutKeys: true,
    })
    t.after(() => open.close())
    const url = `http://127.0.0.1:${new URL(open.url).port}`
    const status = (host: string): Promise<number> =>
      rawGet(url, '/health', [`Host: ${host}`]).then((answer) => answer.status)
    for (const host of ['10.1.2.3:8080', '192.168.0.9', '[fe80::1]:99', 'localhost:8080']) {
      assert.equal(await status(host), 200, host)
    }
    for (const host of ['evil.com', '10.1.2.3.evil.com', 'fe80::1', '[10.1.2.3]', '167838211', '0x7f.1']) {
      assert.equal(await status(host), 403, host)
    }
  })

  test('B 01: whoever waits for "100 Continue" is refused without it', async () => {
    const more = ['Content-Length: 5', 'Expect: 100-continue']
    const answer = await rawExchange(router.url, ['POST /nowhere HTTP/1.1', 'Host: evil.com', ...more])
    assert.equal(answer.status, 403)
    const client = await openRaw(router.url)
    const body = JSON.stringify(ask('hello'))
    const request = rawPost(CHAT, body, ['Expect: 100-continue', 'Connection: close'])
    client.socket.write(request.subarray(0, request.length - body.length))
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.socket.write(body)
    assert.match(await client.untilClosed(), /HTTP\/1\.1 200 OK/)
  })
})

describe('a web page of another site posts', () => {
  const TYPES = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json',
    '',
  ]
  const post = async (path: string, type: string, headers: readonly string[]): Promise<number> => {
    const body = JSON.stringify(ask('hello', { stream: false }))
    const lines = [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${body.length}`, ...headers]
    if (type !== '') lines.push(`Content-Type: ${type}`)
    return (await rawExchange(router.url, [...lines, 'Connection: close'], body)).status
  }

  test('B 02: Origin × Content-Type: refused whatever the type', async () => {
    const before = backend.received.length
    const foreign = [
      ['Origin: https://evil.com'],
      ['Origin: null'],
      ['Origin:'],
      ['Origin: http://localhost:1'],
      [`Origin: ${ALLOWED}.evil.com`],
      [`Origin: ${ALLOWED.toUpperCase()}`],
      [`Origin: ${ALLOWED}`, 'Origin: https://evil.com'],
      ['Sec-Fetch-Site: cross-site'],
      ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'],
    ]
    for (const path of [CHAT, '/api/chat', '/v1/messages']) {
      for (const type of TYPES) {
        for (const headers of foreign) {
          assert.equal(await post(path, type, headers), 403, `${path} ${type} ${headers.join()}`)
        }
      }
    }
    assert.equal(backend.received.length, before)
  })

  test('B 02: a page of ours or of an allowed origin may, but only with JSON', async () => {
    for (const origin of ['http://localhost', ALLOWED]) {
      for (const path of [CHAT, '/api/chat']) {
        const headers = [
          `Origin: ${origin}`,
          `Sec-Fetch-Site: ${origin === ALLOWED ? 'cross-site' : 'same-origin'}`,
        ]
        for (const type of TYPES) {
          const expected = type === 'application/json' ? 200 : 415
          assert.equal(await post(path, type, headers), expected, `${origin} ${path} ${type}`)
        }
      }
    }
  })
})

describe('CORS', () => {
  const corsOf = (headers: ReadonlyMap<string, string>): readonly string[] =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-'))
  const ask3 = (method: string, path: string, headers: readonly string[]) =>
    rawExchange(router.url, [
      `${method} ${path} HTTP/1.1`,
      'Host: localhost',
      ...headers,
      'Connection: close',
    ])

  test('B 03: no permission to anyone but the origins of the policy', async () => {
    for (const origin of ['https://evil.com', 'null', 'http://localhost', `${ALLOWED}:8443`, '*']) {
      for (const path of [CHAT, '/v1/models', '/health', '/api/tags', '/nowhere']) {
        const preflight = [
          'Access-Control-Request-Method: POST',
          'Access-Control-Request-Headers: content-type',
        ]
        const asked = await ask3('OPTIONS', path, [`Origin: ${origin}`, ...preflight])
        assert.ok(asked.status >= 400, `${origin} ${path}`)
        assert.deepEqual(corsOf(asked.headers), [])
        assert.deepEqual(corsOf((await ask3('GET', path, [`Origin: ${origin}`])).headers), [])
      }
    }
    assert.deepEqual(corsOf((await ask3('GET', '/health', [])).headers), [])
  })

  test('B 03: an allowed origin gets exact answers, on errors too', async () => {
    const asked = await ask3('OPTIONS', CHAT, [`Origin: ${ALLOWED}`, 'Access-Control-Request-Method: POST'])
    assert.equal(asked.status, 204)
    assert.equal(asked.headers.get('access-control-allow-origin'), ALLOWED)
    assert.match(asked.headers.get('access-control-allow-headers') ?? '', /authorization/)
    assert.ok(!asked.headers.has('access-control-allow-credentials'))
    for (const [path, status] of [
      ['/v1/models', 200],
      ['/nowhere', 404],
      [CHAT, 405],
    ] as const) {
      const answer = await ask3('GET', path, [`Origin: ${ALLOWED}`])
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('access-control-allow-origin'), ALLOWED, path)
      assert.equal(answer.headers.get('vary'), 'origin')
    }
    for (const body of [ask('hello'), ask('hello', { stream: true }), {}]) {
      const answer = await router.post(CHAT, body, { origin: ALLOWED })
      assert.equal(answer.headers.get('access-control-allow-origin'), ALLOWED)
      await answer.text()
    }
  })
})

describe('odd paths and methods', () => {
  test('B 39: no path leads anywhere by another spelling, and no header changes the method', async () => {
    const status = async (line: string, headers: readonly string[] = []): Promise<number> =>
      (
        await rawExchange(router.url, [
          `${line} HTTP/1.1`,
          'Host: localhost',
          ...headers,
          'Connection: close',
        ])
      ).status
    for (const path of [
      '//v1/models',
      '/v1//models',
      '/v1/models/../../etc/passwd',
      '/..%2f..%2fetc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/v1/%2e%2e/%2e%2e/etc/passwd',
      '/v1\\chat\\completions',
      '/v1/chat%2fcompletions',
      '/v1/chat/completions;x=1',
      '/V1/models',
      '/v1/models%00',
      '/%',
      '/%ff',
    ]) {
      const found = await status(`GET ${path}`)
      assert.ok(found === 404 || found === 400, `${path}: ${found}`)
    }
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      assert.equal(await status(`GET ${CHAT}`, [`${name}: POST`]), 405)
      assert.equal(await status('GET /v1/responses/none', [`${name}: DELETE`]), 404)
    }
    for (const method of ['TRACE', 'PROPFIND', 'PUT', 'DELETE', 'PATCH']) {
      assert.equal(await status(`${method} /health`), 405, method)
    }
    assert.equal(await status('OPTIONS *'), 400)
    assert.deepEqual(router.defects, [])
  })
})

describe('protocol upgrades', () => {
  const UPGRADES: readonly (readonly [string, readonly string[]])[] = [
    [
      'websocket',
      ['Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
    ],
    ['h2c', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']],
    ['another', ['Upgrade: TLS/1.2']],
  ]

  test('B 40: WebSocket and h2c are answered in HTTP/1.1, never switched to', async () => {
    for (const [what, headers] of UPGRADES) {
      for (const [path, status] of [
        ['/v1/responses', 405],
        [CHAT, 405],
        ['/nowhere', 404],
      ] as const) {
        const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade, close', ...headers]
        const answer = await rawExchange(router.url, lines)
        assert.equal(answer.status, status, `${what} ${path}`)
        assert.ok(!answer.headers.has('upgrade'))
      }
      const body = JSON.stringify(ask('hello'))
      const posted = parseAnswer(
        await sendAll(rawPost(CHAT, body, ['Connection: Upgrade, close', ...headers])),
      )
      assert.equal(posted.status, 200, what)
    }
  })

  test('B 40: HTTP/2 without asking, and CONNECT', async () => {
    assert.match(await sendAll('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 400 /)
    assert.match(
      await sendAll('CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com:443\r\n\r\n'),
      /^HTTP\/1\.1 400 /,
    )
  })

  async function sendAll(bytes: string | Buffer): Promise<string> {
    const client = await openRaw(router.url)
    client.socket.write(bytes)
    return client.untilClosed()
  }
})

describe('figures and lists from beyond this machine', () => {
  const KEY = 'llr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

  test('B 44: /metrics and the like need a key and a Host; /health tells a stranger that it lives, no more', async (t) => {
    const open = await startRouter(
      `backends: { d: { type: demo } }\nroutes: [{ default: d }]\nclients: { one: { keyHash: "${hashOfKey(KEY)}" } }`,
      { host: '0.0.0.0' },
    )
    t.after(() => open.close())
    const url = `http://127.0.0.1:${new URL(open.url).port}`
    for (const path of [
      '/',
      '/metrics',
      '/v1/metrics',
      '/v1/ab',
      '/v1/models',
      '/v1/models/d',
      '/api/tags',
      '/api/ps',
      '/api/version',
      '/v1/responses/x',
      '/nowhere',
      '//health',
      '/health/',
      '/%68ealth',
      '/x/../health',
    ]) {
      assert.equal((await rawGet(url, path, ['Host: 127.0.0.1'])).status, 401, path)
      const known = await rawGet(url, path, ['Host: 127.0.0.1', `Authorization: Bearer ${KEY}`])
      assert.notEqual(known.status, 401, path)
      const rebound = await rawGet(url, path, ['Host: evil.com', `Authorization: Bearer ${KEY}`])
      assert.equal(rebound.status, 403, path)
    }
    const stranger = await rawGet(url, '/health', ['Host: 127.0.0.1'])
    assert.equal(stranger.status, 200)
    assert.equal(stranger.body, '{"status":"ok"}')
    assert.equal((await rawGet(url, '/health', ['Host: evil.com'])).status, 403)
    const known = await rawGet(url, '/health', ['Host: 127.0.0.1', `x-api-key: ${KEY}`])
    assert.match(known.body, /"backends":/)
  })
})
