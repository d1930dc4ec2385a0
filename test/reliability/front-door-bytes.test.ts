/** What comes in as bytes: HTTP, sizes, encodings, JSON. Each test is a row of the table of attacks (B). */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { chatScript, startBackend, type Backend } from '../support/backend.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { parseAnswer, rawExchange } from '../support/raw-exchange.ts'
import { startServe } from '../support/serve.ts'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'
const HEAD = ['Host: localhost', 'Content-Type: application/json']
const GOOD = JSON.stringify(ask('hello'))

let backend: Backend
let router: RunningRouter

before(async () => {
  backend = await startBackend(chatScript('fine'))
  router = await startRouter(`
backends: { only: { type: openai, endpoint: "${backend.origin}/v1", model: m, attest: local } }
routes: [{ default: only }]
limits: { maxBodyBytes: 1048576 }
`)
})

after(async () => {
  await router.close()
  await backend.close()
})

async function send(url: string, bytes: string | Buffer): Promise<string> {
  const client = await openRaw(url)
  client.socket.write(bytes)
  return client.untilClosed()
}

const post = (lines: readonly string[], body = GOOD): string =>
  `${[`POST ${CHAT} HTTP/1.1`, ...HEAD, ...lines].join('\r\n')}\r\n\r\n${body}`
const CHUNKED = `${GOOD.length.toString(16)}\r\n${GOOD}\r\n0\r\n\r\n`

/** Two readers of one of these could see two different requests. */
const SMUGGLED: readonly (readonly [string, string])[] = [
  ['a length and chunks', post(['Content-Length: 4', 'Transfer-Encoding: chunked'], CHUNKED)],
  ['chunks and a length', post(['Transfer-Encoding: chunked', 'Content-Length: 4'], CHUNKED)],
  ['two lengths', post([`Content-Length: ${GOOD.length}`, 'Content-Length: 0'])],
  ['the same length twice', post([`Content-Length: ${GOOD.length}`, `Content-Length: ${GOOD.length}`])],
  ['a list of lengths', post([`Content-Length: ${GOOD.length}, ${GOOD.length}`])],
  ['a length with a sign', post([`Content-Length: +${GOOD.length}`])],
  ['a length in hexadecimal', post(['Content-Length: 0x10'])],
  ['a coding that is unknown', post(['Transfer-Encoding: xchunked'], CHUNKED)],
  ['chunks that are not last', post(['Transfer-Encoding: chunked, identity'], CHUNKED)],
  ['a chunk whose size is none', post(['Transfer-Encoding: chunked'], `zz\r\n${GOOD}\r\n0\r\n\r\n`)],
  ['a chunk that is longer than it says', post(['Transfer-Encoding: chunked'], `2\r\n${GOOD}\r\n0\r\n\r\n`)],
  ['a chunk that ends in a bare LF', post(['Transfer-Encoding: chunked'], CHUNKED.replaceAll('\r\n', '\n'))],
  ['a folded header', post(['X-Long: a', ' b', `Content-Length: ${GOOD.length}`])],
  ['bare LF', post([`Content-Length: ${GOOD.length}`]).replaceAll('\r\n', '\n')],
  ['bare CR', `GET /health HTTP/1.1\rHost: localhost\r\r`],
  ['NUL in a value', post(['X-A: a\0b', `Content-Length: ${GOOD.length}`])],
  ['NUL in a name', post(['X\0A: a', `Content-Length: ${GOOD.length}`])],
  ['a space before the colon', post([`Content-Length : ${GOOD.length}`])],
  ['a space in the path', 'GET /health /x HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a version that is none', 'GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n'],
]

