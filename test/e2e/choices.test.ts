/** `n` towards servers that give one choice a request: as many calls at once, and one answer to the client. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type OpenAI from 'openai'
import { chatScript, sendJson, type Backend, type Script } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { hang } from '../support/failing.ts'
import type { Answer, Call } from '../support/protocols/neutral.ts'
import { play } from '../support/protocols/played-server.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { createStage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'
const ONE_CHOICE: readonly ProtocolName[] = ['ollama', 'messages', 'responses']
const WORDS = ['eins', 'deux', 'tre'] as const
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
} as const

function says(text: string, more: Partial<Answer> = {}): Answer {
  const usage = { input: 20, output: 10 + text.length, cached: 4, reasoning: 0 }
  return { text: [`${text} `, 'and ', text], finish: 'stop', usage, ...more }
}

function calls(city: string): Answer {
  const call: Call = { id: `call_${city}`, name: 'get_weather', arguments: { city } }
  return says(city, { text: [], calls: [call], finish: 'tool_calls' })
}

/** Each request for an answer is answered by the next of these. */
function inTurn(
  protocol: ProtocolName,
  turns: readonly (Answer | Script)[],
  breaches: string[] = [],
): Script {
  const { server } = PROTOCOLS[protocol]
  let next = 0
  return (request, response) => {
    const turn = request.path === server.path ? turns[next++ % turns.length] : says('')
    if (typeof turn === 'function') return turn(request, response)
    return play(server, turn ?? says(''), breaches)(request, response)
  }
}

interface Scene {
  readonly router: RunningRouter
  readonly backend: Backend
  readonly other: Backend
  /** Requests to the first backend for an answer. */
  readonly asked: () => readonly Backend['received'][number][]
}

/** A server of this protocol; behind it, as its fallback, one that can give many choices by itself. */
async function start(t: TestContext, protocol: ProtocolName, script: Script): Promise<Scene> {
  const stage = createStage(t)
  const backend = await stage.backend(script)
  const other = await stage.backend(chatScript('of the other'))
  const type = protocol === 'ollama' ? 'ollama' : `openai-compatible, protocol: ${protocol}`
  const path = protocol === 'ollama' ? '' : '/v1'
  const router = await stage.router(`
backends:
  one: { type: ${type}, endpoint: "${backend.origin}${path}", model: m }
  other: { type: openai-compatible, endpoint: "${other.origin}/v1", model: o }
routes: [{ default: one, fallback: [other] }]
`)
  t.after(() => assert.deepEqual(router.defects, []))
  const { server } = PROTOCOLS[protocol]
  return {
    router,
    backend,
    other,
    asked: () => backend.received.filter(({ path: to }) => to === server.path),
  }
}

const HI = [{ role: 'user' as const, content: 'Hi' }]
const ASK = { model: 'auto', messages: HI, n: 3 } as const

function assertUsage(usage: OpenAI.CompletionUsage | null | undefined, output: number): void {
  assert.equal(usage?.prompt_tokens, 60)
  assert.equal(usage.completion_tokens, output)
  assert.equal(usage.total_tokens, 60 + output)
}

const OUTPUT = WORDS.reduce((sum, word) => sum + 10 + word.length, 0)
const TEXTS = new Set(WORDS.map((word) => `${word} and ${word}`))

