/** What comes in broken goes out as an OpenAI error, with the right status and nothing of what was sent in it. */
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { chatScript, startBackend, type Backend } from '../support/backend.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'

const CANARY = 'Wombat-4420-Canary'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const MAX_BYTES = 200_000

let backend: Backend
let router: RunningRouter

before(async () => {
  backend = await startBackend(chatScript('fine'))
  router = await startRouter(`
backends:
  # Proven local, so that a random text that looks private is not refused for want of a target.
  only: { type: openai, endpoint: "${backend.origin}/v1", model: m, attest: local }
routes: [{ default: only }]
limits: { maxBodyBytes: ${MAX_BYTES}, maxDepth: 16, bodyTimeoutMs: 300 }
`)
})

after(async () => {
  await router.close()
  await backend.close()
})

interface Envelope {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string
  }
}

const SPEC_HEADERS = [
  'request-id',
  'backend',
  'model',
  'route',
  'reason',
  'task',
  'complexity',
  'sensitivity',
  'attempts',
]

/** Status, envelope and headers are whole, and nothing of the input is in any of them. */
async function assertError(response: Response, status: number, code: string): Promise<Envelope['error']> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.equal(response.headers.get('content-type'), 'application/json')
  const { error } = JSON.parse(text) as Envelope
  assert.deepEqual(Object.keys(error).toSorted(), ['code', 'message', 'param', 'type'])
  assert.equal(error.code, code, text)
  assert.equal(error.type, 'invalid_request_error')
  assert.ok(error.message.length > 10)
  for (const name of SPEC_HEADERS)
    assert.match(response.headers.get(`x-llr-${name}`) ?? '', /^[\x20-\x7e]+$/, name)
  assertNoCanary(text, [...response.headers].join('\n'))
  return error
}

function assertNoCanary(...texts: readonly string[]): void {
  for (const text of [...texts, ...router.logs]) assert.ok(!text.includes(CANARY), text)
  assert.deepEqual(router.defects, [])
}

const deep = (levels: number): string => `{"messages":${'['.repeat(levels)}"${CANARY}"${']'.repeat(levels)}}`

/** What, body, code, param. */
const BROKEN: readonly (readonly [string, string | Buffer, string, (string | null)?])[] = [
  ['no JSON', CANARY, 'invalid_json'],
  ['nothing', '', 'invalid_json'],
  ['JSON cut short', `{"model":"auto","messages":[{"role":"user","content":"${CANARY}`, 'invalid_json'],
  ['two documents', `${JSON.stringify(ask(CANARY))}${JSON.stringify(ask(CANARY))}`, 'invalid_json'],
  ['a trailing comma', `{"messages":[{"role":"user","content":"${CANARY}"}],}`, 'invalid_json'],
  ['a comment', `{/* ${CANARY} */"messages":[]}`, 'invalid_json'],
  ['NaN', `{"messages":[{"role":"user","content":"${CANARY}"}],"temperature":NaN}`, 'invalid_json'],
  ['an array', `["${CANARY}"]`, 'invalid_json'],
  ['a string', `"${CANARY}"`, 'invalid_json'],
  ['null', 'null', 'invalid_json'],
  ['a number', '42', 'invalid_json'],
  [
    'a duplicate key',
    `{"model":"auto","model":"${CANARY}","messages":[{"role":"user","content":"x"}]}`,
    'invalid_json',
  ],
  [
    'a duplicate key deep inside',
    `{"messages":[{"role":"user","content":[{"type":"text","text":"a","text":"${CANARY}"}]}]}`,
    'invalid_json',
  ],
  [
    'a duplicate key in disguise',
    `{"messages":[{"role":"user","content":"a","\\u0063ontent":"${CANARY}"}]}`,
    'invalid_json',
  ],
  ['a duplicate __proto__', `{"__proto__":{"a":"${CANARY}"},"__proto__":{},"messages":[]}`, 'invalid_json'],
  [
    'another case of a routing key',
    `{"Messages":[{"role":"user","content":"${CANARY}"}],"messages":[{"role":"user","content":"x"}]}`,
    'invalid_value',
    'messages',
  ],
  [
    'another case of model',
    `{"MODEL":"${CANARY}","messages":[{"role":"user","content":"x"}]}`,
    'invalid_value',
    'model',
  ],
  [
    'invalid UTF-8',
    Buffer.concat([
      Buffer.from(`{"messages":[{"role":"user","content":"${CANARY}`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}]}'),
    ]),
    'invalid_json',
  ],
  ['a lone UTF-8 continuation', Buffer.from([0x7b, 0x80, 0x7d]), 'invalid_json'],
  ['UTF-16', Buffer.from(JSON.stringify(ask(CANARY)), 'utf16le'), 'invalid_json'],
  ['too deep a nest', deep(20), 'invalid_json'],
  ['a nest of brackets only', '['.repeat(100_000), 'invalid_json'],
  ['a nest of objects only', '{"a":'.repeat(20_000), 'invalid_json'],
  [
    'a stream that is no boolean',
    JSON.stringify(ask('x', { input: 'x', stream: CANARY })),
    'invalid_value',
    'stream',
  ],
  [
    'a model that is no string',
    JSON.stringify(ask('x', { input: 'x', model: [CANARY] })),
    'invalid_value',
    'model',
  ],
]

