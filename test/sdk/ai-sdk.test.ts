/** The AI SDK by its four ways to a router: OpenAI's Chat and Responses, OpenAI-compatible, and Anthropic. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  generateObject,
  generateText,
  stepCountIs,
  streamObject,
  streamText,
  type LanguageModel,
  type ModelMessage,
} from 'ai'
import { z } from 'zod'
import { COMMON, weatherTool } from './ai-sdk-weather.ts'
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

interface Provider {
  readonly name: string
  readonly model: (stage: SdkStage) => LanguageModel
  /** What switches thinking on and shows it; null where the provider has no place for it. */
  readonly thinking: NonNullable<Parameters<typeof generateText>[0]['providerOptions']> | null
}

const PROVIDERS: readonly Provider[] = [
  {
    name: 'openai.chat',
    model: ({ url }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'any' }).chat('auto'),
    thinking: null,
  },
  {
    name: 'openai.responses',
    model: ({ url }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'any' }).responses('auto'),
    thinking: {
      openai: { forceReasoning: true, reasoningEffort: 'high', reasoningSummary: 'auto', store: false },
    },
  },
  {
    name: 'openai-compatible',
    model: ({ url }) =>
      createOpenAICompatible({
        name: 'llr',
        baseURL: `${url}/v1`,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })('auto'),
    thinking: { llr: { reasoningEffort: 'high' } },
  },
  {
    name: 'anthropic',
    model: ({ url }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'any' })('auto'),
    thinking: { anthropic: { thinking: { type: 'enabled', budgetTokens: 2048 }, toolStreaming: false } },
  },
]
const WEATHER = z.object({ city: z.string(), rain: z.boolean() })
/** `eager_input_streaming` is for Anthropic itself; the played server does not know it. */
const PLAIN_TOOLS = { anthropic: { toolStreaming: false } } as const
const OBJECT_OPTIONS = { anthropic: { structuredOutputMode: 'outputFormat' } } as const
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

