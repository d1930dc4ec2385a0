/** The official `openai` package's chat → the running router → llama.cpp's server; no stand-ins. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import OpenAI from 'openai'
import { startRouter } from '../support/start-router.ts'
import { ENDLESS, policyFor, SENTENCE, user, WEATHER } from './asks.ts'
import { describeWithEngine } from './stage.ts'

describeWithEngine('chat by the openai package to a real engine', (stage) => {
  it('answers', async () => {
    const { data, response } = await stage.openai.chat.completions.create(user('Say hello')).withResponse()
    assert.equal(data.choices[0]?.message.content, SENTENCE)
    assert.equal(data.choices[0]?.finish_reason, 'stop')
    assert.equal(data.usage?.completion_tokens, 7)
    assert.equal(response.headers.get('x-llr-backend'), 'engine')
    assert.equal(response.headers.get('x-llr-model'), 'tiny')
  })

  it('streams, with usage when asked for it', async () => {
    const stream = await stage.openai.chat.completions.create({
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
    const stream = await stage.openai.chat.completions.create({ ...user('Say hello'), stream: true })
    for await (const chunk of stream) {
      assert.equal(chunk.choices.length, 1)
      assert.ok(!chunk.usage)
    }
  })

  it('calls a tool, and answers from its result', async () => {
    const first = await stage.openai.chat.completions.create({ ...user('Weather?'), tools: [WEATHER] })
    const message = first.choices[0]?.message
    const call = message?.tool_calls?.[0]
    assert.equal(first.choices[0]?.finish_reason, 'tool_calls')
    assert.ok(message !== undefined && call?.type === 'function')
    assert.equal(call.function.name, 'get_weather')
    assert.deepEqual(JSON.parse(call.function.arguments), { location: 'San Francisco' })
    const second = await stage.openai.chat.completions.create({
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
    const stream = stage.openai.chat.completions.stream({ ...user('Weather?'), tools: [WEATHER] })
    const final = await stream.finalChatCompletion()
    const call = final.choices[0]?.message.tool_calls?.[0]
    assert.equal(final.choices[0]?.finish_reason, 'tool_calls')
    assert.ok(call?.type === 'function')
    assert.equal(call.function.name, 'get_weather')
    assert.deepEqual(JSON.parse(call.function.arguments), { location: 'San Francisco' })
  })

  it('passes reasoning on, buffered and streamed', async () => {
    const whole = await stage.openai.chat.completions.create(user('Please think.'))
    const message = whole.choices[0]?.message as { content: string; reasoning_content?: string } | undefined
    assert.match(message?.reasoning_content ?? '', /let me think/)
    assert.equal(message?.content, SENTENCE)
    let text = ''
    let reasoning = ''
    for await (const chunk of await stage.openai.chat.completions.create({
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
    const whole = await stage.openai.chat.completions.create({ ...user(ENDLESS), max_tokens: 5 })
    assert.equal(whole.choices[0]?.finish_reason, 'length')
    assert.equal(whole.usage?.completion_tokens, 5)
    let finish: string | null = null
    for await (const chunk of await stage.openai.chat.completions.create({
      ...user(ENDLESS),
      max_completion_tokens: 5,
      stream: true,
    })) {
      finish = chunk.choices[0]?.finish_reason ?? finish
    }
    assert.equal(finish, 'length')
  })

  it('keeps what only the engine knows: several choices, timings, its own parameters', async () => {
    const whole = await stage.openai.chat.completions.create({ ...user('Say hello'), n: 2 })
    assert.equal(whole.choices.length, 2)
    assert.ok('timings' in whole)
    const bytes = {
      ...user('Say hello'),
      logit_bias: [[' tiny', -100]],
      return_progress: true,
      stream: true,
    }
    const text = await (await stage.router.post('/v1/chat/completions', bytes)).text()
    assert.match(text, /"prompt_progress"/)
  })

  it('holds to a JSON schema, and to a tool that has to be called', async () => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    }
    const whole = await stage.openai.chat.completions.create({
      ...user('Say hello'),
      response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
    })
    assert.deepEqual(JSON.parse(whole.choices[0]?.message.content ?? ''), { answer: '42' })
    const reply = await stage.openai.responses.create({
      model: 'auto',
      input: 'Say hello',
      text: { format: { type: 'json_schema', name: 'answer', strict: true, schema } },
    })
    assert.deepEqual(JSON.parse(reply.output_text), { answer: '42' })
    const called = await stage.openai.chat.completions.create({
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
      const bad = stage.openai.chat.completions.create({
        ...user('Say hello'),
        response_format: format,
        stream,
      })
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
          return (await stage.openai.chat.completions.create(user(`Say hello ${i}`))).choices[0]?.message
            .content
        let text = ''
        for await (const chunk of await stage.openai.chat.completions.create({
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

  it('has the tokens that the engine counted in its records', async () => {
    const own = await startRouter(policyFor(stage.engine))
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