describe('a body that is broken', () => {
  for (const [what, body, code, param = null] of BROKEN) {
    for (const path of [CHAT, RESPONSES]) {
      test(`${what}, to ${path}`, async () => {
        const response = await fetch(router.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: typeof body === 'string' ? body : new Uint8Array(body),
        })
        const error = await assertError(response, 400, code)
        assert.equal(error.param, param)
      })
    }
  }

  const wrong: readonly (readonly [string, string, object, string, string])[] = [
    ['no messages', CHAT, { model: CANARY }, 'missing_required_parameter', 'messages'],
    ['null messages', CHAT, { messages: null }, 'missing_required_parameter', 'messages'],
    ['messages that are text', CHAT, { messages: CANARY }, 'invalid_value', 'messages'],
    ['a message that is text', CHAT, { messages: [CANARY] }, 'invalid_value', 'messages[0]'],
    [
      'a message without a role',
      CHAT,
      { messages: [{ content: CANARY }] },
      'missing_required_parameter',
      'messages[0].role',
    ],
    [
      'an unknown role',
      CHAT,
      { messages: [{ role: CANARY, content: 'x' }] },
      'invalid_value',
      'messages[0].role',
    ],
    [
      'content that is a number',
      CHAT,
      { messages: [{ role: 'user', content: 7 }] },
      'invalid_value',
      'messages[0].content',
    ],
    [
      'an image without an address',
      CHAT,
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: CANARY.length }] }] },
      'invalid_value',
      'messages[0].content[0].image_url',
    ],
    ['tools that are no list', CHAT, ask('x', { tools: CANARY }), 'invalid_value', 'tools'],
    ['a temperature in words', CHAT, ask('x', { temperature: CANARY }), 'invalid_value', 'temperature'],
    [
      'an unknown response format',
      CHAT,
      ask('x', { response_format: { type: CANARY } }),
      'invalid_value',
      'response_format.type',
    ],
    ['no input', RESPONSES, { model: CANARY }, 'missing_required_parameter', 'input'],
    ['an input that is a number', RESPONSES, { input: 7 }, 'invalid_value', 'input'],
    ['only unknown items', RESPONSES, { input: [{ type: CANARY }] }, 'invalid_value', 'input'],
  ]
  for (const [what, path, body, code, param] of wrong) {
    test(`${what}, to ${path}`, async () => {
      const error = await assertError(await router.post(path, body), 400, code)
      assert.equal(error.param, param)
    })
  }

  test('messages: [] is told apart from no messages', async () => {
    const response = await router.post(CHAT, { messages: [] })
    assert.equal(response.status, 400)
    assert.equal(((await response.json()) as Envelope).error.param, 'messages')
  })

  test('after all this nothing but the good requests has reached the backend', async () => {
    assert.equal(backend.received.length, 0)
    assert.equal((await router.post(CHAT, ask('hello'))).status, 200)
    assert.equal(backend.received.length, 1)
  })
})

describe('a body that is too large', () => {
  const large = JSON.stringify(ask(CANARY + 'x'.repeat(MAX_BYTES)))

  test('by its content-length: refused before it is read', async () => {
    const client = await openRaw(router.url)
    client.socket.write(
      `POST ${CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n`,
    )
    const answer = await client.untilClosed()
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.match(answer, /"code":"request_too_large"/)
    assert.match(answer, /connection: close/i)
  })

  test('by its content-length, sent whole: the client still reads the answer', async () => {
    for (let i = 0; i < 5; i++) await assertError(await router.post(CHAT, large), 413, 'request_too_large')
  })

  test('by its content-length and many megabytes long: the client still reads the answer', async () => {
    const huge = JSON.stringify(ask(CANARY + 'x'.repeat(20_000_000)))
    await assertError(await router.post(CHAT, huge), 413, 'request_too_large')
  })

  test('in chunks without a length', async () => {
    const pieces = (function* () {
      const bytes = new TextEncoder().encode(large)
      for (let i = 0; i < bytes.length; i += 10_000) yield bytes.subarray(i, i + 10_000)
    })()
    const response = await fetch(router.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ReadableStream.from(pieces),
      duplex: 'half',
    })
    await assertError(response, 413, 'request_too_large')
  })

  test('just within the limit it is taken', async () => {
    const room = MAX_BYTES - JSON.stringify(ask('')).length
    assert.equal((await router.post(CHAT, ask('x'.repeat(room)))).status, 200)
    await assertError(await router.post(CHAT, ask('x'.repeat(room + 1))), 413, 'request_too_large')
  })

  test('a body that does not come is not waited for', async () => {
    const client = await openRaw(router.url)
    const request = rawPost(CHAT, JSON.stringify(ask(CANARY)))
    client.socket.write(request.subarray(0, request.length - 3))
    const answer = await client.untilClosed()
    assert.match(answer, /^HTTP\/1\.1 408 /)
    assert.match(answer, /"code":"request_timeout"/)
    assertNoCanary(answer)
  })
})

