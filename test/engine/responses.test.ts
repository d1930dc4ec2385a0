/** The official `openai` package's Responses → the running router → llama.cpp's server, in each protocol that it speaks. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ENDLESS, PONDER, SENTENCE, WEATHER } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

for (const egress of ['chat', 'messages'] as const) {
  describeWithEngine(
    `responses by the openai package to a real engine that is spoken to in ${egress}`,
    answers,
    egress,
  )
}

function answers(stage: EngineStage): void {
  it('answers', async () => {
    const reply = await stage.openai.responses.create({ model: 'auto', input: 'Say hello' })
    assert.equal(reply.output_text, SENTENCE)
    assert.equal(reply.status, 'completed')
    assert.equal(reply.usage?.output_tokens, 7)
  })

  it('streams what the strict accumulator takes', async () => {
    const stream = stage.openai.responses.stream({ model: 'auto', input: 'Say hello' })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    const final = await stream.finalResponse()
    assert.equal(final.output_text, SENTENCE)
    assert.equal(types[0], 'response.created')
    assert.equal(types.at(-1), 'response.completed')
    assert.equal(final.usage?.output_tokens, 7)
  })

  it('streams reasoning as a summary, then the answer', async () => {
    const stream = stage.openai.responses.stream({ model: 'auto', input: 'Please think.' })
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
    const whole = await stage.openai.responses.create({ model: 'auto', input: [question], tools: [tool] })
    const streamed = await stage.openai.responses
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
    const after = await stage.openai.responses.create({
      model: 'auto',
      input: [question, call, result],
      tools: [tool],
    })
    assert.equal(after.output_text, SENTENCE)
  })

  it('is incomplete when the length ended it', async () => {
    const request = { model: 'auto', input: ENDLESS, max_output_tokens: 16 }
    const whole = await stage.openai.responses.create(request)
    assert.equal(whole.status, 'incomplete')
    assert.equal(whole.incomplete_details?.reason, 'max_output_tokens')
    const types: string[] = []
    for await (const event of await stage.openai.responses.create({ ...request, stream: true }))
      types.push(event.type)
    assert.equal(types.at(-1), 'response.incomplete')
  })

  it('goes on from an answer by its id', async () => {
    const first = await stage.openai.responses.create({ model: 'auto', input: PONDER })
    const next = { model: 'auto', input: 'Say hello', previous_response_id: first.id }
    const alone = await stage.openai.responses.create({ model: 'auto', input: 'Say hello' })
    const whole = await stage.openai.responses.create(next)
    const streamed = await stage.openai.responses.stream(next).finalResponse()
    for (const reply of [whole, streamed]) {
      assert.equal(reply.output_text, SENTENCE)
      assert.ok((reply.usage?.input_tokens ?? 0) > (alone.usage?.input_tokens ?? 0), 'with what was said')
    }
  })
}

/**
 * The engine's own Responses lack the indexes and numbers that the package's accumulator needs, and say "completed" of
 * a cut answer: a client that wants them as they are gets just that, to its end.
 */
describeWithEngine(
  "responses that pass through to a real engine's own",
  (stage) => {
    const streamed = async (
      request: object,
    ): Promise<{ readonly text: string; readonly types: readonly string[] }> => {
      const types: string[] = []
      let text = ''
      const stream = await stage.openai.responses.create({ model: 'auto', ...request, stream: true })
      for await (const event of stream) {
        types.push(event.type)
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return { text, types }
    }

    it('answer, with thinking, buffered and streamed', async () => {
      const whole = await stage.openai.responses.create({ model: 'auto', input: PONDER })
      assert.equal(whole.output_text, SENTENCE)
      assert.match(JSON.stringify(whole.output[0]), /let me think/)
      const { text, types } = await streamed({ input: PONDER })
      assert.equal(text, SENTENCE)
      assert.ok(types.includes('response.reasoning_text.delta'))
      assert.equal(types[0], 'response.created')
      assert.equal(types.at(-1), 'response.completed')
    })

    it('call a tool, and answer from its result', async () => {
      const { name, parameters } = WEATHER.function
      const tools = [{ type: 'function' as const, name, parameters: parameters ?? {}, strict: false }]
      const question = { role: 'user' as const, content: 'Weather?' }
      const { output } = await stage.openai.responses.create({ model: 'auto', input: [question], tools })
      const call = output.find((item) => item.type === 'function_call')
      assert.deepEqual(JSON.parse(call?.arguments ?? ''), { location: 'San Francisco' })
      const result = { type: 'function_call_output', call_id: call?.call_id ?? '', output: 'sunny' }
      const { text } = await streamed({ input: [question, call, result], tools })
      assert.equal(text, SENTENCE)
    })

    it('go on from an answer by its id, which the engine itself cannot', async () => {
      const first = await stage.openai.responses.create({ model: 'auto', input: PONDER })
      const next = { input: 'Say hello', previous_response_id: first.id }
      const whole = await stage.openai.responses.create({ model: 'auto', ...next })
      assert.equal(whole.output_text, SENTENCE)
      assert.ok((whole.usage?.input_tokens ?? 0) > 100, 'with what was said')
      assert.equal((await streamed(next)).text, SENTENCE)
      assert.equal((await stage.openai.responses.retrieve(first.id)).id, first.id)
    })
  },
  'responses',
)
