/** The official `@anthropic-ai/sdk` → the running router → llama.cpp's server, in each protocol that it speaks. */
import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { EGRESS, ENDLESS, PONDER, SENTENCE, THOUGHT, WEATHER } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

const TOOL: Anthropic.Tool = {
  name: WEATHER.function.name,
  description: WEATHER.function.description ?? '',
  input_schema: { type: 'object', ...WEATHER.function.parameters },
}

function asked(content: string): Anthropic.MessageCreateParamsNonStreaming {
  return { model: 'auto', max_tokens: 1000, messages: [{ role: 'user', content }] }
}

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}

/** Buffered, then streamed: the two must not differ. */
async function bothWays(
  client: Anthropic,
  request: Anthropic.MessageCreateParamsNonStreaming,
): Promise<readonly Anthropic.Message[]> {
  return [await client.messages.create(request), await client.messages.stream(request).finalMessage()]
}

for (const egress of EGRESS) {
  describeWithEngine(
    `messages by the anthropic package to a real engine that is spoken to in ${egress}`,
    (stage) => {
      answers(stage)
      it('says when the length ended an answer', async () => {
        for (const message of await bothWays(client(stage), { ...asked(ENDLESS), max_tokens: 16 })) {
          assert.equal(message.usage.output_tokens, 16)
          // The engine says "completed" of a cut answer there.
          assert.equal(message.stop_reason, egress === 'responses' ? 'end_turn' : 'max_tokens')
        }
      })
    },
    egress,
  )
}

function client(stage: EngineStage): Anthropic {
  return new Anthropic({ baseURL: stage.router.url, apiKey: 'any', maxRetries: 0 })
}

function answers(stage: EngineStage): void {
  it('answers', async () => {
    const { data, response } = await client(stage).messages.create(asked('Say hello')).withResponse()
    assert.equal(textOf(data), SENTENCE)
    assert.equal(data.stop_reason, 'end_turn')
    assert.equal(data.usage.output_tokens, 7)
    assert.equal(response.headers.get('x-llr-backend'), 'engine')
    assert.ok(response.headers.get('request-id'))
  })

  it('streams', async () => {
    const pieces: string[] = []
    const stream = client(stage).messages.stream(asked('Say hello'))
    stream.on('text', (piece) => pieces.push(piece))
    const message = await stream.finalMessage()
    assert.equal(textOf(message), SENTENCE)
    assert.equal(pieces.join(''), SENTENCE)
    assert.ok(pieces.length > 2, `in ${pieces.length} pieces`)
    assert.equal(message.stop_reason, 'end_turn')
    assert.equal(message.usage.output_tokens, 7)
  })

  it('thinks in blocks of its own, that can be sent back', async () => {
    for (const message of await bothWays(client(stage), asked(PONDER))) {
      const [thought, said] = message.content
      assert.ok(thought?.type === 'thinking' && said?.type === 'text')
      assert.match(thought.thinking, THOUGHT)
      assert.equal(said.text, SENTENCE)
      const next = await client(stage).messages.create({
        ...asked(PONDER),
        messages: [
          { role: 'user', content: PONDER },
          { role: 'assistant', content: message.content },
          { role: 'user', content: 'Say hello' },
        ],
      })
      assert.equal(textOf(next), SENTENCE)
    }
  })

  it('calls a tool, and answers from its result', async () => {
    const request = { ...asked('Weather?'), tools: [TOOL] }
    for (const message of await bothWays(client(stage), request)) {
      const call = message.content.at(-1)
      assert.equal(message.stop_reason, 'tool_use')
      assert.ok(call?.type === 'tool_use')
      assert.equal(call.name, 'get_weather')
      assert.deepEqual(call.input, { location: 'San Francisco' })
      const [final] = await bothWays(client(stage), {
        ...request,
        messages: [
          ...request.messages,
          { role: 'assistant', content: message.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] },
        ],
      })
      assert.ok(final !== undefined)
      assert.equal(textOf(final), SENTENCE)
    }
  })

  it('counts tokens, more for more', async () => {
    const counted = async (content: string): Promise<number> => {
      const { model, messages } = asked(content)
      return (await client(stage).messages.countTokens({ model, messages })).input_tokens
    }
    const few = await counted('Say hello')
    assert.ok(few > 0)
    assert.ok((await counted('Say hello. '.repeat(100))) > 50 * few)
  })
}
