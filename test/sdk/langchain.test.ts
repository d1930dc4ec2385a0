/** LangChain's ChatOpenAI, by Chat Completions and by Responses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ContextOverflowError } from '@langchain/core/errors'
import { AIMessageChunk, HumanMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { z } from 'zod'
import { sendJson } from '../support/backend.ts'
import { createStage } from '../support/stage.ts'
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
  type SdkStage,
} from './sdk-stage.ts'

const WEATHER = z.object({ city: z.string(), rain: z.boolean() }).describe('The weather of a city')
const getWeather = tool((input: { city: string; days: number }) => `rain in ${input.city}`, {
  name: 'get_weather',
  description: 'Weather of a city',
  schema: z.object({ city: z.string(), days: z.int() }),
})
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

function modelOf({ url }: SdkStage, useResponsesApi: boolean, more: object = {}): ChatOpenAI {
  return new ChatOpenAI({
    model: 'auto',
    apiKey: 'any',
    maxRetries: 0,
    useResponsesApi,
    configuration: { baseURL: `${url}/v1` },
    ...more,
  })
}

for (const useResponsesApi of [false, true]) {
  for (const egress of EVERY_EGRESS) {
    describe(`langchain by ${useResponsesApi ? 'responses' : 'chat'} in front of ${egress}`, () => {
      const assertAnswer = (message: BaseMessage & { usage_metadata?: object | undefined }): void => {
        assert.equal(message.text, TEXT)
        const { input_tokens, output_tokens, total_tokens } = (message.usage_metadata ?? {}) as Record<
          string,
          number
        >
        assert.deepEqual([input_tokens, output_tokens, total_tokens], [21, 13, 34])
      }

      test('invoke and stream', async (t) => {
        const stage = await setSdkStage(t, egress, says(), says())
        const model = modelOf(stage, useResponsesApi)
        const asked = [
          ['system', 'Be brief.'],
          ['human', 'Hello'],
        ] as [string, string][]
        assertAnswer(await model.invoke(asked))
        let whole: AIMessageChunk | null = null
        let count = 0
        for await (const chunk of await model.stream(asked)) {
          if (chunk.text !== '') count++
          whole = whole === null ? chunk : whole.concat(chunk)
        }
        assert.ok(whole !== null)
        assertAnswer(whole)
        assert.equal(count, 4)
        for (const heard of stage.heard()) {
          assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
        }
      })

      for (const isStreamed of [false, true]) {
        test(`bindTools, ${isStreamed ? 'streamed' : 'buffered'}`, async (t) => {
          const stage = await setSdkStage(t, egress, calls(BERN, OSLO), says())
          const model = modelOf(stage, useResponsesApi).bindTools([getWeather])
          const history: BaseMessage[] = [new HumanMessage('Weather?')]
          let answer = new AIMessageChunk('')
          if (isStreamed) {
            for await (const chunk of await model.stream(history)) answer = answer.concat(chunk)
          } else answer = await model.invoke(history)
          assert.deepEqual(
            answer.tool_calls?.map(({ name, args }) => [name, args]),
            [
              ['get_weather', BERN.arguments],
              ['get_weather', OSLO.arguments],
            ],
          )
          assert.deepEqual(answer.invalid_tool_calls, [])
          const results = await Promise.all(
            (answer.tool_calls ?? []).map(async (call) => {
              const result: unknown = await getWeather.invoke({ ...call, type: 'tool_call' })
              assert.ok(result instanceof ToolMessage)
              return result
            }),
          )
          assertAnswer(await model.invoke([...history, answer, ...results]))
          assert.deepEqual(talkOf(stage.heard()[1]), [
            'user: Weather?',
            `assistant:  → get_weather ${BERN_TEXT} → get_weather ${OSLO_TEXT}`,
            `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
            `tool get_weather ${OSLO_TEXT}: rain in Oslo`,
          ])
        })
      }

      test('withStructuredOutput, by schema and by function', async (t) => {
        const object = { city: 'Bern', rain: true }
        const made = { id: 'call_Ee05', name: 'weather', arguments: object }
        const stage = await setSdkStage(t, egress, says(JSON.stringify(object)), calls(made))
        const model = modelOf(stage, useResponsesApi)
        const bySchema = model.withStructuredOutput(WEATHER, { name: 'weather', method: 'jsonSchema' })
        assert.deepEqual(await bySchema.invoke('JSON'), object)
        assert.deepEqual(stage.heard()[0]?.schema?.['required'], ['city', 'rain'])
        const byFunction = model.withStructuredOutput(WEATHER, { name: 'weather', method: 'functionCalling' })
        assert.deepEqual(await byFunction.invoke('JSON'), object)
      })

      test('errors', async (t) => {
        const stage = await setSdkStage(t, egress)
        const model = modelOf(stage, useResponsesApi)
        stage.script(refuses(egress, 429, 'slow down'))
        for (const send of [() => model.invoke('Hello'), () => model.stream('Hello')]) {
          const error = (await rejection(send())) as Error & { status?: number; code?: string }
          assert.deepEqual([error.status, error.code], [429, 'rate_limit_exceeded'])
        }
        stage.script(refuses(egress, 400, 'prompt is too long: 9000 tokens > 8192 maximum'))
        assert.ok((await rejection(model.invoke('Hello'))) instanceof ContextOverflowError)
      })
    })
  }
}

describe('langchain by responses, which it goes on from', () => {
  for (const egress of ['chat', 'ollama'] as const) {
    test(`previous_response_id in front of ${egress}`, async (t) => {
      const stage = await setSdkStage(t, egress, says(), says('Yes.'))
      const model = modelOf(stage, true)
      const first = await model.invoke('Hello')
      const id = first.response_metadata['id'] as string
      assert.match(id, /^resp_/)
      const second = await model.invoke('Sure?', { previous_response_id: id })
      assert.equal(second.text, 'Yes.')
      assert.deepEqual(talkOf(stage.heard()[1]), ['user: Hello', `assistant: ${TEXT}`, 'user: Sure?'])
    })
  }
})

test('langchain’s embeddings', async (t) => {
  const stage = createStage(t)
  const backend = await stage.backend(({ method, body }, response) => {
    if (method === 'GET') return sendJson(response, 200, { models: [{ name: 'nomic:latest' }] })
    const embeddings = [body['input']].flat().map((_, index) => [0.25, -0.5, index])
    sendJson(response, 200, { model: 'nomic', embeddings, prompt_eval_count: 4 })
  })
  const { url } = await stage.router(`
backends: { one: { type: ollama, endpoint: "${backend.origin}", model: m, embeddings: nomic } }
routes: [{ default: one }]
`)
  const configuration = { baseURL: `${url}/v1` }
  const embeddings = new OpenAIEmbeddings({ model: 'nomic', apiKey: 'any', maxRetries: 0, configuration })
  assert.deepEqual(await embeddings.embedDocuments(['a', 'b']), [
    [0.25, -0.5, 0],
    [0.25, -0.5, 1],
  ])
})