for (const protocol of ONE_CHOICE) {
  describe(`three choices of a ${protocol} backend`, () => {
    const scene = async (t: TestContext, turns: readonly (Answer | Script)[]): Promise<Scene> => {
      const breaches: string[] = []
      const started = await start(t, protocol, inTurn(protocol, turns, breaches))
      t.after(() => assert.deepEqual(breaches, []))
      return started
    }
    const three = WORDS.map((word) => says(word))

    test('buffered', async (t) => {
      const { router, asked, other } = await scene(t, three)
      const { data, response } = await router.openai.chat.completions.create(ASK).withResponse()
      assert.deepEqual(
        data.choices.map(({ index, finish_reason: finish }) => [index, finish]),
        [
          [0, 'stop'],
          [1, 'stop'],
          [2, 'stop'],
        ],
      )
      assert.deepEqual(new Set(data.choices.map(({ message }) => message.content)), TEXTS)
      assertUsage(data.usage, OUTPUT)
      assert.equal(response.headers.get('x-llr-backend'), 'one')
      assert.equal(response.headers.get('x-llr-attempts'), '1')
      assert.equal(response.headers.get('x-llr-dropped'), null)
      assert.equal(asked().length, 3)
      assert.ok(asked().every(({ body }) => body['n'] === undefined))
      assert.equal(other.received.length, 0)
    })

    test('streamed, read by the helper of the openai package', async (t) => {
      const { router, asked } = await scene(t, three)
      const stream = router.openai.chat.completions.stream({
        ...ASK,
        stream_options: { include_usage: true },
      })
      const chunks: OpenAI.ChatCompletionChunk[] = []
      stream.on('chunk', (chunk) => chunks.push(chunk))
      const whole = await stream.finalChatCompletion()
      assert.deepEqual(new Set(whole.choices.map(({ message }) => message.content)), TEXTS)
      assert.deepEqual(
        new Set(whole.choices.map(({ index, finish_reason: finish }) => `${index} ${finish}`)),
        new Set(['0 stop', '1 stop', '2 stop']),
      )
      assertUsage(whole.usage, OUTPUT)
      assert.equal(asked().length, 3)
      assert.equal(new Set(chunks.map(({ id, model, created }) => `${id} ${model} ${created}`)).size, 1)
      assert.equal(chunks.filter(({ usage }) => usage).length, 1)
      assert.deepEqual(chunks.at(-1)?.choices, [])
      for (const index of [0, 1, 2]) {
        const own = chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
        assert.deepEqual(
          own.map(({ delta }) => delta.role).filter((role) => role !== undefined),
          ['assistant'],
        )
        assert.equal(own.at(-1)?.finish_reason, 'stop')
      }
    })

    test('streamed, the bytes: one [DONE], and no usage that nobody asked for', async (t) => {
      const { router } = await scene(t, three)
      const text = await (await router.post(CHAT, { ...ASK, stream: true })).text()
      assert.equal(text.match(/^data: \[DONE\]$/gm)?.length, 1)
      assert.ok(text.endsWith('data: [DONE]\n\n'))
      assert.ok(!text.includes('usage'))
    })

    test('with tools, buffered and streamed', async (t) => {
      const { router } = await scene(t, WORDS.map(calls))
      const request = { ...ASK, tools: [WEATHER] }
      const whole = await router.openai.chat.completions.create(request)
      const streamed = await router.openai.chat.completions.stream(request).finalChatCompletion()
      for (const { choices } of [whole, streamed]) {
        const cities = choices.map(({ message, finish_reason: finish }) => {
          assert.equal(finish, 'tool_calls')
          assert.equal(message.tool_calls?.length, 1)
          const [call] = message.tool_calls
          assert.ok(call?.type === 'function')
          assert.equal(call.function.name, 'get_weather')
          return (JSON.parse(call.function.arguments) as { city: string }).city
        })
        assert.deepEqual(cities.toSorted(), WORDS.toSorted())
      }
    })

    test('one call that fails before any content: the fallback answers with as many', async (t) => {
      const never: Script = () => undefined
      for (const stream of [false, true]) {
        const { router, backend, other } = await scene(t, [never, says('', { failure: 'before' }), never])
        const response = await router.post(CHAT, { ...ASK, stream })
        const text = await response.text()
        assert.equal(response.status, 200, text)
        assert.equal(response.headers.get('x-llr-backend'), 'other')
        assert.equal(response.headers.get('x-llr-attempts'), '2')
        assert.equal(other.received[0]?.body['n'], 3)
        await backend.untilAborted(2)
      }
    })

    test('one call that fails behind the first content: the stream ends in an error, nobody else is asked', async (t) => {
      const failed = Promise.withResolvers<void>()
      const late: Script = async (request, response) => {
        await failed.promise
        return play(PROTOCOLS[protocol].server, says('', { failure: 'before' }))(request, response)
      }
      // Says its first word, and then nothing more.
      const begins: Script = (request, response) => {
        const { server } = PROTOCOLS[protocol]
        response.writeHead(200, { 'content-type': server.streamType })
        const pieces = server.pieces(says('word'), request.body)
        const end = pieces.findIndex(({ isContent }) => isContent) + 1
        for (const { text } of pieces.slice(0, end)) response.write(text)
      }
      const { router, backend, other } = await scene(t, [begins, late, begins])
      const stream = await router.openai.chat.completions.create({ ...ASK, stream: true })
      const seen: string[] = []
      await assert.rejects(
        async () => {
          for await (const { choices } of stream) {
            seen.push(choices[0]?.delta.content ?? '')
            if (seen.filter((text) => text !== '').length === 2) failed.resolve()
          }
        },
        ({ code }: { code?: unknown }) => code === 'upstream_error',
      )
      assert.equal(seen.join(''), 'word word ')
      await backend.untilAborted(2)
      assert.equal(other.received.length, 0)
    })

    test('a client that leaves ends every call', async (t) => {
      for (const stream of [false, true]) {
        const { router, backend, asked, other } = await scene(t, [hang])
        const client = new AbortController()
        const left = fetch(`${router.url}${CHAT}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...ASK, stream }),
          signal: client.signal,
        })
        await eventually('all calls are made', () => asked().length === 3)
        client.abort()
        await assert.rejects(left)
        await backend.untilAborted(3)
        assert.equal(other.received.length, 0)
      }
    })

    test('is one request in the figures, with the tokens of all', async (t) => {
      const { router } = await scene(t, three)
      await router.openai.chat.completions.create(ASK)
      await eventually('it is counted', async () => {
        const text = await (await fetch(`${router.url}/metrics`)).text()
        return /^llr_tokens_total\{[^}]*direction="input"[^}]*\} 60$/m.test(text)
      })
    })
  })
}

describe('choices by several calls', () => {
  test('a seed counts up, so that they differ; without one all are asked the same', async (t) => {
    const { router, asked } = await start(t, 'ollama', inTurn('ollama', [says('x')]))
    await router.openai.chat.completions.create({ ...ASK, seed: 41 })
    const seeds = asked().map(({ body }) => (body['options'] as { seed: number }).seed)
    assert.deepEqual(new Set(seeds), new Set([41, 42, 43]))
    await router.openai.chat.completions.create(ASK)
    assert.equal(
      new Set(
        asked()
          .slice(3)
          .map(({ text }) => text),
      ).size,
      1,
    )
  })

  test('what is dropped is told once', async (t) => {
    const { router } = await start(t, 'messages', inTurn('messages', [says('x')]))
    const response = await router.post(CHAT, { ...ASK, seed: 41 })
    assert.equal(response.headers.get('x-llr-dropped'), 'seed', await response.text())
  })

  test('more than eight are left to one who gives them by itself, or refused', async (t) => {
    for (const stream of [false, true]) {
      const { router, asked, other } = await start(t, 'ollama', inTurn('ollama', [says('x')]))
      const eight = await router.post(CHAT, { ...ASK, n: 8, stream })
      assert.equal(eight.headers.get('x-llr-backend'), 'one', await eight.text())
      assert.equal(asked().length, 8)
      const nine = await router.post(CHAT, { ...ASK, n: 9, stream })
      assert.equal(nine.headers.get('x-llr-backend'), 'other', await nine.text())
      assert.equal(other.received[0]?.body['n'], 9)
      assert.equal(asked().length, 8)
    }
    const stage = createStage(t)
    const backend = await stage.backend(inTurn('ollama', [says('x')]))
    const router = await stage.router(`
backends: { one: { type: ollama, endpoint: "${backend.origin}", model: m } }
routes: [{ default: one }]
`)
    const response = await router.post(CHAT, { ...ASK, n: 9 })
    const { error } = (await response.json()) as { error: { code: string; param: string } }
    assert.deepEqual([response.status, error.code, error.param], [400, 'unsupported_value', 'n'])
    assert.equal(backend.received.length, 0)
  })

  test('one choice is one call, as ever', async (t) => {
    const { router, asked } = await start(t, 'ollama', inTurn('ollama', [says('x')]))
    await router.openai.chat.completions.create({ ...ASK, n: 1 })
    assert.equal(asked().length, 1)
  })

  test('of a prompt that is continued', async (t) => {
    const answer: Script = ({ method, body }, response) => {
      const end = { done: true, done_reason: 'stop', prompt_eval_count: 4, eval_count: 2 }
      const base = { model: 'm', created_at: '2026-11-22T00:00:00Z' }
      if (method === 'GET') return sendJson(response, 200, { models: [] })
      if (body['stream'] === false) return sendJson(response, 200, { ...base, response: 'on', ...end })
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.end(
        `${JSON.stringify({ ...base, response: 'on', done: false })}\n${JSON.stringify({ ...base, response: '', ...end })}\n`,
      )
    }
    const { router, backend } = await start(t, 'ollama', answer)
    const request = { model: 'auto', prompt: 'Go', n: 2 }
    const whole = await router.openai.completions.create(request)
    assert.deepEqual(
      whole.choices.map(({ index, text }) => [index, text]),
      [
        [0, 'on'],
        [1, 'on'],
      ],
    )
    assert.equal(whole.usage?.total_tokens, 12)
    const texts = ['', '']
    for await (const { choices } of await router.openai.completions.create({ ...request, stream: true })) {
      for (const { index, text } of choices) texts[index] += text
    }
    assert.deepEqual(texts, ['on', 'on'])
    assert.deepEqual(new Set(backend.received.map(({ path }) => path)), new Set(['/api/generate']))
  })

  test('are not mirrored: a mirror is one call', async (t) => {
    const stage = createStage(t)
    const primary = await stage.backend(chatScript('of the primary'))
    const candidate = await stage.backend(inTurn('ollama', [says('x')]))
    const router = await stage.router(`
backends:
  primary: { type: openai-compatible, endpoint: "${primary.origin}/v1", model: p }
  candidate: { type: ollama, endpoint: "${candidate.origin}", model: m }
routes: [{ default: primary }]
ab: { enabled: true, sampleRate: 1, candidates: { primary: candidate } }
`)
    await router.post(CHAT, ask('Hi', { n: 2 }))
    await router.post(CHAT, ask('Hello'))
    await candidate.nextRequest()
    assert.deepEqual(
      candidate.received.map(({ text }) => text.includes('Hello')),
      [true],
    )
  })
})
