/** The `openai` package's Chat Completions, read by its own accumulators, parsers and tool runner. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { LengthFinishReasonError } from 'openai/error'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
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
  USAGE,
  WEATHER_SCHEMA,
} from './sdk-stage.ts'

type Message = OpenAI.ChatCompletionMessageParam

const ASKED: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
]
const WEATHER = z.object({ city: z.string(), rain: z.boolean() })
const TOOL: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { ...WEATHER_SCHEMA },
    strict: true,
  },
}

for (const egress of EVERY_EGRESS) {
  describe(`openai chat.completions in front of ${egress}`, () => {
    const tells = egress !== 'ollama'
    const usage = { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: 34 }
    const assertUsage = (told: OpenAI.CompletionUsage | null | undefined): void => {
      const { prompt_tokens, completion_tokens, total_tokens } = told ?? {}
      assert.deepEqual({ prompt_tokens, completion_tokens, total_tokens }, usage)
      if (tells) assert.equal(told?.prompt_tokens_details?.cached_tokens, USAGE.cached)
    }

    test('text, buffered', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const answer = await stage.router.openai.chat.completions.create({
        model: 'auto',
        messages: ASKED,
        max_completion_tokens: 100,
      })
      assert.equal(answer.object, 'chat.completion')
      assert.match(answer.id, /^\w+[-_]\w{8,}$/)
      const [choice, ...more] = answer.choices
      assert.deepEqual(more, [])
      assert.equal(choice?.message.content, TEXT)
      assert.equal(choice.message.refusal, null)
      assert.equal(choice.finish_reason, 'stop')
      assertUsage(answer.usage)
      const [heard] = stage.heard()
      assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
      assert.equal(heard?.maxTokens, 100)
    })

    test('text, streamed: finalChatCompletion', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const stream = stage.router.openai.chat.completions.stream({
        model: 'auto',
        messages: ASKED,
        stream_options: { include_usage: true },
      })
      const deltas: string[] = []
      stream.on('content.delta', ({ delta }) => deltas.push(delta))
      const done: string[] = []
      stream.on('content.done', ({ content }) => done.push(content))
      const answer = await stream.finalChatCompletion()
      assert.deepEqual(deltas, ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.'])
      assert.deepEqual(done, [TEXT])
      assert.equal(answer.object, 'chat.completion')
      assert.equal(answer.choices[0]?.message.content, TEXT)
      assert.equal(answer.choices[0].finish_reason, 'stop')
      assertUsage(answer.usage)
      assert.equal(await stream.finalContent(), TEXT)
    })

    test('reasoning comes as reasoning_content, buffered and streamed', async (t) => {
      const stage = await setSdkStage(t, egress, thinks(says()), thinks(says()))
      const { openai } = stage.router
      const ask = { model: 'auto', messages: ASKED, reasoning_effort: 'high' } as const
      const { choices } = await openai.chat.completions.create(ask)
      const message = choices[0]?.message as { content: string; reasoning_content?: string } | undefined
      assert.deepEqual([message?.reasoning_content, message?.content], [THOUGHT, TEXT])
      let [thought, text] = ['', '']
      for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true })) {
        const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined
        thought += delta?.reasoning_content ?? ''
        text += delta?.content ?? ''
      }
      assert.deepEqual([thought, text], [THOUGHT, TEXT])
      assert.deepEqual(
        stage.heard().map(({ effort }) => effort),
        ['high', 'high'],
      )
    })

    test('tool calls, streamed: every helper of the accumulator', async (t) => {
      const stage = await setSdkStage(t, egress, calls(BERN, OSLO))
      const stream = stage.router.openai.chat.completions.stream({
        model: 'auto',
        messages: ASKED,
        tools: [TOOL],
      })
      const done: string[] = []
      stream.on('tool_calls.function.arguments.done', (call) =>
        done.push(`${call.index} ${call.name} ${JSON.stringify(call.parsed_arguments)}`),
      )
      const { choices } = await stream.finalChatCompletion()
      assert.equal(choices[0]?.finish_reason, 'tool_calls')
      assert.equal(choices[0].message.content, null)
      const made = choices[0].message.tool_calls ?? []
      assert.deepEqual(
        made.map((call) => call.type === 'function' && [call.function.name, call.function.parsed_arguments]),
        [
          ['get_weather', BERN.arguments],
          ['get_weather', OSLO.arguments],
        ],
      )
      assert.notEqual(made[0]?.id, made[1]?.id)
      assert.ok(made.every((call) => call.id !== ''))
      assert.deepEqual(done, [
        `0 get_weather ${JSON.stringify(BERN.arguments)}`,
        `1 get_weather ${JSON.stringify(OSLO.arguments)}`,
      ])
    })

    test('structured output: parse, and stream with a zod format', async (t) => {
      const json = says('{"city":"Bern","rain":true}')
      const stage = await setSdkStage(t, egress, json, json)
      const ask = {
        model: 'auto',
        messages: ASKED,
        response_format: zodResponseFormat(WEATHER, 'weather'),
      }
      const whole = await stage.router.openai.chat.completions.parse(ask)
      assert.deepEqual(whole.choices[0]?.message.parsed, { city: 'Bern', rain: true })
      const streamed = await stage.router.openai.chat.completions.stream(ask).finalChatCompletion()
      assert.deepEqual(streamed.choices[0]?.message.parsed, { city: 'Bern', rain: true })
      for (const { schema } of stage.heard()) {
        assert.deepEqual(schema?.['properties'], { city: { type: 'string' }, rain: { type: 'boolean' } })
      }
    })

    for (const stream of [false, true]) {
      test(`runTools over two rounds, ${stream ? 'streamed' : 'buffered'}`, async (t) => {
        const stage = await setSdkStage(t, egress, calls(BERN, OSLO), calls(BERN), says())
        const asked: object[] = []
        const weather = zodFunction({
          name: 'get_weather',
          description: 'Weather of a city',
          parameters: z.object({ city: z.string(), days: z.int() }),
          function: (input: { city: string; days: number }) => {
            asked.push(input)
            return `rain in ${input.city}`
          },
        })
        const { completions } = stage.router.openai.chat
        const messages: Message[] = [{ role: 'user', content: 'Weather?' }]
        const runner = stream
          ? completions.runTools({ model: 'auto', messages, tools: [weather], stream: true })
          : completions.runTools({ model: 'auto', messages, tools: [weather] })
        assert.equal(await runner.finalContent(), TEXT)
        assert.deepEqual(asked, [BERN.arguments, OSLO.arguments, BERN.arguments])
        const bern = JSON.stringify(BERN.arguments)
        const oslo = JSON.stringify(OSLO.arguments)
        assert.deepEqual(talkOf(stage.heard()[2]), [
          'user: Weather?',
          `assistant:  → get_weather ${bern} → get_weather ${oslo}`,
          `tool get_weather ${bern}: rain in Bern “BE”\n`,
          `tool get_weather ${oslo}: rain in Oslo`,
          `assistant:  → get_weather ${bern}`,
          `tool get_weather ${bern}: rain in Bern “BE”\n`,
        ])
        if (!stream) assert.equal((await runner.totalUsage()).total_tokens, 3 * usage.total_tokens)
      })
    }

    test('an answer that was cut by its length', async (t) => {
      const cut = { ...says('Once upon a ti'), finish: 'length' } as const
      const stage = await setSdkStage(t, egress, cut, cut, cut)
      const { completions } = stage.router.openai.chat
      const ask = { model: 'auto', messages: ASKED, max_completion_tokens: 64 }
      const { choices } = await completions.create(ask)
      assert.deepEqual([choices[0]?.finish_reason, choices[0]?.message.content], ['length', 'Once upon a ti'])
      const streamed = await completions.stream(ask).finalChatCompletion()
      assert.equal(streamed.choices[0]?.finish_reason, 'length')
      const parsed = completions.parse({ ...ask, response_format: zodResponseFormat(WEATHER, 'weather') })
      assert.ok((await rejection(parsed)) instanceof LengthFinishReasonError)
    })

    test('its error classes', async (t) => {
      const stage = await setSdkStage(t, egress)
      const { completions } = stage.router.openai.chat
      const ask = { model: 'auto', messages: ASKED }
      const failure = async (script: Parameters<typeof stage.script>[0], stream: boolean) => {
        stage.script(script)
        const error = await rejection(
          stream ? completions.stream(ask).finalChatCompletion() : completions.create(ask),
        )
        assert.ok(error instanceof OpenAI.APIError)
        assert.match(error.requestID ?? '', /^req_/)
        return error
      }
      for (const stream of [false, true]) {
        const limited = await failure(refuses(egress, 429, 'slow down', { 'retry-after': '7' }), stream)
        assert.ok(limited instanceof OpenAI.RateLimitError)
        assert.deepEqual([limited.code, limited.type], ['rate_limit_exceeded', 'rate_limit_error'])
        assert.equal(limited.headers?.get('retry-after'), '7')
        const full = await failure(
          refuses(egress, 400, 'prompt is too long: 9000 tokens > 8192 maximum'),
          stream,
        )
        assert.ok(full instanceof OpenAI.BadRequestError)
        assert.equal(full.code, 'context_length_exceeded')
        assert.match(full.message, /9000 tokens.* 8192 tokens/)
        const broken = await failure(refuses(egress, 500, 'oh'), stream)
        assert.ok(broken instanceof OpenAI.InternalServerError)
        assert.deepEqual([broken.status, broken.code], [502, 'upstream_error'])
      }
    })

    test('a stream that breaks off is an error, not an end', async (t) => {
      for (const failure of ['error', 'cut'] as const) {
        const stage = await setSdkStage(t, egress, { ...says(), failure })
        const error = await rejection(
          stage.router.openai.chat.completions.stream({ model: 'auto', messages: ASKED }).finalContent(),
        )
        assert.ok(error instanceof OpenAI.APIError, String(error))
      }
    })
  })
}
