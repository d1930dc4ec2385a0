/** Table A, clients that leave, close half of their connection, or take nothing of what they asked for. */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Script } from '../support/backend.ts'
import { FINE, ONE_SLOT, startCast } from '../support/cast.ts'
import { eventually } from '../support/eventually.ts'
import { chunk, hang, ROLE, stallAfter } from '../support/failing.ts'
import { openRaw, rawPost, type RawClient } from '../support/raw.ts'
import { ask as askBody } from '../support/start-router.ts'

/** A request by hand, of a client that can leave. */
async function send(url: string, stream: boolean, content = 'Hello', reads = true): Promise<RawClient> {
  const client = await openRaw(url)
  if (!reads) client.socket.pause()
  client.socket.write(rawPost('/v1/chat/completions', JSON.stringify(askBody(content, { stream }))))
  return client
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What is in use, not what is yet to be collected. */
function heldBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Loaded machines are slow; what is asked for is 100 ms. */
const SOON_MS = 100 + 150

async function within(what: string, happens: Promise<unknown>): Promise<void> {
  const startedMs = performance.now()
  await happens
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs <= SOON_MS, `${what}: ${tookMs} ms`)
}

const amid = stallAfter(ROLE, chunk({ content: 'One ' }))

describe('reliability: clients that leave', { concurrency: 2 }, () => {
  for (const stream of [true, false]) {
    const form = stream ? 'streamed' : 'buffered'
    test(`A 28: a client that leaves before the first byte ends the call, ${form}`, async (t) => {
      const { router, backends } = await startCast(t, { only: { script: hang }, next: { script: FINE } })
      const client = await send(router.url, stream)
      await backends.only.nextRequest()
      client.leave()
      await within('the call ended', backends.only.untilAborted(1))
      await pause(50)
      assert.equal(backends.next.received.length, 0, 'nobody else was asked for it')
      assert.deepEqual(router.defects, [])
    })

    test(`A 28: a client that leaves in the queue is taken out, and nothing is sent for it, ${form}`, async (t) => {
      const { router, backends, ask } = await startCast(t, { only: { script: hang, more: ONE_SLOT } })
      const first = await send(router.url, stream, 'first')
      await backends.only.nextRequest()
      const waiting = [await send(router.url, stream, 'gone'), await send(router.url, stream, 'gone')]
      // Four may wait; these two take no place any more.
      await pause(50)
      for (const client of waiting) client.leave()
      await pause(50)
      const stay = Array.from({ length: 4 }, () => ask({ messages: [{ role: 'user', content: 'stays' }] }))
      await pause(50)
      backends.only.script(FINE)
      first.leave()
      for (const asked of await Promise.all(stay)) assert.equal(asked.status, 200, asked.text)
      assert.ok(backends.only.received.every(({ text }) => !text.includes('gone')))
      assert.equal(backends.only.received.length, 5)
    })

    test(`A 29: a client that leaves amid its answer frees the slot, and the next one goes in, ${form}`, async (t) => {
      const script: Script = stream ? amid : hang
      const { router, backends } = await startCast(t, { only: { script, more: ONE_SLOT } })
      for (let round = 1; round <= 5; round++) {
        const client = await send(router.url, stream)
        await backends.only.nextRequest()
        if (stream) await client.until('One ')
        const waiting = await send(router.url, stream)
        await pause(30)
        client.leave()
        await within('the next one went in', backends.only.nextRequest())
        await within('the call ended', backends.only.untilAborted(2 * round - 1))
        waiting.leave()
        await backends.only.untilAborted(2 * round)
      }
      assert.deepEqual(router.defects, [])
    })
  }

  test('A 28: a client that leaves between two tries: there is no second one', async (t) => {
    const script: Script = (request, response) => {
      if (request.method === 'GET') return FINE(request, response)
      response.writeHead(429, { 'retry-after': '1' }).end('{}')
    }
    const { router, backends } = await startCast(t, { only: { script } })
    const client = await send(router.url, false)
    await backends.only.nextRequest()
    await pause(100)
    client.leave()
    await pause(1_300)
    assert.equal(backends.only.received.length, 1)
    const metrics = await (await fetch(`${router.url}/metrics`)).text()
    assert.match(metrics, /llr_requests_total\{[^}]*result="aborted"\} 1/)
  })

  test('A 30: a client that closes its sending half is taken as gone, and the call ends', async (t) => {
    const { router, backends } = await startCast(t, { only: { script: amid } })
    const client = await send(router.url, true)
    await client.until('One ')
    client.socket.end()
    await within('the call ended', backends.only.untilAborted(1))
    const text = await client.untilClosed()
    assert.ok(!text.includes('[DONE]'))
    assert.deepEqual(router.defects, [])
  })

  test('A 30: also while it waits for a whole answer', async (t) => {
    const { router, backends } = await startCast(t, { only: { script: hang } })
    const client = await send(router.url, false)
    await backends.only.nextRequest()
    client.socket.end()
    await within('the call ended', backends.only.untilAborted(1))
    await client.untilClosed()
  })
})

