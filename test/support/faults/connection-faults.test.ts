/** What the proxy does to connections, over real sockets: every fault that does not look into the body. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { closedPort } from '../backend.ts'
import { eventually } from '../eventually.ts'
import { startFaultProxy } from '../fault-proxy.ts'
import { openRaw, rawPost } from '../raw.ts'
import { EVENTS, startProxyStage } from './proxy-stage.ts'

const LAST_CHUNK = '\r\n0\r\n\r\n'

describe('the fault proxy', () => {
  test('without faults passes requests and answers on as they are', async (t) => {
    const { ask, backend, proxy } = await startProxyStage(t)
    const whole = await ask('/whole')
    assert.equal(whole.body, '{"path":"/whole","answer":"whole"}')
    assert.match(whole.text, /content-length: 34/)
    assert.equal(whole.end, 'fin')
    const streamed = await ask('/stream')
    assert.equal(streamed.body, EVENTS.join(''))
    assert.ok(streamed.text.endsWith(LAST_CHUNK))
    assert.deepEqual(
      backend.received.map(({ path }) => path),
      ['/whole', '/stream'],
    )
    assert.equal(backend.received[0]?.text, '{}')
    await eventually('both are closed', () => proxy.counters().open === 0)
    const { connections, requests, bytesIn, bytesOut } = proxy.counters()
    assert.deepEqual([connections, requests], [2, 2])
    assert.equal(bytesOut, Buffer.byteLength(whole.text + streamed.text))
    assert.ok(bytesIn > 200)
    assert.deepEqual(
      proxy.exchanges.map(({ connection, request, status, end }) => [connection, request, status, end]),
      [
        [1, 1, 200, 'whole'],
        [2, 2, 200, 'whole'],
      ],
    )
  })

  test('keeps connections alive, takes requests in pieces, in chunks and several at once', async (t) => {
    const { proxy } = await startProxyStage(t)
    const client = await openRaw(proxy.origin)
    const chunked = 'POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'
    for (const byte of rawPost('/a', '{"a":1}')) client.socket.write(Buffer.from([byte]))
    client.socket.write(Buffer.concat([rawPost('/b', '{}'), Buffer.from(chunked)]))
    await client.until('"path":"/c"')
    assert.deepEqual(
      [...client.text().matchAll(/"path":"(.*?)"/g)].map(([, path]) => path),
      ['/a', '/b', '/c'],
    )
    assert.equal(proxy.counters().connections, 1)
    client.leave()
  })

  test('spares probes, and can be told what else to spare', async (t) => {
    const { backend, proxy } = await startProxyStage(t, { kind: 'reset' })
    assert.equal((await fetch(`${proxy.origin}/v1/models`)).status, 200)
    assert.equal(proxy.counters().requests, 0)
    const strict = await startFaultProxy({
      upstream: backend.origin,
      faults: [{ kind: 'status', statuses: [503] }],
      spares: () => false,
    })
    t.after(() => strict.close())
    assert.equal((await fetch(`${strict.origin}/v1/models`)).status, 503)
  })

  test('in front of nothing resets', async (t) => {
    const proxy = await startFaultProxy({ upstream: `http://127.0.0.1:${await closedPort()}` })
    t.after(() => proxy.close())
    await assert.rejects(fetch(proxy.origin, { method: 'POST' }))
    assert.equal(proxy.exchanges[0]?.end, 'reset')
  })

  test('changes its faults while it runs', async (t) => {
    const { ask, proxy } = await startProxyStage(t)
    assert.equal((await ask('/whole')).end, 'fin')
    proxy.set({ kind: 'reset' })
    assert.equal((await ask('/whole')).end, 'reset')
    proxy.set()
    assert.equal((await ask('/whole')).end, 'fin')
    assert.deepEqual(
      proxy.exchanges.map(({ faults }) => faults),
      [[], ['reset'], []],
    )
  })
})

describe('a fault of the connection', () => {
  test('latency: the answer begins late', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'latency', ms: 80, jitterMs: 20 })
    const seen = await ask('/whole')
    assert.ok(seen.tookMs >= 78, String(seen.tookMs))
    assert.equal(seen.body, '{"path":"/whole","answer":"whole"}')
  })

  test('bandwidth: the answer takes its time', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'bandwidth', bytesPerSecond: 2_000 })
    const seen = await ask('/stream')
    assert.equal(seen.body, EVENTS.join(''))
    assert.ok(seen.tookMs >= (seen.text.length / 2_000) * 1_000 * 0.8, String(seen.tookMs))
  })

  test('slow headers: they come byte by byte', async (t) => {
    const { ask } = await startProxyStage(t, { kind: 'slow-headers', byteMs: 1 })
    const seen = await ask('/whole')
    assert.ok(seen.segments.length > 40, String(seen.segments.length))
    assert.equal(seen.body, '{"path":"/whole","answer":"whole"}')
  })

  test('reset: instead of the answer, behind bytes, behind events, at a time', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'reset' })
    assert.deepEqual([(await ask('/stream')).text, (await ask('/whole')).end], ['', 'reset'])
    // What was sent just before an RST may be lost with it, so the client counts only that it came.
    proxy.set({ kind: 'reset', afterBytes: 20 })
    const behindBytes = await ask('/whole')
    assert.equal(behindBytes.end, 'reset')
    assert.ok(behindBytes.body.length <= 20)
    proxy.set({ kind: 'reset', afterEvents: 2 })
    const behindEvents = await ask('/stream')
    assert.equal(behindEvents.end, 'reset')
    assert.ok(EVENTS.slice(0, 2).join('').startsWith(behindEvents.body))
    proxy.set({ kind: 'latency', ms: 5_000 }, { kind: 'reset', afterMs: 50 })
    const atATime = await ask('/stream')
    assert.equal(atATime.end, 'reset')
    assert.ok(atATime.tookMs >= 48 && atATime.tookMs < 2_000, String(atATime.tookMs))
  })

  test('blackhole: nothing comes, or nothing more, and the connection stays open', async (t) => {
    const { proxy } = await startProxyStage(t, { kind: 'blackhole' })
    const client = await openRaw(proxy.origin)
    client.socket.write(rawPost('/stream', '{}'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(client.text(), '')
    assert.equal(client.socket.destroyed, false)
    client.leave()
    for (const [fault, body] of [
      [{ kind: 'blackhole', afterBytes: 0 }, ''],
      [{ kind: 'blackhole', afterBytes: 35 }, EVENTS.join('').slice(0, 35)],
      [{ kind: 'blackhole', afterEvents: 2 }, EVENTS.slice(0, 2).join('')],
    ] as const) {
      proxy.set(fault)
      const client = await openRaw(proxy.origin)
      client.socket.write(rawPost('/stream', '{}'))
      await client.until('\r\n\r\n')
      await new Promise((resolve) => setTimeout(resolve, 30))
      const [, ...rest] = client.text().split('\r\n\r\n')
      const came = rest.join('').replaceAll(/[0-9a-f]+\r\n|\r\n/g, '')
      assert.equal(came, body)
      client.leave()
    }
    await eventually('the proxy sees that they left', () => proxy.counters().open === 0)
    await eventually('and has reported it', () => proxy.exchanges.length === 4)
    assert.ok(proxy.exchanges.every(({ end }) => end === 'silence'))
  })

  test('truncate: a FIN behind what came so far, or a body that only looks whole', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'truncate', afterEvents: 2 })
    const cut = await ask('/stream', () => false)
    assert.equal(cut.body, EVENTS.slice(0, 2).join(''))
    assert.equal(cut.end, 'fin')
    assert.ok(!cut.text.endsWith(LAST_CHUNK))
    proxy.set({ kind: 'truncate', afterEvents: 2, whole: 1 })
    const ended = await ask('/stream', (text) => text.endsWith(LAST_CHUNK))
    assert.equal(ended.body, EVENTS.slice(0, 2).join(''))
    assert.equal(ended.end, 'open')
    proxy.set({ kind: 'truncate', afterBytes: 10, whole: 1 })
    assert.equal((await ask('/whole')).body, '{"path":"/')
    proxy.set({ kind: 'truncate' })
    assert.equal((await ask('/whole', () => false)).text, '')
  })

  test('slice: the same bytes in other pieces, the same pieces for the same seed', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'slice', most: 1 })
    const single = await ask('/stream')
    assert.equal(single.body, EVENTS.join(''))
    assert.ok(single.segments.length > 100, String(single.segments.length))
    proxy.set({ kind: 'slice', most: 9 })
    assert.equal((await ask('/stream')).body, EVENTS.join(''))
  })

  test('status: a storm strikes some of the requests, each as the seed says', async (t) => {
    const fault = { kind: 'status', statuses: [500, 503], retryAfter: '7', percent: 50 } as const
    const { ask, proxy, backend } = await startProxyStage(t, fault)
    for (let i = 0; i < 20; i++) await ask('/whole')
    const first = proxy.exchanges.map(({ status }) => status)
    assert.deepEqual(new Set(first), new Set([200, 500, 503]))
    assert.equal(backend.received.length, first.filter((status) => status === 200).length)
    const again = await startProxyStage(t, fault)
    for (let i = 0; i < 20; i++) await again.ask('/whole')
    assert.deepEqual(
      again.proxy.exchanges.map(({ status }) => status),
      first,
    )
    proxy.set({ ...fault, percent: 100 })
    const seen = await ask('/whole')
    assert.match(seen.text, /^HTTP\/1.1 50[03] .*\r\nretry-after: 7\r\n/s)
  })

  test('unsolicited: a second answer behind the first, at once or later', async (t) => {
    const { ask, proxy } = await startProxyStage(t, { kind: 'unsolicited' })
    const answers = (text: string): number => text.split('HTTP/1.1 200').length - 1
    for (const afterMs of [0, 30]) {
      proxy.set({ kind: 'unsolicited', afterMs })
      const seen = await ask('/whole', (text) => text.includes('nobody asked for this'))
      assert.equal(answers(seen.text), 2)
      assert.ok(seen.tookMs >= afterMs - 2)
    }
  })
})
