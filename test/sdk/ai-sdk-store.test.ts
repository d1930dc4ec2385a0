/** The AI SDK where it goes ways of its own: what is stored is named instead of sent, an object is a call. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { generateObject, generateText, stepCountIs, type ModelMessage } from 'ai'
import { z } from 'zod'
import { COMMON, weatherTool } from './ai-sdk-weather.ts'
import { BERN, calls, says, setSdkStage, talkOf, TEXT, THOUGHT, thinks } from './sdk-stage.ts'

const BERN_TEXT = JSON.stringify(BERN.arguments)

describe('ai with openai.responses and its store', () => {
  for (const egress of ['chat', 'ollama', 'messages'] as const) {
    test(`what was stored is named, not sent: thinking too, in front of ${egress}`, async (t) => {
      const stage = await setSdkStage(t, egress, thinks(calls(BERN)), thinks(says()), says('Yes.'))
      const model = createOpenAI({
        baseURL: `${stage.url}/v1`,
        apiKey: 'any',
        fetch: async (url, init) => {
          sent.push(typeof init?.body === 'string' ? init.body : '')
          return fetch(url, init)
        },
      }).responses('auto')
      const sent: string[] = []
      const ask = {
        ...COMMON,
        model,
        tools: { get_weather: weatherTool([]) },
        stopWhen: stepCountIs(3),
        providerOptions: {
          openai: { forceReasoning: true, reasoningEffort: 'high', reasoningSummary: 'auto' },
        },
      } as const
      const messages: ModelMessage[] = [{ role: 'user', content: 'Weather?' }]
      const first = await generateText({ ...ask, messages })
      assert.equal(first.text, TEXT)
      const more: ModelMessage[] = [...first.response.messages, { role: 'user', content: 'Sure?' }]
      assert.equal((await generateText({ ...ask, messages: [...messages, ...more] })).text, 'Yes.')
      assert.equal(sent[2]?.match(/"item_reference"/g)?.length, 3)
      assert.ok(!sent[2]?.includes('First this'))
      const thought = egress === 'ollama' ? ` (${THOUGHT})` : ''
      assert.deepEqual(talkOf(stage.heard()[2]), [
        'user: Weather?',
        `assistant:${thought}  → get_weather ${BERN_TEXT}`,
        `tool get_weather ${BERN_TEXT}: rain in Bern “BE”\n`,
        `assistant:${thought} ${TEXT}`,
        'user: Sure?',
      ])
    })
  }

  test('previousResponseId', async (t) => {
    const stage = await setSdkStage(t, 'ollama', says(), says('Yes.'))
    const model = createOpenAI({ baseURL: `${stage.url}/v1`, apiKey: 'any' }).responses('auto')
    const first = await generateText({ ...COMMON, model, prompt: 'Hello' })
    const responseId = first.providerMetadata?.['openai']?.['responseId']
    assert.ok(typeof responseId === 'string')
    const second = await generateText({
      ...COMMON,
      model,
      prompt: 'Sure?',
      providerOptions: { openai: { previousResponseId: responseId } },
    })
    assert.equal(second.text, 'Yes.')
    assert.deepEqual(talkOf(stage.heard()[1]), ['user: Hello', `assistant: ${TEXT}`, 'user: Sure?'])
  })
})

describe('ai with anthropic, of which models it knows nothing', () => {
  test('an object by a tool that must be called', async (t) => {
    const json = { id: 'call_Dd04', name: 'json', arguments: { city: 'Bern', rain: true } }
    const stage = await setSdkStage(t, 'chat', calls(json))
    const model = createAnthropic({ baseURL: `${stage.url}/v1`, apiKey: 'any' })('auto')
    const schema = z.object({ city: z.string(), rain: z.boolean() })
    const { object } = await generateObject({ ...COMMON, model, prompt: 'As JSON', schema })
    assert.deepEqual(object, { city: 'Bern', rain: true })
    assert.notEqual(stage.requests()[0]?.body['tool_choice'], undefined)
  })
})
