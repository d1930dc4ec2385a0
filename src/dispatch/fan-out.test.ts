/** Several calls, one answer, on a clock that the test moves; the sockets are real. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { sendJson, startBackend } from '../../test/support/backend.ts'
import { eventually } from '../../test/support/eventually.ts'
import { line } from '../../test/support/failing.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { RouterError } from '../errors.ts'
import type { ChatEvent } from '../wire/exchange.ts'
import { ollamaBackendCodec } from '../wire/ollama/ollama-backend.ts'
import type { AttemptEnd } from './attempt.ts'
import { createBackend } from './backend.ts'
import { runFanOut } from './fan-out.ts'
import type { StreamSink } from './sink.ts'

const TIMEOUTS = {
  connectMs: 100_000,
  firstTokenMs: 1_000,
  idleMs: 500,
  totalMs: 900,
  streamMs: 50_000,
  keepAliveMs: 100_000,
}

function last(input: number, output: number): string {
  return line('', { done: true, done_reason: 'stop', prompt_eval_count: input, eval_count: output })
}

/** What a client would have seen. */
class Seen implements StreamSink {
  readonly events: ChatEvent[] = []
  commits = 0
  ends = 0
  readonly failures: string[] = []
  takes = true
  readonly waiting: (() => void)[] = []
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
    assert.equal(this.commits, 1, 'nothing is written before the commit')
    assert.equal(this.ends + this.failures.length, 0, 'nothing is written behind the end')
    for (const frame of frames) this.events.push(...frame.events)
    this.lastSignAtMs = this.#nowMs()
    return this.takes
  }

  onDrain(resume: () => void): void {
    this.waiting.push(resume)
  }

  end(): void {
    this.ends++
  }

  fail(error: RouterError): void {
    this.failures.push(error.code)
  }

  /** What each choice said. */
  said(): readonly string[] {
    const texts: string[] = []
    for (const event of this.events) {
      if (event.type === 'text') texts[event.choice] = (texts[event.choice] ?? '') + event.text
    }
    return texts
  }

  count(type: ChatEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }
}

interface Options {
  readonly calls?: number
  readonly timeouts?: Partial<typeof TIMEOUTS>
  readonly buffered?: boolean
}

async function start(t: TestContext, { calls = 3, timeouts = {}, buffered = false }: Options = {}) {
  const clock = createManualClock()
  const seen = new Seen(clock.nowMs)
  const arrived: ServerResponse[] = []
  const order: unknown[] = []
  const fake = await startBackend(({ body }, response) => {
    if (!buffered) response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
    arrived.push(response)
    order.push(body['call'])
  })
  const connection = {
    type: 'ollama',
    endpoint: fake.origin,
    timeouts: { ...TIMEOUTS, ...timeouts },
  } as const
  const backend = createBackend({ name: 'b', connection, policyTimeouts: {}, env: {} }, null)
  t.after(async () => {
    await backend.pool.destroy()
    await fake.close()
  })
  const client = new AbortController()
  const target = { backend: 'b', model: 'm', provenLocal: false }
  const outbound = {
    codec: ollamaBackendCodec,
    body: '',
    headers: {},
    passThrough: false,
    dropped: [],
    vectorCount: null,
  }
  const bodies = Array.from({ length: calls }, (_, call) => JSON.stringify({ call }))
  let end: AttemptEnd | null = null
  const done = runFanOut(
    { backend, target, failed: [], outbound, timeouts: backend.timeouts, clock, signal: client.signal },
    bodies,
    buffered ? null : seen,
  ).then((value) => (end = value))
  await eventually('all calls are made', () => arrived.length === calls)
  // Connections open in any order; the body tells whose call it is.
  const responses = Array.from({ length: calls }, (_, call) => arrived[order.indexOf(call)])
  const to = (call: number): ServerResponse => responses[call] as ServerResponse
  return {
    clock,
    seen,
    client,
    fake,
    done,
    settled: () => end !== null,
    to,
    /** Lets a call's answer say a word, and waits until the client has it. */
    say: async (call: number, text: string): Promise<void> => {
      const expected = (seen.said()[call] ?? '') + text
      to(call).write(line(text))
      await eventually('it has arrived', () => seen.said()[call] === expected)
    },
  }
}