for (const provider of PROVIDERS) {
  for (const egress of EVERY_EGRESS) {
    describe(`ai with ${provider.name} in front of ${egress}`, () => {
      const assertUsage = (usage: { inputTokens?: number | undefined; outputTokens?: number | undefined }) =>
        assert.deepEqual([usage.inputTokens, usage.outputTokens], [21, 13])

      test('generateText', async (t) => {
        const stage = await setSdkStage(t, egress, says())
        const result = await generateText({
          ...COMMON,
          model: provider.model(stage),
          system: 'Be brief.',
          prompt: 'Hello',
        })
        assert.equal(result.text, TEXT)
        assert.equal(result.finishReason, 'stop')
        assert.deepEqual(result.warnings, [])
        assertUsage(result.usage)
        const [heard] = stage.heard()
        assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
        assert.equal(heard?.maxTokens, 4096)
      })

      test('streamText', async (t) => {
        const stage = await setSdkStage(t, egress, says())
        const result = streamText({ ...COMMON, model: provider.model(stage), prompt: 'Hello' })
        const deltas: string[] = []
        for await (const delta of result.textStream) deltas.push(delta)
        assert.equal(deltas.join(''), TEXT)
        assert.equal(deltas.length, 4)
        assert.equal(await result.finishReason, 'stop')
        assertUsage(await result.usage)
      })

      for (const isStreamed of [false, true]) {
        const how = isStreamed ? 'streamed' : 'buffered'

        test(`a tool over three steps, and another turn, ${how}`, async (t) => {
          const last = { ...OSLO, id: 'call_Cc03' }
          const stage = await setSdkStage(t, egress, calls(BERN, OSLO), calls(last), says(), says('Yes.'))
          const asked: object[] = []
          const messages: ModelMessage[] = [{ role: 'user', content: 'Weather?' }]
          const ask = (more: ModelMessage[]) => ({
            ...COMMON,
            model: provider.model(stage),
            messages: [...messages, ...more],
            tools: { get_weather: weatherTool(asked) },
            stopWhen: stepCountIs(5),
            providerOptions: PLAIN_TOOLS,
          })
          const run = async (more: ModelMessage[]) => {
            if (!isStreamed) return generateText(ask(more))
            const result = streamText(ask(more))
            const [text, steps, response] = [result.text, result.steps, result.response]
            return { text: await text, steps: await steps, response: await response }
          }
          const first = await run([])
          assert.equal(first.text, TEXT)
          assert.deepEqual(
            first.steps.map(({ finishReason }) => finishReason),
            ['tool-calls', 'tool-calls', 'stop'],
          )
          assert.deepEqual(asked, [BERN.arguments, OSLO.arguments, OSLO.arguments])
          const second = await run([...first.response.messages, { role: 'user', content: 'Sure?' }])
          assert.equal(second.text, 'Yes.')
          assert.deepEqual(talkOf(stage.heard()[3]), [
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

        test(`reasoning, and back with it over a tool call, ${how}`, async (t) => {
          const { thinking } = provider
          if (thinking === null) return t.skip('the provider has no place for it')
          const stage = await setSdkStage(t, egress, thinks(calls(BERN)), thinks(says()))
          const ask = {
            ...COMMON,
            model: provider.model(stage),
            prompt: 'Weather?',
            tools: { get_weather: weatherTool([]) },
            stopWhen: stepCountIs(3),
            providerOptions: thinking,
          }
          const steps = isStreamed ? await streamText(ask).steps : (await generateText(ask)).steps
          assert.deepEqual(
            steps.map((step) => [step.reasoningText, step.text]),
            [
              [THOUGHT, ''],
              [THOUGHT, TEXT],
            ],
          )
          const [, heard] = stage.heard()
          const own = provider.name === 'openai-compatible'
          // Chat clients cannot send a seal back, and there are chat servers that refuse a request with thinking.
          const takesThinking = egress === 'ollama' || (egress === 'chat' ? own : !own)
          assert.deepEqual(talkOf(heard), [
            'user: Weather?',
            `assistant:${takesThinking ? ` (${THOUGHT})` : ''}  → get_weather ${BERN_TEXT}`,
            `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
          ])
        })
      }

      test('generateObject and streamObject', async (t) => {
        const json = says('{"city":"Bern","rain":true}')
        const stage = await setSdkStage(t, egress, json, json)
        const ask = {
          ...COMMON,
          model: provider.model(stage),
          prompt: 'As JSON',
          schema: WEATHER,
          providerOptions: OBJECT_OPTIONS,
        }
        const whole = await generateObject(ask)
        assert.deepEqual(whole.object, { city: 'Bern', rain: true })
        const streamed = streamObject(ask)
        let last: object = {}
        for await (const partial of streamed.partialObjectStream) last = partial
        assert.deepEqual(last, { city: 'Bern', rain: true })
        assert.deepEqual(await streamed.object, last)
        for (const { schema } of stage.heard()) {
          assert.deepEqual(schema?.['properties'], { city: { type: 'string' }, rain: { type: 'boolean' } })
        }
      })

      test('an answer that was cut by its length', async (t) => {
        const cut = { ...says('Once upon a ti'), finish: 'length' } as const
        const stage = await setSdkStage(t, egress, cut, cut)
        const ask = { ...COMMON, model: provider.model(stage), prompt: 'Tell me' }
        assert.equal((await generateText(ask)).finishReason, 'length')
        assert.equal(await streamText(ask).finishReason, 'length')
      })

      test('errors, before the answer and in its middle', async (t) => {
        const stage = await setSdkStage(t, egress)
        const ask = { ...COMMON, model: provider.model(stage), prompt: 'Hello' }
        stage.script(refuses(egress, 429, 'slow down', { 'retry-after': '7' }))
        const limited = await rejection(generateText(ask))
        assert.ok(APICallError.isInstance(limited), String(limited))
        assert.deepEqual([limited.statusCode, limited.isRetryable], [429, true])
        assert.equal(limited.responseHeaders?.['retry-after'], '7')
        assert.match(limited.message, /rate-limited/)
        stage.script(refuses(egress, 400, 'prompt is too long: 9000 tokens > 8192 maximum'))
        const full = await rejection(generateText(ask))
        assert.ok(APICallError.isInstance(full), String(full))
        assert.deepEqual([full.statusCode, full.isRetryable], [400, false])
        assert.match(full.message, /9000 tokens/)
        for (const failure of ['error', 'cut'] as const) {
          stage.answer({ ...says(), failure })
          const errors: unknown[] = []
          const result = streamText({ ...ask, onError: ({ error }) => void errors.push(error) })
          let text = ''
          for await (const delta of result.textStream) text += delta
          assert.equal(text, 'One ')
          assert.equal(errors.length, 1)
        }
      })
    })
  }
}
