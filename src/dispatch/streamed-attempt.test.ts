/** The timeouts of a stream on a clock that the test moves; the sockets are real. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { startBackend } from '../../test/support/backend.ts'
import { eventually } from '../../test/support/eventually.ts'
import { chunk, ROLE } from '../../test/support/failing.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { RouterError } from '../errors.ts'
import { chatBackendCodec } from '../wire/chat/chat-backend.ts'
import type { AttemptEnd } from './attempt.ts'
import { createBackend } from './backend.ts'
import type { StreamSink } from './sink.ts'
import { runStreamedAttempt } from './streamed-attempt.ts'

const TIMEOUTS = {
  connectMs: 100_000,
  firstTokenMs: 1_000,
  idleMs: 500,
  totalMs: 900,
  streamMs: 5_000,
  keepAliveMs: 100_000,
  progressMs: 100_000,
  clientStallMs: 60_000,
}
const WORD = chunk({ content: 'word ' })
const END = `${chunk({}, 'stop')}data: [DONE]\n\n`

/** What a client would have seen. */
class Seen implements StreamSink {
  text = ''
  commits = 0
  ended = false
  failure: string | null = null
  /** False: the client takes nothing more until `resume`. */
  takes = true
  resume: (() => void) | null = null
  lastSignAtMs = 0
  signs = 0
  readonly #nowMs: () => number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  keepAlive(): void {
    this.signs++
    this.lastSignAtMs = this.#nowMs()
  }

  isOpen(): boolean {
    return this.signs + this.commits > 0
  }

  commit(): void {
    this.commits++
  }

  write(frames: Parameters<StreamSink['write']>[0]): boolean {
    for (const frame of frames) this.text += frame.raw.toString()
    this.lastSignAtMs = this.#nowMs()
    return this.takes
  }

  onDrain(resume: () => void): void {
    this.resume = resume
  }

  end(): void {
    this.ended = true
  }

  fail(error: RouterError): void {
    this.failure = error.code
  }
}

async function start(t: TestContext, more: Partial<typeof TIMEOUTS> = {}, lastSignAtMs = 0) {
  const clock = createManualClock()
  const seen = new Seen(clock.nowMs)
  seen.lastSignAtMs = lastSignAtMs
  const answers = Promise.withResolvers<ServerResponse>()
  const fake = await startBackend((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    answers.resolve(response)
  })
  const connection = {
    type: 'openai-compatible',
    endpoint: fake.origin,
    timeouts: { ...TIMEOUTS, ...more },
  } as const
  const backend = createBackend({ name: 'b', connection, policyTimeouts: {}, env: {} }, null)
  t.after(async () => {
    await backend.pool.destroy()
    await fake.close()
  })
  const client = new AbortController()
  const target = { backend: 'b', model: 'm', provenLocal: false }
  const outbound = {
    codec: chatBackendCodec,
    body: '{}',
    headers: {},
    passThrough: true,
    dropped: [],
    vectorCount: null,
  }
  let end: AttemptEnd | null = null
  const done = runStreamedAttempt(
    { backend, target, failed: [], outbound, timeouts: backend.timeouts, clock, signal: client.signal },
    seen,
  ).then((value) => (end = value))
  const response = await answers.promise
  return {
    clock,
    seen,
    client,
    fake,
    response,
    done,
    settled: () => end !== null,
    /** Writes and waits until the router has it. */
    say: async (text: string): Promise<void> => {
      const expected = seen.text + text
      response.write(text)
      await eventually('it has arrived', () => seen.text === expected)
    },
  }
}

