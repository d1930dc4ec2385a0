/** Table B, backends that are hostile or broken beyond a fault of the line. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { startBackend, type Script } from '../support/backend.ts'
import type { Fault } from '../support/fault-proxy.ts'
import { policyEntry, startPlayedBackend } from '../support/faults/played-backend.ts'
import {
  assertFellBack,
  FIRST,
  NEXT,
  NO_BREAKER,
  PROTOCOL_NAMES,
  startFaulty,
} from '../support/faults/router-stage.ts'
import { assertAnswered } from '../support/protocols/compare.ts'
import { PROTOCOLS } from '../support/protocols/protocols.ts'
import { startRouter } from '../support/start-router.ts'

const turns = [{ role: 'user', text: 'Hello' }] as const

/** Answers probes like a healthy server. */
function to(answer: (response: ServerResponse, stream: boolean) => void): Script {
  return ({ method, body }, response) => {
    if (method === 'GET') response.writeHead(200).end('{"object":"list","data":[]}')
    else answer(response, body['stream'] === true)
  }
}

for (const code of [301, 302, 307, 308]) {
  test(`B 10: a redirect (${code}) is an error and is followed to nowhere`, async (t) => {
    const elsewhere = await startPlayedBackend('chat', FIRST)
    const first = await startBackend(
      to((response) => {
        response.writeHead(code, { location: `${elsewhere.origin}/v1/chat/completions` }).end()
      }),
    )
    const next = await startPlayedBackend('messages', NEXT)
    const router = await startRouter(`backends:
${policyEntry('first', 'chat', first.origin)}
${policyEntry('next', 'messages', next.origin)}
routes: [{ default: first, fallback: next }]
${NO_BREAKER}`)
    t.after(async () => {
      for (const part of [router, first, next, elsewhere]) await part.close()
    })
    for (const stream of [true, false]) {
      assertFellBack(await PROTOCOLS.chat.ask(router.url, { turns, stream }), { router })
      const alone = await PROTOCOLS.chat.ask(router.url, { turns, stream, model: 'first' })
      assert.ok(alone.status >= 500, String(alone.status))
      assert.ok(!alone.raw.includes(elsewhere.origin))
    }
    assert.deepEqual(elsewhere.seen, [])
  })
}

/** 200 MB of zeros are 200 kB. */
const bomb = gzipSync(Buffer.alloc(200_000_000, ' '), { level: 9 })

for (const [name, encoding] of [
  ['a compressed answer of 200 MB', 'gzip'],
  ['a thousand encodings', Array.from({ length: 1_000 }, () => 'gzip').join(', ')],
] as const) {
  test(`B 17: ${name} is not unpacked: identity was asked for, anything else is an error`, async (t) => {
    const first = await startBackend(
      to((response, stream) => {
        const type = stream ? 'text/event-stream' : 'application/json'
        response.writeHead(200, { 'content-type': type, 'content-encoding': encoding }).end(bomb)
      }),
    )
    const next = await startPlayedBackend('messages', NEXT)
    const router = await startRouter(`backends:
${policyEntry('first', 'chat', first.origin)}
${policyEntry('next', 'messages', next.origin)}
routes: [{ default: first, fallback: next }]
${NO_BREAKER}`)
    t.after(async () => {
      for (const part of [router, first, next]) await part.close()
    })
    const before = process.memoryUsage.rss()
    for (const stream of [true, false]) {
      assertFellBack(await PROTOCOLS.chat.ask(router.url, { turns, stream }), { router })
    }
    assert.equal(first.received[0]?.headers['accept-encoding'], 'identity')
    const grownMb = (process.memoryUsage.rss() - before) / 1e6
    assert.ok(grownMb < 100, `${grownMb} MB`)
  })
}

const TOO_MUCH: readonly (readonly [string, readonly Fault[], 'streamed' | 'buffered'])[] = [
  ['a whole answer without an end', [{ kind: 'flood', bytes: Infinity }], 'buffered'],
  ['one line without an end', [{ kind: 'oversized', afterEvents: 0, bytes: Infinity }], 'streamed'],
  ['comments without an end', [{ kind: 'flood', bytes: Infinity }], 'streamed'],
  ['ten thousand headers', [{ kind: 'headers', count: 10_000 }], 'buffered'],
  ['ten thousand headers', [{ kind: 'headers', count: 10_000 }], 'streamed'],
  [
    'an error body without an end',
    [
      { kind: 'status', statuses: [500] },
      { kind: 'flood', bytes: Infinity },
    ],
    'buffered',
  ],
  [
    'an error body without an end',
    [
      { kind: 'status', statuses: [500] },
      { kind: 'flood', bytes: Infinity },
    ],
    'streamed',
  ],
]

for (const [name, faults, form] of TOO_MUCH) {
  test(`B 37: ${name}, ${form}: bounded in bytes and memory, and the next target answers`, async (t) => {
    const faulty = await startFaulty(t, { faults, more: 'timeouts: { firstTokenMs: 1500, totalMs: 6000 }' })
    const before = process.memoryUsage.rss()
    assertFellBack(await faulty.ask('chat', form === 'streamed'), faulty)
    const { bytesOut } = faulty.proxy.counters()
    const grownMb = (process.memoryUsage.rss() - before) / 1e6
    if (name !== 'comments without an end') assert.ok(bytesOut < 90_000_000, `${bytesOut} bytes were taken`)
    assert.ok(grownMb < 400, `${grownMb} MB`)
  })
}

test('B 37: headers and cookies of a backend stay with the router', async (t) => {
  const faulty = await startFaulty(t, { faults: [{ kind: 'headers', count: 20 }], alone: true })
  for (const stream of [true, false]) {
    const { headers, text } = await faulty.ask('chat', stream)
    assert.equal(text, FIRST.text.join(''))
    assert.equal(headers.get('set-cookie'), null)
    assert.equal(headers.get('x-more-2'), null)
  }
})

const HOSTILE = [
  'data: [DONE]',
  '\n\ndata: [DONE]\n\n',
  '\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  '<script>alert(1)</script>',
  'event: error\ndata: {}',
  '"}],"finish_reason":"stop"',
  '\\u0000\u0000',
  '\u2028\u2029\uFEFF',
  '{"done":true}\n',
]

test('B 38: what looks like framing or HTML in an answer is text like any other, in every protocol', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  )
  // A text of white space alone has no form in some protocols: Messages refuses such a block.
  const pieces = fc
    .array(piece, { minLength: 1, maxLength: 4 })
    .filter((texts) => texts.join('').trim() !== '')
  for (const protocol of PROTOCOL_NAMES) {
    const faulty = await startFaulty(t, { protocol, alone: true })
    await fc.assert(
      fc.asyncProperty(
        pieces,
        fc.constantFrom(...PROTOCOL_NAMES),
        fc.boolean(),
        async (text, client, stream) => {
          faulty.first.answer({ ...FIRST, text })
          const answered = await faulty.ask(client, stream)
          assert.equal(answered.text, text.join(''), answered.raw)
          assert.equal(answered.terminated, true)
          if (!stream) assertAnswered(answered, { ...FIRST, text }, [PROTOCOLS[client], PROTOCOLS[protocol]])
        },
      ),
      { numRuns: 25 },
    )
    assert.deepEqual(faulty.router.defects, [])
  }
})
