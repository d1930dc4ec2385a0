/** The official `openai` package's Responses → the running router → llama.cpp's server, which is asked in chat. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ENDLESS, SENTENCE, WEATHER } from './asks.ts'
import { describeWithEngine } from './stage.ts'

describeWithEngine('responses by the openai package to a real engine', (stage) => {
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
})
