/** The official `ollama` package → the running router → llama.cpp's server, in each protocol that it speaks. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Ollama, type ChatResponse, type GenerateResponse, type Message } from 'ollama'
import { EGRESS, ENDLESS, PONDER, SENTENCE, THOUGHT, WEATHER } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

const TOOL = {
  type: 'function',
  function: {
    name: WEATHER.function.name,
    description: WEATHER.function.description ?? '',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' } },
      required: ['location'],
    },
  },
}

const user = (content: string): Message => ({ role: 'user', content })

interface Whole<Response> {
  readonly text: string
  readonly thinking: string
  readonly pieces: number
  readonly last: Response
}

async function joined<Response extends ChatResponse | GenerateResponse>(
  stream: AsyncIterable<Response>,
): Promise<Whole<Response>> {
  let text = ''
  let thinking = ''
  let pieces = 0
  let last: Response | undefined
  for await (const line of stream) {
    assert.equal(last?.done ?? false, false, 'nothing follows the end')
    const said: { thinking?: string } = 'message' in line ? line.message : line
    text += 'message' in line ? line.message.content : line.response
    thinking += said.thinking ?? ''
    pieces++
    last = line
  }
  assert.ok(last?.done)
  return { text, thinking, pieces, last }
}

for (const egress of EGRESS) {
  describeWithEngine(
    `the ollama package to a real engine that is spoken to in ${egress}`,
    (stage) => {
      chats(stage)
      generates(stage)
      it('says when the length ended an answer', async () => {
        const request = {
          model: 'auto',
          messages: [user(ENDLESS)],
          options: { num_predict: 16 },
        }
        const whole = await client(stage).chat(request)
        const streamed = await joined(await client(stage).chat({ ...request, stream: true }))
        for (const { done_reason: reason, eval_count: count } of [whole, streamed.last]) {
          assert.equal(count, 16)
          // The engine says "completed" of a cut answer there.
          assert.equal(reason, egress === 'responses' ? 'stop' : 'length')
        }
      })
    },
    egress,
  )
}

function client(stage: EngineStage): Ollama {
  return new Ollama({ host: stage.router.url })
}

function chats(stage: EngineStage): void {
  it('chats', async () => {
    const whole = await client(stage).chat({ model: 'auto', messages: [user('Say hello')] })
    assert.equal(whole.message.content, SENTENCE)
    assert.equal(whole.done_reason, 'stop')
    assert.equal(whole.eval_count, 7)
    assert.ok(whole.total_duration > 0, 'says how long it took')
  })

  it('chats in a stream', async () => {
    const stream = await client(stage).chat({ model: 'auto', messages: [user('Say hello')], stream: true })
    const { text, pieces, last } = await joined(stream)
    assert.equal(text, SENTENCE)
    assert.ok(pieces > 2, `in ${pieces} pieces`)
    assert.equal(last.eval_count, 7)
    assert.ok(last.total_duration > 0, 'says how long it took')
  })

  it('thinks apart from the answer', async () => {
    const request = { model: 'auto', messages: [user(PONDER)] }
    const { message } = await client(stage).chat(request)
    assert.match(message.thinking ?? '', THOUGHT)
    assert.equal(message.content, SENTENCE)
    const streamed = await joined(await client(stage).chat({ ...request, stream: true }))
    assert.match(streamed.thinking, THOUGHT)
    assert.equal(streamed.text, SENTENCE)
  })

  it('calls a tool, and answers from its result', async () => {
    const request = { model: 'auto', messages: [user('Weather?')], tools: [TOOL] }
    const { message } = await client(stage).chat(request)
    const streamed: Message[] = []
    for await (const line of await client(stage).chat({ ...request, stream: true })) {
      if (line.message.tool_calls !== undefined) streamed.push(line.message)
    }
    for (const said of [message, ...streamed]) {
      assert.deepEqual(
        said.tool_calls?.map((call) => [call.function.name, call.function.arguments]),
        [['get_weather', { location: 'San Francisco' }]],
      )
    }
    assert.equal(streamed.length, 1)
    // As its own examples do: the result names the tool, not the call.
    const messages = [
      ...request.messages,
      message,
      { role: 'tool', tool_name: 'get_weather', content: 'sunny' },
    ]
    assert.equal((await client(stage).chat({ ...request, messages })).message.content, SENTENCE)
  })
}

function generates(stage: EngineStage): void {
  it('generates', async () => {
    const whole = await client(stage).generate({ model: 'auto', system: 'Be brief.', prompt: PONDER })
    assert.equal(whole.response, SENTENCE)
    assert.match(whole.thinking ?? '', THOUGHT)
    assert.equal(whole.done_reason, 'stop')
  })

  it('generates in a stream', async () => {
    const stream = await client(stage).generate({ model: 'auto', prompt: PONDER, stream: true })
    const { text, thinking, pieces, last } = await joined(stream)
    assert.equal(text, SENTENCE)
    assert.match(thinking, THOUGHT)
    assert.ok(pieces > 2, `in ${pieces} pieces`)
    assert.equal(last.done_reason, 'stop')
  })

  it('lists and shows the models', async () => {
    const { models } = await client(stage).list()
    assert.ok(models.some(({ name }) => name.startsWith('auto')))
    const shown = await client(stage).show({ model: models[0]?.name ?? '' })
    assert.ok(shown.capabilities.includes('completion'))
  })
}
