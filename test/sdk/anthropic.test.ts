/** Anthropic's own SDK: its stream's accumulator, its tool runner, its parser, its counter and its error classes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { z } from 'zod'
import {
  BERN,
  calls,
  EVERY_EGRESS,
  OSLO,
  says,
  setSdkStage,
  talkOf,
  TEXT,
  THOUGHT,
  thinks,
  WEATHER_SCHEMA,
  type SdkStage,
} from './sdk-stage.ts'

const ASK = {
  model: 'auto',
  max_tokens: 4096,
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Hello' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming
const TOOL: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { ...WEATHER_SCHEMA, type: 'object' },
}
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

function clientOf({ url }: SdkStage): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0 })
}

for (const egress of EVERY_EGRESS) {
  describe(`@anthropic-ai/sdk in front of ${egress}`, () => {
    const assertUsage = (usage: Anthropic.Usage): void => {
      const cached = egress === 'ollama' ? 0 : 8
      assert.deepEqual(
        [usage.input_tokens, usage.cache_read_input_tokens ?? 0, usage.output_tokens],
        [21 - cached, cached, 13],
      )
    }

    test('text, buffered', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const message = await clientOf(stage).messages.create(ASK)
      assert.deepEqual([message.type, message.role], ['message', 'assistant'])
      assert.match(message.id, /^msg_/)
      assert.equal(message._request_id?.slice(0, 4), 'req_')
      assert.deepEqual(
        message.content.map((block) => [block.type, block.type === 'text' && block.text]),
        [['text', TEXT]],
      )
      assert.deepEqual([message.stop_reason, message.stop_sequence], ['end_turn', null])
      assertUsage(message.usage)
      const [heard] = stage.heard()
      assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
      assert.equal(heard?.maxTokens, 4096)
    })

    test('text, streamed: finalMessage', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const stream = clientOf(stage).messages.stream(ASK)
      const deltas: string[] = []
      stream.on('text', (delta, snapshot) => {
        deltas.push(delta)
        assert.equal(snapshot, deltas.join(''))
      })
      const message = await stream.finalMessage()
      assert.deepEqual(deltas, ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.'])
      assert.equal(await stream.finalText(), TEXT)
      assert.equal(message.stop_reason, 'end_turn')
      assert.equal(stream.request_id?.slice(0, 4), 'req_')
      assertUsage(message.usage)
    })

    test('thinking, and back with it over a tool call', async (t) => {
      // There are chat servers that refuse a request with it.
      const takesThinking = egress !== 'chat'
      for (const isStreamed of [false, true]) {
        const stage = await setSdkStage(t, egress, thinks(calls(BERN)), thinks(says()))
        const { messages } = clientOf(stage)
        const ask = {
          ...ASK,
          tools: [TOOL],
          thinking: { type: 'enabled', budget_tokens: 2048 },
        } satisfies Anthropic.MessageCreateParamsNonStreaming
        const send = (body: Anthropic.MessageCreateParamsNonStreaming) =>
          isStreamed ? messages.stream(body).finalMessage() : messages.create(body)
        const first = await send(ask)
        const [thought, call, ...more] = first.content
        assert.ok(thought?.type === 'thinking' && call?.type === 'tool_use')
        assert.deepEqual(more, [])
        assert.equal(thought.thinking, THOUGHT)
        assert.notEqual(thought.signature, '')
        assert.deepEqual([call.name, call.input], ['get_weather', BERN.arguments])
        assert.equal(first.stop_reason, 'tool_use')
        const result = { type: 'tool_result', tool_use_id: call.id, content: 'rain' } as const
        const second = await send({
          ...ask,
          messages: [
            ...ask.messages,
            { role: 'assistant', content: first.content },
            { role: 'user', content: [result] },
          ],
        })
        assert.deepEqual(
          second.content.map(({ type }) => type),
          ['thinking', 'text'],
        )
        assert.deepEqual(talkOf(stage.heard()[1]), [
          'system: Be brief.',
          'user: Hello',
          `assistant:${takesThinking ? ` (${THOUGHT})` : ''}  → get_weather ${BERN_TEXT}`,
          `tool get_weather ${BERN_TEXT}: rain`,
        ])
      }
    })

    test('calls, streamed: their JSON in pieces', async (t) => {
      const stage = await setSdkStage(t, egress, calls(BERN, OSLO))
      const stream = clientOf(stage).messages.stream({ ...ASK, tools: [TOOL] })
      let pieces = ''
      stream.on('inputJson', (piece) => (pieces += piece))
      const { content } = await stream.finalMessage()
      assert.deepEqual(
        content.map((block) => block.type === 'tool_use' && [block.name, block.input]),
        [
          ['get_weather', BERN.arguments],
          ['get_weather', OSLO.arguments],
        ],
      )
      assert.equal(pieces, `${BERN_TEXT}${OSLO_TEXT}`)
    })

    for (const [stream, threads] of [
      [false, false],
      [true, false],
      // It begins with a thread by itself, and goes on without one when it is told that there are none.
      [false, true],
      [true, true],
    ] as const) {
      const how = `${stream ? 'streamed' : 'buffered'}${threads ? ', threads wanted' : ''}`
      test(`toolRunner over two rounds, ${how}`, async (t) => {
        const stage = await setSdkStage(
          t,
          egress,
          calls(BERN, OSLO),
          calls({ ...BERN, id: 'call_Cc03' }),
          says(),
        )
        const asked: object[] = []
        const weather = betaZodTool({
          name: 'get_weather',
          description: 'Weather of a city',
          inputSchema: z.object({ city: z.string(), days: z.int() }),
          run: (input) => {
            asked.push(input)
            return `rain in ${input.city}`
          },
        })
        const params = {
          ...ASK,
          tools: [weather],
          max_iterations: 5,
          ...(threads ? {} : { thread: false as const }),
        }
        const { messages } = clientOf(stage).beta
        const message = stream
          ? await messages.toolRunner({ ...params, stream }).runUntilDone()
          : await messages.toolRunner(params).runUntilDone()
        assert.deepEqual(
          message.content.map((block) => block.type === 'text' && block.text),
          [TEXT],
        )
        assert.deepEqual(asked, [BERN.arguments, OSLO.arguments, BERN.arguments])
        assert.deepEqual(talkOf(stage.heard()[2]), [
          'system: Be brief.',
          'user: Hello',
          `assistant:  → get_weather ${BERN_TEXT} → get_weather ${OSLO_TEXT}`,
          `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
          `tool get_weather ${OSLO_TEXT}: rain in Oslo`,
          `assistant:  → get_weather ${BERN_TEXT}`,
          `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
        ])
      })
    }

    test('structured output: parse, and stream with a format', async (t) => {
      const json = says('{"city":"Bern","rain":true}')
      const stage = await setSdkStage(t, egress, json, json)
      const { messages } = clientOf(stage)
      const format = zodOutputFormat(z.object({ city: z.string(), rain: z.boolean() }))
      const ask = { ...ASK, output_config: { format } }
      assert.deepEqual((await messages.parse(ask)).parsed_output, { city: 'Bern', rain: true })
      const streamed = await messages.stream(ask).finalMessage()
      assert.deepEqual(streamed.parsed_output, { city: 'Bern', rain: true })
      for (const { schema } of stage.heard()) {
        assert.deepEqual(schema?.['properties'], { city: { type: 'string' }, rain: { type: 'boolean' } })
      }
    })

    test('an answer that was cut by its length', async (t) => {
      const cut = { ...says('Once upon a ti'), finish: 'length' } as const
      const stage = await setSdkStage(t, egress, cut, cut)
      const { messages } = clientOf(stage)
      assert.equal((await messages.create(ASK)).stop_reason, 'max_tokens')
      assert.equal((await messages.stream(ASK).finalMessage()).stop_reason, 'max_tokens')
    })
  })
}
