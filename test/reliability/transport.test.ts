/** Table A, connections that fail while they are in use, before and behind the first content. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendJson, startBackend } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { policyEntry, startPlayedBackend } from '../support/faults/played-backend.ts'
import {
  AMID,
  assertBrokenOff,
  assertFellBack,
  FIRST,
  NEXT,
  PROTOCOL_NAMES,
  startFaulty,
} from '../support/faults/router-stage.ts'
import { PROTOCOLS } from '../support/protocols/protocols.ts'
import { startRouter } from '../support/start-router.ts'

const FORMS = [
  [true, 'streamed'],
  [false, 'buffered'],
] as const
const SHORT = 'timeouts: { firstTokenMs: 150, totalMs: 150, idleMs: 150 }'

for (const [stream, form] of FORMS) {
  test(`A 05: accepted and never answered: the next target after the limit, the socket is given up, ${form}`, async (t) => {
    const faulty = await startFaulty(t, { faults: [{ kind: 'blackhole' }], more: SHORT })
    const startedAtMs = performance.now()
    assertFellBack(await faulty.ask('chat', stream), faulty)
    const tookMs = performance.now() - startedAtMs
    assert.ok(tookMs >= 148 && tookMs < 2_000, `${tookMs} ms`)
    assert.equal(faulty.first.received.length, 0)
    await eventually('the silent connection is closed', () =>
      faulty.proxy.exchanges.some(({ end }) => end === 'silence'),
    )
  })

  test(`A 06: status 200 and then silence commits to nothing: the next target answers, ${form}`, async (t) => {
    for (const protocol of PROTOCOL_NAMES) {
      const faults = [{ kind: 'blackhole', afterBytes: 0 }] as const
      const faulty = await startFaulty(t, { protocol, faults, more: SHORT })
      assertFellBack(await faulty.ask(protocol, stream), faulty)
      await eventually('the silent connection is closed', () => faulty.proxy.exchanges.length === 1)
    }
  })
}

for (const protocol of PROTOCOL_NAMES) {
  test(`A 07: status 200 with an error as the first event: one clean answer of the next target, ${protocol}`, async (t) => {
    const { server } = PROTOCOLS[protocol]
    const first = await startBackend(({ method, body, path }, response) => {
      const fact = server.facts[path]
      if (method !== 'POST' || fact !== undefined) return sendJson(response, 200, fact ?? {})
      response.writeHead(200, { 'content-type': server.streamType }).end(server.failed(0, body))
    })
    const next = await startPlayedBackend('chat', NEXT)
    const router = await startRouter(`backends:
${policyEntry('first', protocol, first.origin)}
${policyEntry('next', 'chat', next.origin)}
routes: [{ default: first, fallback: next }]`)
    t.after(async () => {
      for (const part of [router, first, next]) await part.close()
    })
    for (const client of PROTOCOL_NAMES.slice(0, 2)) {
      const turns = [{ role: 'user', text: 'Hello' }] as const
      assertFellBack(await PROTOCOLS[client].ask(router.url, { turns, stream: true }), { router })
    }
  })

  test(`A 08: an envelope without content and then an error: nothing of it reaches the client, ${protocol}`, async (t) => {
    const faulty = await startFaulty(t, { protocol, answer: { ...FIRST, failure: 'early' } })
    assertFellBack(await faulty.ask(protocol, true), faulty)
    assert.equal(faulty.first.received.length, 1)
  })

  test(`A 09: a stall in mid-stream ends in an error, without a clean end and without a new start, ${protocol}`, async (t) => {
    const faults = [{ kind: 'blackhole', afterEvents: AMID[protocol] }] as const
    const faulty = await startFaulty(t, { protocol, faults, more: SHORT.replace('150', '5000') })
    const [answered, inChat] = [await faulty.ask(protocol, true), await faulty.ask('chat', true)]
    assertBrokenOff(answered, faulty, null)
    assertBrokenOff(inChat, faulty, 'upstream_timeout')
    await eventually('both connections are closed', () => faulty.proxy.exchanges.length === 2)
  })

  test(`A 11: a reset in mid-stream ends in an error and counts as a failure of the backend, ${protocol}`, async (t) => {
    const faults = [
      { kind: 'bandwidth', bytesPerSecond: 20_000 },
      { kind: 'reset', afterEvents: 30 },
    ] as const
    const answer = { ...FIRST, text: Array.from({ length: 60 }, (_, i) => (i === 0 ? 'One ' : `${i} `)) }
    const faulty = await startFaulty(t, { protocol, faults, answer })
    const answered = await faulty.ask('chat', true)
    assert.ok(answered.text.startsWith('One '), answered.raw)
    assert.equal(answered.terminated, false)
    assert.equal(answered.error?.code, 'upstream_truncated')
    assert.equal(faulty.next.received.length, 0)
    const metrics = await (await fetch(`${faulty.router.url}/metrics`)).text()
    assert.match(metrics, /^llr_attempts_total\{backend="first",result="failure"\} 1$/m)
    assert.deepEqual(faulty.router.defects, [])
  })

  for (const [whole, ending] of [
    [1, 'a whole HTTP body'],
    [0, 'a FIN'],
  ] as const) {
    test(`A 12: a stream that ends too early with ${ending} is told as broken, ${protocol}`, async (t) => {
      const faults = [{ kind: 'truncate', whole, afterEvents: AMID[protocol] }] as const
      const faulty = await startFaulty(t, { protocol, faults })
      assertBrokenOff(await faulty.ask('chat', true), faulty, 'upstream_truncated')
      assertBrokenOff(await faulty.ask(protocol, true), faulty, null)
    })
  }
}

test('A 53: an answer that nobody asked for is thrown away with its connection, and no answer moves by one', async (t) => {
  for (const afterMs of [0, 15]) {
    const faulty = await startFaulty(t, { faults: [{ kind: 'unsolicited', afterMs }], alone: true })
    for (let i = 0; i < 6; i++) {
      const stream = i % 2 === 0
      const text = `Answer number ${i}.`
      faulty.first.answer({ ...FIRST, text: [text] })
      const answered = await faulty.ask('chat', stream)
      assert.equal(answered.text, text, answered.raw)
      await new Promise((resolve) => setTimeout(resolve, afterMs * 2))
    }
    // A connection that spoke out of turn is not used again.
    const connections = faulty.proxy.exchanges
    assert.equal(new Set(connections.map(({ connection }) => connection)).size, connections.length)
    assert.deepEqual(faulty.router.defects, [])
  }
})
