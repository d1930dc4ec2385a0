/** The official `openai` package → the running router → llama.cpp's server. Nothing here is a stand-in but the hosted one. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import type { ChatCompletionTool } from 'openai/resources/chat/completions'
import { chatScript, closedPort, startBackend } from '../support/backend.ts'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'

const SENTENCE = 'Hello from a tiny llama.'
const ENDLESS = 'Go on forever.'
const WEATHER: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather at a place.',
    parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
  },
}

interface Line {
  readonly endpoint: string
  readonly fallback?: string
}

/** Backends by name; the engine is attested, the others are what the caller writes. */
function policyFor({ endpoint, fallback }: Line, more = ''): string {
  return `
backends:
  engine: { type: openai-compatible, endpoint: "${endpoint}", model: tiny, attest: local }
${more}
routes:
  - default: engine
${fallback === undefined ? '' : `    fallback: ${fallback}`}
`
}

function user(content: string): { model: string; messages: { role: 'user'; content: string }[] } {
  return { model: 'auto', messages: [{ role: 'user', content }] }
}

/** Waits until `holds`; fails after two seconds. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 2_000
  while (!(await holds())) {
    if (performance.now() > deadlineMs) assert.fail(`not within 2 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('the openai package through the router to a real engine', { skip: engineIsMissing }, () => {
  let engine: RunningEngine
  let router: RunningRouter
  let openai: OpenAI

  before(async () => {
    engine = await startEngine()
    router = await startRouter(policyFor(engine))
    openai = router.openai
  })
  after(async () => {
    await router.close()
    await engine.kill()
    assert.deepEqual(router.defects, [])
  })

  describe('chat', () => {
    it('answers', async () => {
      const { data, response } = await openai.chat.completions.create(user('Say hello')).withResponse()
      assert.equal(data.choices[0]?.message.content, SENTENCE)
      assert.equal(data.choices[0]?.finish_reason, 'stop')
      assert.equal(data.usage?.completion_tokens, 7)
      assert.equal(response.headers.get('x-llr-backend'), 'engine')
      assert.equal(response.headers.get('x-llr-model'), 'tiny')
    })

    it('streams, with usage when asked for it', async () => {
      const stream = await openai.chat.completions.create({
        ...user('Say hello'),
        stream: true,
        stream_options: { include_usage: true },
      })
      let text = ''
      let pieces = 0
      let completionTokens: number | undefined
      for await (const chunk of stream) {
        const piece = chunk.choices[0]?.delta.content
        if (piece) pieces++
        text += piece ?? ''
        completionTokens = chunk.usage?.completion_tokens ?? completionTokens
      }
      assert.equal(text, SENTENCE)
      assert.ok(pieces > 2, `in ${pieces} pieces`)
      assert.equal(completionTokens, 7)
    })

    it('does not send usage to a client that did not ask', async () => {
      const stream = await openai.chat.completions.create({ ...user('Say hello'), stream: true })
      for await (const chunk of stream) {
        assert.equal(chunk.choices.length, 1)
        assert.ok(!chunk.usage)
      }
    })

    it('calls a tool, and answers from its result', async () => {
      const first = await openai.chat.completions.create({ ...user('Weather?'), tools: [WEATHER] })
      const message = first.choices[0]?.message
      const call = message?.tool_calls?.[0]
      assert.equal(first.choices[0]?.finish_reason, 'tool_calls')
      assert.ok(message !== undefined && call?.type === 'function')
      assert.equal(call.function.name, 'get_weather')
      assert.deepEqual(JSON.parse(call.function.arguments), { location: 'San Francisco' })
      const second = await openai.chat.completions.create({
        model: 'auto',
        messages: [
          { role: 'user', content: 'Weather?' },
          message,
          { role: 'tool', tool_call_id: call.id, content: 'sunny' },
        ],
        tools: [WEATHER],
      })
      assert.equal(second.choices[0]?.message.content, SENTENCE)
    })

    it('streams a tool call that the strict accumulator takes', async () => {
      const stream = openai.chat.completions.stream({ ...user('Weather?'), tools: [WEATHER] })
      const final = await stream.finalChatCompletion()
      const call = final.choices[0]?.message.tool_calls?.[0]
      assert.equal(final.choices[0]?.finish_reason, 'tool_calls')
      assert.ok(call?.type === 'function')
      assert.equal(call.function.name, 'get_weather')
      assert.deepEqual(JSON.parse(call.function.arguments), { location: 'San Francisco' })
    })

    it('passes reasoning on, buffered and streamed', async () => {
      const whole = await openai.chat.completions.create(user('Please think.'))
      const message = whole.choices[0]?.message as { content: string; reasoning_content?: string } | undefined
      assert.match(message?.reasoning_content ?? '', /let me think/)
      assert.equal(message?.content, SENTENCE)
      let text = ''
      let reasoning = ''
      for await (const chunk of await openai.chat.completions.create({
        ...user('Please think.'),
        stream: true,
      })) {
        const delta: { content?: string | null; reasoning_content?: string } | undefined =
          chunk.choices[0]?.delta
        text += delta?.content ?? ''
        reasoning += delta?.reasoning_content ?? ''
      }
      assert.match(reasoning, /let me think/)
      assert.equal(text, SENTENCE)
    })

    it('says when the length ended an answer', async () => {
      const whole = await openai.chat.completions.create({ ...user(ENDLESS), max_tokens: 5 })
      assert.equal(whole.choices[0]?.finish_reason, 'length')
      assert.equal(whole.usage?.completion_tokens, 5)
      let finish: string | null = null
      for await (const chunk of await openai.chat.completions.create({
        ...user(ENDLESS),
        max_completion_tokens: 5,
        stream: true,
      })) {
        finish = chunk.choices[0]?.finish_reason ?? finish
      }
      assert.equal(finish, 'length')
    })

    it('keeps what only the engine knows: several choices, timings, its own parameters', async () => {
      const whole = await openai.chat.completions.create({ ...user('Say hello'), n: 2 })
      assert.equal(whole.choices.length, 2)
      assert.ok('timings' in whole)
      const bytes = {
        ...user('Say hello'),
        logit_bias: [[' tiny', -100]],
        return_progress: true,
        stream: true,
      }
      const text = await (await router.post('/v1/chat/completions', bytes)).text()
      assert.match(text, /"prompt_progress"/)
    })

    it('holds to a JSON schema, and to a tool that has to be called', async () => {
      const schema = {
        type: 'object',
        properties: { answer: { type: 'string' } },
        required: ['answer'],
        additionalProperties: false,
      }
      const whole = await openai.chat.completions.create({
        ...user('Say hello'),
        response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
      })
      assert.deepEqual(JSON.parse(whole.choices[0]?.message.content ?? ''), { answer: '42' })
      const reply = await openai.responses.create({
        model: 'auto',
        input: 'Say hello',
        text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } },
      })
      assert.deepEqual(JSON.parse(reply.output_text), { answer: '42' })
      const called = await openai.chat.completions.create({
        ...user('Weather?'),
        tools: [WEATHER],
        tool_choice: 'required',
      })
      assert.equal(called.choices[0]?.finish_reason, 'tool_calls')
    })

    it("refuses with a reason, in the router's words, what the engine refuses", async () => {
      const schema = { type: 'no such type' }
      const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } }
      for (const stream of [false, true]) {
        const bad = openai.chat.completions.create({ ...user('Say hello'), response_format: format, stream })
        await assert.rejects(bad, (error) => {
          assert.ok(error instanceof OpenAI.APIError)
          assert.equal(error.status, 400)
          assert.equal(error.code, 'upstream_rejected')
          assert.match(error.message, /"engine" answered HTTP 400/)
          return true
        })
      }
    })

    it('serves eight at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          if (i % 2 === 0)
            return (await openai.chat.completions.create(user(`Say hello ${i}`))).choices[0]?.message.content
          let text = ''
          for await (const chunk of await openai.chat.completions.create({
            ...user(`Say hello ${i}`),
            stream: true,
          })) {
            text += chunk.choices[0]?.delta.content ?? ''
          }
          return text
        }),
      )
      assert.deepEqual(new Set(answers), new Set([SENTENCE]))
    })
  })

  describe('responses', () => {
    it('answers', async () => {
      const reply = await openai.responses.create({ model: 'auto', input: 'Say hello' })
      assert.equal(reply.output_text, SENTENCE)
      assert.equal(reply.status, 'completed')
      assert.equal(reply.usage?.output_tokens, 7)
    })

    it('streams what the strict accumulator takes', async () => {
      const stream = openai.responses.stream({ model: 'auto', input: 'Say hello' })
      const types: string[] = []
      for await (const event of stream) types.push(event.type)
      const final = await stream.finalResponse()
      assert.equal(final.output_text, SENTENCE)
      assert.equal(types[0], 'response.created')
      assert.equal(types.at(-1), 'response.completed')
      assert.equal(final.usage?.output_tokens, 7)
    })

    it('streams reasoning as a summary, then the answer', async () => {
      const stream = openai.responses.stream({ model: 'auto', input: 'Please think.' })
      const final = await stream.finalResponse()
      assert.deepEqual(
        final.output.map((item) => item.type),
        ['reasoning', 'message'],
      )
      assert.match(JSON.stringify(final.output[0]), /let me think/)
      assert.equal(final.output_text, SENTENCE)
    })

    it('calls a tool, buffered and streamed, and answers from its result', async () => {
      const { name, description, parameters } = WEATHER.function
      const tool = {
        type: 'function' as const,
        name,
        description: description ?? '',
        parameters: parameters ?? {},
        strict: false,
      }
      const question = { role: 'user' as const, content: 'Weather?' }
      const whole = await openai.responses.create({ model: 'auto', input: [question], tools: [tool] })
      const streamed = await openai.responses
        .stream({ model: 'auto', input: [question], tools: [tool] })
        .finalResponse()
      for (const reply of [whole, streamed]) {
        const call = reply.output[0]
        assert.ok(call?.type === 'function_call')
        assert.equal(call.name, 'get_weather')
        assert.deepEqual(JSON.parse(call.arguments), { location: 'San Francisco' })
      }
      const call = whole.output[0]
      assert.ok(call?.type === 'function_call')
      const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }
      const after = await openai.responses.create({
        model: 'auto',
        input: [question, call, result],
        tools: [tool],
      })
      assert.equal(after.output_text, SENTENCE)
    })

    it('is incomplete when the length ended it', async () => {
      const request = { model: 'auto', input: ENDLESS, max_output_tokens: 16 }
      const whole = await openai.responses.create(request)
      assert.equal(whole.status, 'incomplete')
      assert.equal(whole.incomplete_details?.reason, 'max_output_tokens')
      const types: string[] = []
      for await (const event of await openai.responses.create({ ...request, stream: true }))
        types.push(event.type)
      assert.equal(types.at(-1), 'response.incomplete')
    })
  })

  describe('a client that leaves', () => {
    it('frees the slot of a stream', async () => {
      const stream = await openai.chat.completions.create({ ...user(ENDLESS), stream: true })
      let pieces = 0
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content && ++pieces === 5) break
      }
      await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
      assert.equal(
        (await openai.chat.completions.create(user('Say hello'))).choices[0]?.message.content,
        SENTENCE,
      )
    })

    it('frees the slot of a responses stream', async () => {
      const stream = await openai.responses.create({ model: 'auto', input: ENDLESS, stream: true })
      for await (const event of stream) if (event.type === 'response.output_text.delta') break
      await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
    })

    it('is let go of at once when it waited for a whole answer', async () => {
      const inFlight = (): number | undefined =>
        router.server.snapshot().fleet.backends.get('engine')?.inFlight
      const leaving = new AbortController()
      const answer = openai.chat.completions.create(
        { ...user(ENDLESS), max_tokens: 3_000 },
        { signal: leaving.signal },
      )
      const gone = assert.rejects(answer, OpenAI.APIUserAbortError)
      await eventually('the slot is taken', async () => (await engine.busySlots()) === 1)
      assert.equal(inFlight(), 1)
      leaving.abort()
      await gone
      await eventually('the call is over', async () => inFlight() === 0)
      // The engine itself works on to the limit: asked directly, it does not notice either that nobody waits.
    })
  })

  it('has the tokens that the engine counted in its records', async () => {
    const own = await startRouter(policyFor(engine))
    try {
      await own.openai.chat.completions.create(user('Say hello'))
      for await (const _ of await own.openai.chat.completions.create({ ...user('Say hello'), stream: true }));
      const summary = JSON.stringify(await (await fetch(`${own.url}/v1/metrics`)).json())
      assert.match(summary, /"output_tokens":14\b/, summary)
    } finally {
      await own.close()
    }
  })
})

describe('privacy before a real engine', { skip: engineIsMissing }, () => {
  it('lets the attested engine, and never the hosted one, see a sensitive prompt', async () => {
    const engine = await startEngine()
    const hosted = await startBackend(chatScript('from far away'))
    const router = await startRouter(`
backends:
  hosted: { type: openai-compatible, endpoint: "${hosted.origin}/v1", model: big }
  engine: { type: openai-compatible, endpoint: "${engine.endpoint}", model: tiny, attest: local }
routes:
  - default: hosted
    fallback: engine
ab: { enabled: true, sampleRate: 1, candidates: { engine: hosted } }
`)
    const found = 'My card is 4111 1111 1111 1111, is that fine?'
    try {
      const plain = await router.openai.chat.completions.create(user('Say hello'))
      assert.equal(plain.choices[0]?.message.content, 'from far away')
      assert.equal(hosted.received.length, 1)

      const whole = await router.openai.chat.completions.create(user(found))
      assert.equal(whole.choices[0]?.message.content, SENTENCE)
      const marked = await router.openai.responses.create(
        { model: 'auto', input: 'Say hello' },
        { headers: { 'x-llr-sensitivity': 'high' } },
      )
      assert.equal(marked.output_text, SENTENCE)
      let text = ''
      for await (const chunk of await router.openai.chat.completions.create({
        ...user(found),
        stream: true,
      })) {
        text += chunk.choices[0]?.delta.content ?? ''
      }
      assert.equal(text, SENTENCE)
      await assert.rejects(
        router.openai.chat.completions.create({ ...user(found), model: 'hosted' }),
        (error) => error instanceof OpenAI.APIError && error.code === 'privacy_no_local_target',
      )

      await engine.kill()
      const left = await router.post('/v1/chat/completions', ask(found))
      assert.ok(left.status >= 500, `${left.status} once the engine is gone`)
      assert.equal(hosted.received.length, 1, 'no sensitive prompt reached the hosted backend')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await hosted.close()
      await engine.kill()
    }
  })
})

describe('a context that is too small', { skip: engineIsMissing }, () => {
  let small: RunningEngine
  const long = 'word '.repeat(400)

  before(async () => {
    small = await startEngine({ contextTokens: 512, slots: 1 })
  })
  after(() => small.kill())

  it('is context_length_exceeded with both numbers, buffered and streamed, in both protocols', async () => {
    const router = await startRouter(policyFor(small))
    const { openai } = router
    const overflows = (error: unknown): boolean => {
      assert.ok(error instanceof OpenAI.APIError)
      assert.equal(error.status, 400)
      assert.equal(error.code, 'context_length_exceeded')
      assert.match(error.message, /\d{4} tokens.*512 tokens/)
      return true
    }
    try {
      for (const stream of [false, true]) {
        await assert.rejects(openai.chat.completions.create({ ...user(long), stream }), overflows)
        await assert.rejects(openai.responses.create({ model: 'auto', input: long, stream }), overflows)
      }
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
    }
  })

  it('goes on to a fallback that has room', async () => {
    const large = await startEngine()
    const more = `  large: { type: openai-compatible, endpoint: "${large.endpoint}", model: tiny, attest: local }`
    const router = await startRouter(policyFor({ ...small, fallback: 'large' }, more))
    try {
      for (const stream of [false, true]) {
        const response = await router.post('/v1/chat/completions', ask(long, { stream }))
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('x-llr-backend'), 'large')
        assert.equal(response.headers.get('x-llr-attempts'), '2')
        assert.match(await response.text(), /llama/)
      }
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await large.kill()
    }
  })
})

describe('an engine that fails', { skip: engineIsMissing }, () => {
  const demo = '  demo: { type: demo }'

  it('that dies in mid-stream: an error, not a clean end, in both protocols; the next request falls back', async () => {
    const engine = await startEngine()
    const router = await startRouter(policyFor({ ...engine, fallback: 'demo' }, demo))
    try {
      const chat = await router.openai.chat.completions.create({ ...user(ENDLESS), stream: true })
      const responses = await router.openai.responses.create({ model: 'auto', input: ENDLESS, stream: true })
      const types: string[] = []
      const readChat = async (): Promise<void> => {
        let pieces = 0
        for await (const chunk of chat)
          if (chunk.choices[0]?.delta.content && ++pieces === 20) await engine.kill()
      }
      const readResponses = async (): Promise<void> => {
        for await (const event of responses) types.push(event.type)
      }
      const [chatEnd] = await Promise.all([
        assert.rejects(readChat(), (error) => {
          assert.ok(error instanceof OpenAI.APIError, String(error))
          assert.equal(error.code, 'upstream_truncated')
          return true
        }),
        readResponses(),
      ])
      assert.equal(chatEnd, undefined)
      assert.ok(types.includes('response.output_text.delta'))
      assert.equal(types.at(-1), 'response.failed')

      const next = await router.openai.chat.completions.create(user('Say hello')).withResponse()
      assert.equal(next.response.headers.get('x-llr-backend'), 'demo')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await engine.kill()
    }
  })

  it('that is not there: the fallback answers, buffered and streamed', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}/v1`
    const router = await startRouter(policyFor({ endpoint, fallback: 'demo' }, demo))
    try {
      for (const stream of [false, true]) {
        const response = await router.post('/v1/chat/completions', ask('Say hello', { stream }))
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('x-llr-backend'), 'demo')
        assert.match(await response.text(), /demonstration/)
      }
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
    }
  })

  it('that has no slot free in time: the fallback answers', async () => {
    const engine = await startEngine({ slots: 1 })
    const impatient = `${demo}\ntimeouts: { firstTokenMs: 300, totalMs: 300 }`
    const router = await startRouter(policyFor({ ...engine, fallback: 'demo' }, impatient))
    try {
      const blocking = new AbortController()
      const blocked = fetch(`${engine.endpoint}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(ask(ENDLESS, { stream: true })),
        signal: blocking.signal,
      })
      await eventually('the slot is taken', async () => (await engine.busySlots()) === 1)
      for (const stream of [false, true]) {
        const response = await router.post('/v1/chat/completions', ask('Say hello', { stream }))
        assert.equal(response.headers.get('x-llr-backend'), 'demo')
        assert.match(await response.text(), /demonstration/)
      }
      const reading = assert.rejects((await blocked).text())
      blocking.abort()
      await reading
      await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
      const response = await router.post('/v1/chat/completions', ask('Say hello'))
      assert.equal(response.headers.get('x-llr-backend'), 'engine')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await engine.kill()
    }
  })
})