describe('HTTP', () => {
  test('B 13: what two servers could read in two ways is 400, and the connection is closed', async () => {
    const before = backend.received.length
    for (const [what, bytes] of SMUGGLED) {
      const answer = await send(router.url, bytes)
      assert.match(answer, /^HTTP\/1\.1 400 /, `${what}: ${answer}`)
      assert.match(answer, /\r\nconnection: close\r\n/i, what)
      assert.match(answer, /"code":"invalid_value"/, what)
      assert.equal(answer.indexOf('HTTP/1.1', 1), -1, `${what}: one answer only`)
    }
    assert.equal(backend.received.length, before)
    assert.deepEqual(router.defects, [])
  })

  test('B 13: Node cannot be told from outside to be lenient', async (t) => {
    const serve = await startServe(t, {
      env: { NODE_OPTIONS: '--insecure-http-parser' },
      files: { 'policy.yaml': 'backends: { d: { type: demo } }\nroutes: [{ default: d }]\n' },
    })
    const url = await serve.url()
    for (const [what, bytes] of SMUGGLED.slice(0, 3)) {
      assert.match(await send(url, bytes), /^HTTP\/1\.1 400 /, what)
    }
  })

  test('B 14: pipelined requests are answered each by itself, in their order', async () => {
    const plain = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    const last = rawPost(CHAT, JSON.stringify(ask('last')), ['Connection: close'])
    const before = backend.received.length
    const text = await send(
      router.url,
      Buffer.concat([
        Buffer.from(plain('/nowhere')),
        rawPost(CHAT, GOOD),
        // Turned away at the door: its body, which looks like a request, must not be taken for one.
        rawPost(CHAT, plain('/v1/ab'), ['Origin: https://evil.com']),
        Buffer.from(plain('/v1/models')),
        last,
      ]),
    )
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)
    assert.deepEqual(statuses, ['404', '200', '403', '200', '200'])
    assert.ok(text.indexOf('chat.completion') < text.indexOf('not_allowed'))
    assert.doesNotMatch(text, /sample_rate/)
    assert.equal(backend.received.length, before + 2)
  })
})

describe('size', () => {
  test('B 15: a length of 100 MB is refused before any of it comes', async () => {
    const answer = await send(router.url, post(['Content-Length: 104857600'], ''))
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.match(answer, /connection: close/i)
  })

  test('B 15: chunks without an end are cut off, and take no memory', async () => {
    const piece = Buffer.alloc(65_536, 0x20)
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')])
    for (const headers of [[], ['Origin: https://evil.com']]) {
      const client = await openRaw(router.url)
      const before = process.memoryUsage().arrayBuffers
      client.socket.write(post(['Transfer-Encoding: chunked', ...headers], '{'.slice(1)))
      let sent = 0
      while (!client.socket.destroyed && sent < 100 * 1_048_576) {
        sent += chunk.length
        if (!client.socket.write(chunk)) {
          const gone = new AbortController()
          client.socket.once('close', () => gone.abort())
          await once(client.socket, 'drain', { signal: gone.signal }).catch(() => undefined)
        }
      }
      client.leave()
      assert.ok(sent < 64 * 1_048_576, `${sent} bytes were taken`)
      assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1_048_576)
    }
    assert.equal((await router.post(CHAT, ask('still there?'))).status, 200)
  })

  test('B 16: a compressed body is refused unread, however it is packed', async () => {
    const zeros = Buffer.alloc(10_000_000, 0x20)
    const once = gzipSync(zeros)
    for (const [encoding, body] of [
      ['gzip', once],
      ['br', brotliCompressSync(zeros)],
      ['zstd', zstdCompressSync(zeros)],
      ['gzip, gzip', gzipSync(once)],
      ['identity, gzip', once],
      ['GZIP', once],
      ['x-unknown', Buffer.from(GOOD)],
    ] as const) {
      const lines = [
        `POST ${CHAT} HTTP/1.1`,
        ...HEAD,
        `Content-Length: ${body.length}`,
        `Content-Encoding: ${encoding}`,
      ]
      const answer = await rawExchange(router.url, [...lines, 'Connection: close'], body)
      assert.equal(answer.status, 415, encoding)
    }
    const packed = parseAnswer(
      await send(router.url, post(['Transfer-Encoding: gzip, chunked', 'Connection: close'], CHUNKED)),
    )
    assert.ok(packed.status === 415 || packed.status === 400, packed.text)
  })
})