describe('headers', () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    `text/${CANARY}`,
    '',
  ]) {
    test(`content type "${type}"`, async () => {
      const response = await router.post(CHAT, ask(CANARY), { 'content-type': type })
      await assertError(response, 415, 'unsupported_media_type')
    })
  }

  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    ' application/json ;charset=UTF-8',
  ]) {
    test(`content type "${type}" is JSON`, async () => {
      assert.equal((await router.post(CHAT, ask('hello'), { 'content-type': type })).status, 200)
    })
  }

  test('a compressed body', async () => {
    const response = await fetch(router.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(JSON.stringify(ask(CANARY)))),
    })
    await assertError(response, 415, 'unsupported_media_type')
  })

  test('an identity encoding is none', async () => {
    assert.equal((await router.post(CHAT, ask('hello'), { 'content-encoding': 'identity' })).status, 200)
  })
})

describe('paths and methods', () => {
  for (const path of [
    '/v1',
    `/v1/${CANARY}`,
    '/v1/chat/completions/',
    '/v1/images/generations',
    '//v1/models',
    '/v1/model',
    '/%',
    `/v1/chat%2fcompletions?${CANARY}`,
  ]) {
    test(`nothing at ${path}`, async () => {
      await assertError(await fetch(router.url + path), 404, 'not_found')
      await assertError(await router.post(path, ask(CANARY)), 404, 'not_found')
    })
  }

  for (const path of [CHAT, RESPONSES]) {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      test(`${method} ${path}`, async () => {
        const response = await fetch(router.url + path, { method })
        assert.equal(response.headers.get('allow'), 'POST')
        await assertError(response, 405, 'method_not_allowed')
      })
    }
  }

  for (const path of ['/v1/models', '/health', '/v1/metrics', '/metrics', '/v1/ab']) {
    test(`GET, HEAD and POST ${path}`, async () => {
      assert.equal((await fetch(router.url + path)).status, 200)
      const head = await fetch(router.url + path, { method: 'HEAD' })
      assert.equal(head.status, 200)
      assert.equal(await head.text(), '')
      const post = await router.post(path, ask(CANARY))
      assert.equal(post.headers.get('allow'), 'GET, HEAD')
      await assertError(post, 405, 'method_not_allowed')
    })
  }

  for (const [path, allow, ...methods] of [
    ['/api/show', 'POST', 'GET', 'PUT'],
    ['/api/tags', 'GET, HEAD', 'POST', 'DELETE'],
    ['/api/ps', 'GET, HEAD', 'POST'],
    ['/api/version', 'GET, HEAD', 'POST'],
    ['/v1/responses/resp_1', 'GET, HEAD, DELETE', 'POST', 'PUT'],
    ['/v1/responses/resp_1/input_items', 'GET, HEAD', 'POST', 'DELETE'],
    ['/v1/responses/resp_1/cancel', 'POST', 'GET'],
    ['/v1/responses/input_tokens', 'POST', 'GET', 'DELETE'],
  ] as const) {
    for (const method of methods) {
      test(`${method} ${path}`, async () => {
        const response = await fetch(router.url + path, { method })
        assert.equal(response.status, 405)
        assert.equal(response.headers.get('allow'), allow)
        const { error } = (await response.json()) as { error: string | { code: string } }
        if (typeof error === 'string') assert.equal(error, `This path takes ${allow}.`)
        else assert.equal(error.code, 'method_not_allowed')
      })
    }
  }

  test('an unknown path with a large body does not tie up the connection', async () => {
    await assertError(await router.post('/nowhere', ask('x'.repeat(5_000_000))), 404, 'not_found')
    assert.equal((await fetch(`${router.url}/health`)).status, 200)
  })

  for (const hours of ['0', '-1', '1.5', 'abc', CANARY, '99999', '']) {
    test(`hours=${hours}`, async () => {
      const error = await assertError(
        await fetch(`${router.url}/v1/metrics?hours=${hours}`),
        400,
        'invalid_value',
      )
      assert.equal(error.param, 'hours')
    })
  }
})