describe('a streamed attempt', () => {
  test('before the first content the first-token timer rules, not the idle one', async (t) => {
    const { clock, done, settled, response, seen } = await start(t)
    response.write(ROLE)
    clock.advance(999)
    assert.ok(!settled())
    clock.advance(1)
    const end = await done
    assert.equal(end.error?.code, 'upstream_timeout')
    assert.match(end.error?.message ?? '', /did not begin to answer within 1000 ms/)
    assert.equal(end.disposition, 'next-target')
    assert.equal(end.committed, false)
    assert.equal(seen.commits, 0)
    assert.equal(seen.failure, null)
    assert.equal(clock.pending(), 0)
  })

  test('after it, silence ends it with an error and no other target', async (t) => {
    const { clock, done, say, settled, seen } = await start(t)
    clock.advance(700)
    await say(ROLE + WORD)
    clock.advance(499)
    await say(WORD)
    clock.advance(499)
    assert.ok(!settled())
    clock.advance(1)
    const end = await done
    assert.match(end.error?.message ?? '', /went silent for 500 ms/)
    assert.equal(end.disposition, 'final')
    assert.equal(end.committed, true)
    assert.equal(end.firstTokenMs, 700)
    assert.equal(seen.failure, 'upstream_timeout')
    assert.equal(seen.ended, false)
    assert.equal(clock.pending(), 0)
  })

  test('a stream that never ends is ended', async (t) => {
    const { clock, done, say, seen } = await start(t)
    for (let i = 0; i < 12; i++) {
      await say(i === 0 ? ROLE + WORD : WORD)
      clock.advance(400)
    }
    await say(WORD)
    clock.advance(200)
    assert.match((await done).error?.message ?? '', /took longer than 5000 ms/)
    assert.equal(seen.failure, 'upstream_timeout')
  })

  test('a client that takes nothing is given a minute', async (t) => {
    const { clock, done, say, seen, settled, fake } = await start(t, { streamMs: 500_000 })
    await say(ROLE + WORD)
    seen.takes = false
    await say(WORD)
    clock.advance(59_999)
    assert.ok(!settled())
    clock.advance(1)
    const end = await done
    assert.equal(end.result, 'aborted')
    assert.match(end.error?.message ?? '', /took nothing for 60000 ms/)
    await fake.untilAborted(1)
    assert.equal(clock.pending(), 0)
  })

  test('a client’s slowness is not held against the backend, and its end not for it', async (t) => {
    const { clock, done, say, seen, settled } = await start(t, { streamMs: 500_000 })
    await say(ROLE + WORD)
    seen.takes = false
    await say(WORD)
    clock.advance(30_000)
    seen.takes = true
    seen.resume?.()
    clock.advance(499)
    assert.ok(!settled())
    clock.advance(1)
    assert.match((await done).error?.message ?? '', /went silent for 500 ms/)
  })

  test('the end of the protocol is the end, though the connection stays open for a while', async (t) => {
    const { clock, done, say, seen, fake } = await start(t)
    await say(ROLE + WORD + END)
    const end = await done
    assert.equal(end.result, 'success')
    assert.equal(end.finish, 'stop')
    assert.ok(seen.ended)
    assert.equal(seen.failure, null)
    assert.equal(clock.pending(), 1)
    clock.advance(1_000)
    await fake.untilAborted(1)
    assert.equal(clock.pending(), 0)
  })

  test('a clean end leaves no timer and no listener behind', async (t) => {
    const { clock, done, response, seen } = await start(t)
    response.end(ROLE + WORD + END)
    assert.equal((await done).result, 'success')
    await eventually('no timer is left', () => clock.pending() === 0)
    assert.equal(seen.text, ROLE + WORD + END)
  })

  test('a client that leaves before the first content: aborted, and nothing is written', async (t) => {
    const { clock, done, client, seen, fake } = await start(t)
    client.abort(new RouterError('client_closed_request', 'gone'))
    const end = await done
    assert.equal(end.result, 'aborted')
    assert.equal(end.disposition, 'final')
    assert.equal(seen.commits, 0)
    await fake.untilAborted(1)
    assert.equal(clock.pending(), 0)
  })

  test('a client that leaves in the middle: aborted, and no error is written after it', async (t) => {
    const { done, say, client, seen } = await start(t)
    await say(ROLE + WORD)
    client.abort(new RouterError('client_closed_request', 'gone'))
    const end = await done
    assert.equal(end.result, 'aborted')
    assert.equal(end.committed, true)
    assert.equal(seen.failure, null)
    assert.equal(seen.ended, false)
  })

  test('an answer without content but with a finish is an answer', async (t) => {
    const { done, response, seen } = await start(t)
    response.end(ROLE + END)
    const end = await done
    assert.equal(end.result, 'success')
    assert.equal(seen.commits, 1)
    assert.equal(seen.text, ROLE + END)
  })

  describe('keeps its client waiting', () => {
    const LONG = { firstTokenMs: 100_000, idleMs: 100_000, streamMs: 500_000, keepAliveMs: 1_000 }

    test('by a sign whenever it was silent for so long, until the first content', async (t) => {
      const { clock, seen, say } = await start(t, LONG)
      clock.advance(999)
      assert.equal(seen.signs, 0)
      clock.advance(1)
      assert.equal(seen.signs, 1)
      clock.advance(3_000)
      assert.equal(seen.signs, 4)
      assert.equal(seen.commits, 0)
      await say(ROLE + WORD)
      clock.advance(999)
      assert.equal(seen.signs, 4)
    })

    test('what it holds back is silence to the client', async (t) => {
      const { clock, seen, response } = await start(t, LONG)
      response.write(ROLE)
      clock.advance(600)
      response.write(ROLE)
      clock.advance(400)
      assert.equal(seen.signs, 1)
    })

    test('in the middle as well, counted from the last piece', async (t) => {
      const { clock, seen, say } = await start(t, LONG)
      await say(ROLE + WORD)
      for (let i = 0; i < 4; i++) {
        clock.advance(900)
        await say(WORD)
      }
      assert.equal(seen.signs, 0)
      clock.advance(999)
      assert.equal(seen.signs, 0)
      clock.advance(1)
      assert.equal(seen.signs, 1)
    })

    test('counted from the sign of the attempt before it', async (t) => {
      const { clock, seen } = await start(t, LONG, -700)
      clock.advance(299)
      assert.equal(seen.signs, 0)
      clock.advance(1)
      assert.equal(seen.signs, 1)
    })

    test('at once, where the attempt before it left one due', async (t) => {
      const { clock, seen } = await start(t, LONG, -5_000)
      clock.advance(1)
      assert.equal(seen.signs, 1)
      clock.advance(999)
      assert.equal(seen.signs, 1)
      clock.advance(1)
      assert.equal(seen.signs, 2)
    })

    test('not while the client takes nothing', async (t) => {
      const { clock, seen, say } = await start(t, LONG)
      await say(ROLE + WORD)
      seen.takes = false
      await say(WORD)
      clock.advance(30_000)
      assert.equal(seen.signs, 0)
      seen.takes = true
      seen.resume?.()
      clock.advance(1_000)
      assert.equal(seen.signs, 1)
    })

    test('a sign commits to nothing: a failure behind it still falls back', async (t) => {
      const { clock, seen, done } = await start(t, { ...LONG, firstTokenMs: 2_500 })
      clock.advance(2_500)
      const end = await done
      assert.equal(seen.signs, 2)
      assert.equal(end.disposition, 'next-target')
      assert.equal(end.committed, false)
      assert.equal(seen.failure, null)
      assert.equal(clock.pending(), 0)
    })

    test('and no more once it is over', async (t) => {
      const { clock, seen, done, response } = await start(t, LONG)
      clock.advance(1_000)
      response.end(ROLE + WORD + END)
      assert.equal((await done).result, 'success')
      await eventually('no timer is left', () => clock.pending() === 0)
      clock.advance(10_000)
      assert.equal(seen.signs, 1)
    })
  })
})