describe('JSON', () => {
  const ask20 = async (body: string | Buffer): Promise<number> =>
    parseAnswer(await send(router.url, rawPost(CHAT, body, ['Connection: close']))).status

  test('B 20: doubled keys and other cases of a key: one value, or none', async () => {
    const message = '[{"role":"user","content":"hello"}]'
    const before = backend.received.length
    for (const body of [
      `{"model":"auto","model":"evil:cloud","messages":${message}}`,
      `{"model":"auto","Model":"evil:cloud","messages":${message}}`,
      `{"model":"auto","mode\\u006c":"evil:cloud","messages":${message}}`,
      `{"messages":${message},"MESSAGES":${message}}`,
      `{"messages":[{"role":"user","content":"a","content":"b"}]}`,
    ]) {
      assert.equal(await ask20(body), 400, body)
    }
    assert.equal(backend.received.length, before)
    assert.equal(await ask20(`{"messages":${message},"model":"auto","Temperature":1}`), 200)
    const sent = backend.received.at(-1)?.text ?? ''
    assert.equal(sent.match(/"model"/gi)?.length, 1)
    assert.match(sent, /"model":"m"/)
  })

  test('B 21: names of the language itself pollute nothing', async () => {
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']
    const ordinary = Object.getOwnPropertyNames(Object.prototype)
    const poison = (name: string): object =>
      JSON.parse(`{"${name}":{"polluted":true,"prototype":{"polluted":true}}}`) as object
    for (const name of names) {
      const good = { ...ask('hello') } as Record<string, unknown>
      const inner = poison(name)
      for (const body of [
        JSON.stringify({ ...good, metadata: inner }).replace('{', `{"${name}":{"polluted":true},`),
        JSON.stringify({ ...good, response_format: inner }),
        JSON.stringify({
          ...good,
          tools: [{ type: 'function', function: { name: 'f', parameters: inner } }],
        }),
        JSON.stringify({ messages: [{ role: 'user', content: 'x', ...inner }] }),
        JSON.stringify({ ...good, model: name }),
        JSON.stringify({ ...good, model: `only/${name}` }),
      ]) {
        for (const path of [CHAT, '/v1/responses', '/v1/messages', '/api/chat']) {
          const { status } = await router.post(path, body)
          assert.ok(status < 500, `${path} ${body}: ${status}`)
        }
      }
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), ordinary)
    assert.deepEqual(router.defects, [])
  })

  test('B 22: what is no UTF-8 is refused; a lone surrogate stays the escape that it was', async () => {
    const around = (bytes: readonly number[]): Buffer =>
      Buffer.concat([
        Buffer.from('{"messages":[{"role":"user","content":"'),
        Buffer.from(bytes),
        Buffer.from('"}]}'),
      ])
    for (const bytes of [
      [0xff],
      [0xc0, 0xaf],
      [0xe0, 0x80, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xc3],
    ]) {
      assert.equal(await ask20(around(bytes)), 400, Buffer.from(bytes).toString('hex'))
    }
    assert.equal(await ask20(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(GOOD)])), 400)
    assert.equal(await ask20(Buffer.from(GOOD, 'utf16le')), 400)
    assert.equal(await ask20('{"messages":[{"role":"user","content":"a\\ud800b"}]}'), 200)
    assert.match(backend.received.at(-1)?.text ?? '', /a\\ud800b/)
  })

  test('B 22: any bytes are answered, with 200 or 4xx', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(bytes, async (some) => {
        const body = Buffer.concat([
          Buffer.from('{"messages":[{"role":"user","content":"'),
          some,
          Buffer.from('"}]}'),
        ])
        const status = await ask20(body)
        assert.ok(status === 200 || status === 400, String(status))
      }),
      { numRuns: 60 },
    )
    assert.deepEqual(router.defects, [])
  })
})