describe('a streamed fan-out', () => {
  test('is one answer: one commit, one start, each word to its choice, the usage summed, one end', async (t) => {
    const { clock, seen, done, say, to } = await start(t)
    clock.advance(300)
    await say(1, 'b')
    clock.advance(100)
    await say(0, 'a')
    await say(2, 'c')
    await say(1, 'B')
    to(1).end(last(10, 2))
    await eventually('the choice is finished', () => seen.count('finish') === 1)
    assert.equal(seen.ends, 0)
    to(0).end(last(10, 3))
    to(2).end(last(10, 4))
    const end = await done
    assert.deepEqual(seen.said(), ['a', 'bB', 'c'])
    assert.equal(seen.commits, 1)
    assert.equal(seen.ends, 1)
    assert.deepEqual(
      ['start', 'usage', 'end'].map((type) => seen.count(type as ChatEvent['type'])),
      [1, 1, 1],
    )
    assert.equal(seen.events[0]?.type, 'start')
    assert.deepEqual(
      seen.events.slice(-2).map(({ type }) => type),
      ['usage', 'end'],
    )
    assert.equal(end.result, 'success')
    assert.equal(end.firstTokenMs, 300)
    assert.equal(end.usage?.inputTokens, 30)
    assert.equal(end.usage?.outputTokens, 9)
    assert.equal(end.finish, 'stop')
    await eventually('no timer is left', () => clock.pending() === 0)
  })

  test('one that fails before any content: the others are aborted, and another target may answer', async (t) => {
    const { clock, seen, done, to, fake } = await start(t)
    to(2).end('{"error":"no"}\n')
    const end = await done
    assert.equal(end.result, 'failure')
    assert.equal(end.error?.code, 'upstream_error')
    assert.equal(end.disposition, 'next-target')
    assert.equal(end.committed, false)
    assert.equal(seen.commits + seen.ends + seen.failures.length, 0)
    await fake.untilAborted(2)
    assert.equal(clock.pending(), 0)
  })

  test('one that fails without a word, while another had begun: the stream ends in one error', async (t) => {
    const { clock, seen, done, say, to, fake } = await start(t)
    clock.advance(70)
    await say(0, 'a')
    to(2).end('{"error":"no"}\n')
    const end = await done
    assert.deepEqual(seen.failures, ['upstream_error'])
    assert.equal(seen.ends, 0)
    assert.equal(end.committed, true)
    assert.equal(end.disposition, 'final')
    assert.equal(end.firstTokenMs, 70)
    await fake.untilAborted(2)
    assert.equal(clock.pending(), 0)
  })

  test('one that breaks off behind a finished one: the tokens of the whole are not lost', async (t) => {
    const { seen, done, say, to } = await start(t, { calls: 2 })
    await say(0, 'a')
    to(0).end(last(7, 1))
    await eventually('the choice is finished', () => seen.count('finish') === 1)
    await say(1, 'b')
    to(1).destroy()
    const end = await done
    assert.deepEqual(seen.failures, ['upstream_truncated'])
    assert.equal(end.usage?.inputTokens, 7)
    assert.equal(seen.ends, 0)
  })

  test('a client that leaves ends all of them, and is told nothing', async (t) => {
    for (const begun of [false, true]) {
      const { clock, seen, done, say, client, fake } = await start(t)
      if (begun) await say(1, 'b')
      client.abort(new RouterError('client_closed_request', 'gone'))
      const end = await done
      assert.equal(end.result, 'aborted')
      assert.equal(end.committed, begun)
      assert.equal(seen.failures.length + seen.ends, 0)
      await fake.untilAborted(3)
      assert.equal(clock.pending(), 0)
    }
  })

  test('a client that is slow is waited for once, by all', async (t) => {
    const { seen, done, say, to } = await start(t)
    await say(0, 'a')
    seen.takes = false
    await say(0, 'A')
    await say(1, 'b')
    await say(2, 'c')
    assert.equal(seen.waiting.length, 1)
    for (const call of [0, 1, 2]) to(call).end(line('!') + last(1, 1))
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.deepEqual(seen.said(), ['aA', 'b', 'c'])
    seen.takes = true
    seen.waiting[0]?.()
    assert.equal((await done).result, 'success')
    assert.deepEqual(seen.said(), ['aA!', 'b!', 'c!'])
  })

  test('keeps its client waiting by one sign, whatever the number of calls', async (t) => {
    const { clock, seen } = await start(t, { timeouts: { firstTokenMs: 20_000, keepAliveMs: 1_000 } })
    clock.advance(1_000)
    assert.equal(seen.signs, 1)
    clock.advance(2_999)
    assert.equal(seen.signs, 3)
    clock.advance(1)
    assert.equal(seen.signs, 4)
  })

  describe('the limit to the first token', () => {
    test('holds for the stream', async (t) => {
      const { clock, seen, done, settled, fake } = await start(t)
      clock.advance(999)
      assert.ok(!settled())
      clock.advance(1)
      const end = await done
      assert.equal(end.error?.code, 'upstream_timeout')
      assert.match(end.error?.message ?? '', /"b" did not begin to answer within 1000 ms/)
      assert.equal(end.disposition, 'next-target')
      assert.equal(seen.failures.length, 0)
      await fake.untilAborted(3)
      assert.equal(clock.pending(), 0)
    })

    test('not for those that a server with one slot lets wait', async (t) => {
      const { clock, seen, done, say, to } = await start(t)
      for (const call of [0, 1, 2]) {
        for (let word = 0; word < 5; word++) {
          clock.advance(400)
          await say(call, 'w')
        }
        to(call).end(last(1, 5))
        await eventually('the choice is finished', () => seen.count('finish') === call + 1)
      }
      const end = await done
      assert.equal(end.result, 'success')
      assert.equal(end.firstTokenMs, 400)
    })

    test('but for the next one, once nobody speaks any more', async (t) => {
      const { clock, seen, done, say, to, settled } = await start(t, { calls: 2 })
      clock.advance(900)
      await say(0, 'a')
      to(0).end(last(1, 1))
      await eventually('the choice is finished', () => seen.count('finish') === 1)
      clock.advance(999)
      assert.ok(!settled())
      clock.advance(1)
      const end = await done
      assert.match(end.error?.message ?? '', /began 1 of 2 choices and then none within 1000 ms/)
      assert.deepEqual(seen.failures, ['upstream_timeout'])
      assert.equal(end.disposition, 'final')
    })

    test('is over when all have begun: then each has its own limit of silence', async (t) => {
      const { clock, done, say, settled } = await start(t, {
        calls: 2,
        timeouts: { firstTokenMs: 100, idleMs: 500 },
      })
      await say(0, 'a')
      await say(1, 'b')
      clock.advance(499)
      assert.ok(!settled())
      clock.advance(1)
      assert.match((await done).error?.message ?? '', /went silent for 500 ms/)
    })
  })
})