describe('whatever comes in', () => {
  /** Bounded, so that a hang shows as a failure here and not as a time-out of the run. */
  const send = (path: string, body: Uint8Array | string): Promise<Response> =>
    fetch(router.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body as Uint8Array<ArrayBuffer>,
      signal: AbortSignal.timeout(3_000),
    })

  const check = async (path: string, body: Uint8Array | string): Promise<void> => {
    const response = await send(path, body)
    const text = await response.text()
    assert.ok(
      response.status === 200 || (response.status >= 400 && response.status < 500),
      `${response.status} ${text}`,
    )
    if (response.status !== 200) assert.equal(typeof (JSON.parse(text) as Envelope).error.code, 'string')
    assert.deepEqual(router.defects, [])
  }
  const path = fc.constantFrom(CHAT, RESPONSES)

  test('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.uint8Array({ maxLength: 400 }), (where, bytes) => check(where, bytes)),
      { numRuns: 60 },
    )
  })

  test('random JSON', async () => {
    await fc.assert(
      fc.asyncProperty(path, fc.json(), (where, text) => check(where, text)),
      { numRuns: 60 },
    )
  })

  test('requests whose fields are random JSON', async () => {
    const field = fc.constantFrom(
      'messages',
      'input',
      'instructions',
      'tools',
      'tool_choice',
      'stream',
      'stream_options',
      'n',
      'stop',
      'max_tokens',
      'response_format',
      'text',
      'reasoning',
      'reasoning_effort',
      'metadata',
      'include',
      'previous_response_id',
      'store',
      'model',
    )
    const message = fc.record(
      {
        role: fc.constantFrom('user', 'assistant', 'system', 'tool', 'developer'),
        content: fc.jsonValue({ maxDepth: 4 }),
      },
      { requiredKeys: ['role'] },
    )
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.array(message, { maxLength: 3 }),
        fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
        (where, messages, more) => check(where, JSON.stringify({ messages, input: messages, ...more })),
      ),
      { numRuns: 150 },
    )
  })

  test('a good request with one byte changed', async () => {
    const good = Buffer.from(
      JSON.stringify(
        ask('hello there', { tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(good)
        bytes[at] = byte
        return check(CHAT, bytes)
      }),
      { numRuns: 100 },
    )
  })

  test('bytes that are no HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const client = await openRaw(router.url)
        client.socket.end(bytes)
        const answer = await client.untilClosed()
        assert.ok(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer)
      }),
      { numRuns: 20 },
    )
    assert.equal((await router.post(CHAT, ask('still there?'))).status, 200)
  })

  test('HEAD of a path that takes POST', async () => {
    const answer = await fetch(router.url + CHAT, { method: 'HEAD' })
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.get('allow'), 'POST')
    assert.deepEqual(router.defects, [])
  })

  test('JSON in another encoding than UTF-8', async () => {
    const type = { 'content-type': 'application/json; charset=utf-16' }
    assert.equal((await router.post(CHAT, ask('hello'), type)).status, 415)
    const utf8 = { 'content-type': 'application/json; charset="UTF-8"' }
    assert.equal((await router.post(CHAT, ask('hello'), utf8)).status, 200)
  })

  test('a misspelt mark of sensitivity does not fail open', async () => {
    for (const [mark, sensitivity] of [
      ['high', 'high'],
      ['"high"', 'high'],
      ['high;q=1', 'high'],
      ['yes', 'high'],
      ['normal', 'normal'],
      ['low', 'normal'],
    ] as const) {
      const answer = await router.post(CHAT, ask('hello'), { 'x-llr-sensitivity': mark })
      assert.equal(answer.headers.get('x-llr-sensitivity'), sensitivity, mark)
    }
  })

  test('bytes that are no HTTP get the envelope and a closed connection', async () => {
    for (const bytes of ['GARBAGE\r\n\r\n', `GET /health HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n`]) {
      const client = await openRaw(router.url)
      client.socket.write(bytes)
      const text = await client.untilClosed()
      assert.match(text, /^HTTP\/1\.1 400 /)
      const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { error: { code: string } }
      assert.equal(body.error.code, 'invalid_value')
    }
  })

  test('a Host that is none', async () => {
    for (const host of ['', ' ', 'a b', 'x:y:z', '[', 'ex@mple.com/evil?x#y']) {
      const client = await openRaw(router.url)
      const bytes = JSON.stringify(ask('hello'))
      client.socket.write(
        `POST ${CHAT} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes}`,
      )
      assert.match(await client.untilClosed(), /^HTTP\/1\.1 (200|4\d\d) /, host)
    }
    assert.deepEqual(router.defects, [])
  })
})