// One at a time: they measure the memory of this process.
describe('reliability: clients that do not read', () => {
  test('A 31: clients that never read: memory is bounded, the backend is paused, and it ends at the limit', async (t) => {
    const CLIENTS = 24
    const PIECE = chunk({ content: 'x'.repeat(8_192) })
    const MOST = 60_000_000
    let written = 0
    let paused = 0
    const endless: Script = async (request, response) => {
      if (request.method === 'GET') return FINE(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(ROLE)
      for (let bytes = 0; bytes < MOST && !response.destroyed; bytes += PIECE.length) {
        written += PIECE.length
        if (response.write(PIECE)) continue
        paused++
        await new Promise<void>((resolve) => {
          const done = (): void => {
            response.off('drain', done).off('close', done)
            resolve()
          }
          response.on('drain', done).on('close', done)
        })
        paused--
      }
    }
    const more = 'admission: { enabled: false }, timeouts: { clientStallMs: 4000 }'
    const { router, backends } = await startCast(t, { only: { script: endless, more } })
    const clients: RawClient[] = []
    const fill = async (count: number): Promise<number> => {
      while (clients.length < count) clients.push(await send(router.url, true, 'Hello', false))
      await eventually('all are paused', () => paused === count, 10_000)
      await pause(200)
      // Buffers are given back a moment after they were found to be unused.
      heldBytes()
      await pause(200)
      return heldBytes()
    }
    // The first ones pay for what there is once.
    const few = 8
    const before = await fill(few)
    const grown = ((await fill(CLIENTS)) - before) / (CLIENTS - few)
    // Those of both connections of a stream: the backend and the client of this test are in this process too.
    assert.ok(grown < 1_000_000, `${grown} bytes each`)
    const first = written
    await pause(300)
    assert.ok(written - first < 0.1 * first, 'nothing moves')
    // What is on its way fills the buffers of the kernel, and no more.
    assert.ok(written / CLIENTS < 16_000_000, `${written / CLIENTS} bytes each`)
    await backends.only.untilAborted(CLIENTS)
    for (const { socket } of clients) socket.resume()
    for (const client of clients) assert.ok(!(await client.untilClosed()).includes('[DONE]'))
    assert.deepEqual(router.defects, [])
  })

  test('A 31: a client that reads slowly but does read is not cut off', async (t) => {
    const words = Array.from({ length: 120 }, () => chunk({ content: 'x'.repeat(65_536) }))
    const script: Script = (request, response) => {
      if (request.method === 'GET') return FINE(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end([ROLE, ...words, chunk({}, 'stop'), 'data: [DONE]\n\n'].join(''))
    }
    const more = 'admission: { enabled: false }, timeouts: { clientStallMs: 500 }'
    const { router } = await startCast(t, { only: { script, more } })
    const client = await send(router.url, true)
    const breathe = setInterval(() => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 150)
    }, 200)
    try {
      await client.until('[DONE]')
    } finally {
      clearInterval(breathe)
      client.leave()
    }
  })
})