describe('a buffered fan-out', () => {
  const whole = (content: string, input: number, output: number): object => ({
    model: `of ${content}`,
    created_at: '2026-11-22T00:00:00Z',
    message: { role: 'assistant', content },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: input,
    eval_count: output,
  })

  test('is one answer, in the order of the choices and not of their coming', async (t) => {
    const { clock, done, to } = await start(t, { buffered: true })
    sendJson(to(2), 200, whole('c', 5, 1))
    sendJson(to(1), 200, whole('b', 5, 2))
    sendJson(to(0), 200, whole('a', 5, 3))
    const { result, answer, usage, finish, firstTokenMs } = await done
    assert.equal(result, 'success')
    assert.deepEqual(
      answer?.reply.choices.map(({ index, text }) => [index, text]),
      [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
    )
    assert.equal(answer.reply.model, 'of a')
    assert.deepEqual([usage?.inputTokens, usage?.outputTokens], [15, 6])
    assert.deepEqual(answer.reply.usage, usage)
    assert.deepEqual([finish, firstTokenMs], ['stop', null])
    assert.equal(clock.pending(), 0)
  })

  test('one that fails is the failure of all, and the others are aborted', async (t) => {
    const { clock, done, to, fake } = await start(t, { buffered: true })
    to(1).writeHead(429, { 'retry-after': '7' }).end('{}')
    const end = await done
    assert.equal(end.result, 'failure')
    assert.equal(end.error?.code, 'rate_limit_exceeded')
    assert.equal(end.error.retryAfterSeconds, 7)
    assert.equal(end.status, 429)
    assert.equal(end.disposition, 'next-target')
    assert.equal(end.answer, null)
    await fake.untilAborted(2)
    assert.equal(clock.pending(), 0)
  })

  test('a client that leaves ends all of them', async (t) => {
    const { done, client, fake } = await start(t, { buffered: true })
    client.abort(new RouterError('client_closed_request', 'gone'))
    assert.equal((await done).result, 'aborted')
    await fake.untilAborted(3)
  })
})
