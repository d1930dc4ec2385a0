/** One call: who ends it, in which phase it was, and that it ends once. Sockets are real, the clock is the test's. */
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { closedPort } from '../../test/support/backend.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { RouterError } from '../errors.ts'
import { createBackend } from './backend.ts'
import { startCall, type CallFailure } from './transport.ts'

interface Ending {
  readonly failure: CallFailure | null
  readonly status: number
  readonly text: string
}

/** A server that answers a connection with bytes, or not at all; `port` 0 picks one. */
async function serve(t: TestContext, onData: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).once('data', () => onData(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function call(t: TestContext, endpoint: string, more: { readonly attest?: 'local' } = {}) {
  const clock = createManualClock()
  const connection = {
    type: 'openai-compatible',
    endpoint,
    timeouts: { connectMs: 60_000 },
    ...more,
  } as const
  const backend = createBackend({ name: 'b', connection, policyTimeouts: {}, env: {} }, null)
  t.after(() => backend.pool.destroy())
  const { promise, resolve } = Promise.withResolvers<Ending>()
  let status = 0
  let text = ''
  let endings = 0
  const finish = (failure: CallFailure | null): void => {
    endings++
    resolve({ failure, status, text })
  }
  const running = startCall(
    { backend, method: 'POST', protocol: 'chat', path: '/x', body: '{}' },
    {
      onResponse: (code) => {
        status = code
      },
      onData: (chunk) => {
        text += chunk.toString()
      },
      onEnd: () => finish(null),
      onFailure: finish,
    },
    clock,
  )
  return { clock, running, ending: promise, endings: () => endings }
}

describe('a call', () => {
  test('that is answered', async (t) => {
    const port = await serve(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'))
    const { ending, clock } = call(t, `http://127.0.0.1:${port}`)
    assert.deepEqual(await ending, { failure: null, status: 200, text: 'hi' })
    assert.equal(clock.pending(), 0)
  })

  test('whose server says 103 first', async (t) => {
    const port = await serve(t, (socket) =>
      socket.end(
        'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      ),
    )
    const { status, failure } = await call(t, `http://127.0.0.1:${port}`).ending
    assert.equal(failure, null)
    assert.equal(status, 200)
  })

  test('whose connection is not accepted in time', async (t) => {
    // TEST-NET-2: no packet comes back, as from a host behind a firewall; no real time is waited.
    const { clock, ending, endings } = call(t, 'http://198.51.100.1:9')
    clock.advance(59_999)
    assert.equal(endings(), 0)
    clock.advance(1)
    const { failure } = await ending
    assert.equal(failure?.phase, 'connect')
    assert.equal(failure?.error.code, 'backend_unavailable')
    assert.equal(endings(), 1)
  })

  for (const [what, onData, phase, code] of [
    ['closes before an answer', (socket: Socket) => socket.destroy(), 'before-response', 'upstream_error'],
    ['ends before an answer', (socket: Socket) => socket.end(), 'before-response', 'upstream_error'],
    ['resets', (socket: Socket) => socket.resetAndDestroy(), 'before-response', 'upstream_error'],
    [
      'answers in another protocol',
      (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n'),
      'before-response',
      'upstream_error',
    ],
    [
      'cuts its answer',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi'),
      'response',
      'upstream_truncated',
    ],
    [
      'cuts its chunks',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n'),
      'response',
      'upstream_truncated',
    ],
    [
      'sends a broken chunk',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n'),
      'response',
      'upstream_truncated',
    ],
  ] as const) {
    test(`whose server ${what}: ${phase}`, async (t) => {
      const port = await serve(t, (socket) => void onData(socket))
      const { ending, clock } = call(t, `http://127.0.0.1:${port}`)
      const { failure } = await ending
      assert.equal(failure?.phase, phase)
      assert.equal(failure?.error.code, code)
      assert.match(failure?.error.message ?? '', /^Backend "b" .* \((?:[A-Z0-9_]+|unknown cause)\)\.$/)
      assert.ok(!failure?.error.message.includes('127.0.0.1'))
      assert.equal(clock.pending(), 0)
    })
  }

  test('to a port where nothing listens', async (t) => {
    const { failure } = await call(t, `http://127.0.0.1:${await closedPort()}`).ending
    assert.equal(failure?.phase, 'connect')
    assert.match(failure?.error.message ?? '', /cannot be reached \(ECONNREFUSED\)/)
  })

  test('to a name that is none', async (t) => {
    const { failure } = await call(t, 'http://no-such-host.invalid').ending
    assert.equal(failure?.phase, 'connect')
    assert.equal(failure?.error.code, 'backend_unavailable')
  })

  test('that is given up before it is connected ends at once, and once', async (t) => {
    const { running, ending, endings, clock } = call(t, 'http://198.51.100.1:9')
    running.abort(new RouterError('client_closed_request', 'gone'))
    running.abort(new RouterError('upstream_timeout', 'late'))
    assert.equal((await ending).failure?.error.code, 'client_closed_request')
    clock.advance(60_000)
    assert.equal(endings(), 1)
    running.pause()
    running.resume()
  })

  test('that is given up while it is answered closes its connection', async (t) => {
    const closed = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const port = await serve(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi')
      socket.once('close', () => closed.resolve())
      answered.resolve()
    })
    const { running, ending, endings } = call(t, `http://127.0.0.1:${port}`)
    await answered.promise
    running.abort(new RouterError('client_closed_request', 'gone'))
    assert.equal((await ending).failure?.error.code, 'client_closed_request')
    await closed.promise
    assert.equal(endings(), 1)
  })
})
