/** OpenAI's agents: their loop with a function tool, by Chat Completions and by Responses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  Runner,
  setTracingDisabled,
  tool,
  type AgentInputItem,
  type Model,
} from '@openai/agents'
import OpenAI from 'openai'
import { z } from 'zod'
import {
  BERN,
  calls,
  EVERY_EGRESS,
  OSLO,
  refuses,
  rejection,
  says,
  setSdkStage,
  talkOf,
  TEXT,
  THOUGHT,
  thinks,
  type SdkStage,
} from './sdk-stage.ts'

setTracingDisabled(true)
const runner = new Runner({ tracingDisabled: true })
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

function modelOf({ router: { openai } }: SdkStage, byResponses: boolean): Model {
  return byResponses
    ? new OpenAIResponsesModel(openai, 'auto')
    : new OpenAIChatCompletionsModel(openai, 'auto')
}

function agentOf(stage: SdkStage, byResponses: boolean, asked: object[] = []) {
  return new Agent({
    name: 'weather',
    instructions: 'Be brief.',
    model: modelOf(stage, byResponses),
    tools: [
      tool({
        name: 'get_weather',
        description: 'Weather of a city',
        parameters: z.object({ city: z.string(), days: z.int() }),
        execute: (input) => {
          asked.push(input)
          return `rain in ${input.city}`
        },
      }),
    ],
  })
}

for (const byResponses of [false, true]) {
  for (const egress of EVERY_EGRESS) {
    describe(`agents by ${byResponses ? 'responses' : 'chat'} in front of ${egress}`, () => {
      for (const stream of [false, true]) {
        test(`a function tool over three rounds, ${stream ? 'streamed' : 'buffered'}`, async (t) => {
          const last = { ...OSLO, id: 'call_Cc03' }
          const stage = await setSdkStage(t, egress, calls(BERN, OSLO), calls(last), says(), says('Yes.'))
          const asked: object[] = []
          const agent = agentOf(stage, byResponses, asked)
          const run = async (input: AgentInputItem[]) => {
            if (!stream) return runner.run(agent, input)
            const result = await runner.run(agent, input, { stream: true })
            let text = ''
            for await (const event of result) {
              if (event.type !== 'raw_model_stream_event') continue
              if (event.data.type === 'output_text_delta') text += event.data.delta
            }
            await result.completed
            assert.equal(text, result.finalOutput)
            return result
          }
          const first = await run([{ role: 'user', content: 'Weather?' }])
          assert.equal(first.finalOutput, TEXT)
          assert.deepEqual(asked, [BERN.arguments, OSLO.arguments, OSLO.arguments])
          const { usage } = first.state
          assert.deepEqual([usage.requests, usage.inputTokens, usage.outputTokens], [3, 63, 39])
          const second = await run([...first.history, { role: 'user', content: 'Sure?' }])
          assert.equal(second.finalOutput, 'Yes.')
          assert.deepEqual(talkOf(stage.heard()[3]), [
            'system: Be brief.',
            'user: Weather?',
            `assistant:  → get_weather ${BERN_TEXT} → get_weather ${OSLO_TEXT}`,
            `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
            `tool get_weather ${OSLO_TEXT}: rain in Oslo`,
            `assistant:  → get_weather ${OSLO_TEXT}`,
            `tool get_weather ${OSLO_TEXT}: rain in Oslo`,
            `assistant: ${TEXT}`,
            'user: Sure?',
          ])
        })

        test(`an answer with a type, ${stream ? 'streamed' : 'buffered'}`, async (t) => {
          const stage = await setSdkStage(t, egress, says('{"city":"Bern","rain":true}'))
          const agent = new Agent({
            name: 'weather',
            model: modelOf(stage, byResponses),
            outputType: z.object({ city: z.string(), rain: z.boolean() }),
          })
          const result = stream
            ? await runner.run(agent, 'JSON', { stream: true })
            : await runner.run(agent, 'JSON')
          if ('completed' in result) await result.completed
          assert.deepEqual(result.finalOutput, { city: 'Bern', rain: true })
          assert.deepEqual(stage.heard()[0]?.schema?.['required'], ['city', 'rain'])
        })
      }

      test('errors', async (t) => {
        const stage = await setSdkStage(t, egress)
        stage.script(refuses(egress, 429, 'slow down'))
        const error = await rejection(runner.run(agentOf(stage, byResponses), 'Hello'))
        assert.ok(error instanceof OpenAI.RateLimitError, String(error))
        for (const failure of ['error', 'cut'] as const) {
          stage.answer({ ...says(), failure })
          const result = await runner.run(agentOf(stage, byResponses), 'Hello', { stream: true })
          assert.ok((await rejection(result.completed)) instanceof Error)
        }
      })
    })
  }
}

describe('agents by responses, with what is stored', () => {
  for (const egress of ['chat', 'ollama', 'messages'] as const) {
    test(`previousResponseId, and thinking, in front of ${egress}`, async (t) => {
      const stage = await setSdkStage(t, egress, thinks(calls(BERN)), thinks(says()), says('Yes.'))
      const agent = agentOf(stage, true).clone({
        modelSettings: { reasoning: { effort: 'high', summary: 'auto' } },
      })
      const first = await runner.run(agent, 'Weather?')
      const thoughts = first.newItems.filter((item) => item.type === 'reasoning_item')
      assert.deepEqual(
        thoughts.map(({ rawItem }) => rawItem.content.map(({ text }) => text)),
        [[THOUGHT], [THOUGHT]],
      )
      assert.ok(first.lastResponseId)
      const second = await runner.run(agent, 'Sure?', { previousResponseId: first.lastResponseId })
      assert.equal(second.finalOutput, 'Yes.')
      const thought = egress === 'ollama' ? ` (${THOUGHT})` : ''
      assert.deepEqual(talkOf(stage.heard()[2]), [
        'system: Be brief.',
        'user: Weather?',
        `assistant:${thought}  → get_weather ${BERN_TEXT}`,
        `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
        `assistant:${thought} ${TEXT}`,
        'user: Sure?',
      ])
    })
  }
})
