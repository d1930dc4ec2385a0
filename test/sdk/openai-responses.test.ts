/** The `openai` package's Responses API: its accumulator, its parser, its store and its counter. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod'
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
  WEATHER_SCHEMA,
} from './sdk-stage.ts'

const WEATHER = z.object({ city: z.string(), rain: z.boolean() })
const TOOL: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { ...WEATHER_SCHEMA },
  strict: true,
}
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

function typesOf({ output }: Pick<OpenAI.Responses.Response, 'output'>): readonly string[] {
  return output.map(({ type }) => type)
}

function callsOf({ output }: Pick<OpenAI.Responses.Response, 'output'>) {
  return output.filter((item) => item.type === 'function_call')
}

for (const egress of EVERY_EGRESS) {
  describe(`openai responses in front of ${egress}`, () => {
    const assertUsage = (usage: OpenAI.Responses.ResponseUsage | undefined): void => {
      assert.deepEqual([usage?.input_tokens, usage?.output_tokens, usage?.total_tokens], [21, 13, 34])
      assert.equal(usage?.input_tokens_details.cached_tokens, egress === 'ollama' ? 0 : 8)
      assert.equal(typeof usage?.output_tokens_details.reasoning_tokens, 'number')
    }

    test('text, buffered', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const answer = await stage.router.openai.responses.create({
        model: 'auto',
        instructions: 'Be brief.',
        input: 'Hello',
        max_output_tokens: 100,
        metadata: { house: 'blue' },
      })
      assert.equal(answer.output_text, TEXT)
      assert.deepEqual([answer.object, answer.status, answer.error], ['response', 'completed', null])
      assert.match(answer.id, /^resp_/)
      assert.deepEqual(typesOf(answer), ['message'])
      assertUsage(answer.usage)
      const [heard] = stage.heard()
      assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
      assert.equal(heard?.maxTokens, 100)
    })

    test('text, streamed: finalResponse', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const stream = stage.router.openai.responses.stream({ model: 'auto', input: 'Hello' })
      const deltas: string[] = []
      stream.on('response.output_text.delta', ({ delta, snapshot }) => {
        deltas.push(delta)
        assert.equal(snapshot, deltas.join(''))
      })
      const answer = await stream.finalResponse()
      assert.deepEqual(deltas, ['One ', 'answer', ', in “several”\n', 'pieces: 日本 👋.'])
      assert.equal(answer.output_text, TEXT)
      assert.equal(answer.status, 'completed')
      assertUsage(answer.usage)
    })

    test('reasoning is an item of its own, sealed when asked for', async (t) => {
      const stage = await setSdkStage(t, egress, thinks(says()), thinks(says()))
      const { responses } = stage.router.openai
      const ask = {
        model: 'auto',
        input: 'Prove it.',
        store: false,
        include: ['reasoning.encrypted_content'],
        reasoning: { effort: 'high', summary: 'auto' },
      } satisfies OpenAI.Responses.ResponseCreateParamsNonStreaming
      const whole = await responses.create(ask)
      const stream = responses.stream(ask)
      let thought = ''
      stream.on('response.reasoning_summary_text.delta', ({ delta }) => (thought += delta))
      const streamed = await stream.finalResponse()
      assert.equal(thought, THOUGHT)
      for (const answer of [whole, streamed]) {
        assert.deepEqual(typesOf(answer), ['reasoning', 'message'])
        const [item] = answer.output
        assert.ok(item?.type === 'reasoning')
        assert.deepEqual(item.summary, [{ type: 'summary_text', text: THOUGHT }])
        assert.ok(item.encrypted_content)
        assert.equal(answer.output_text, TEXT)
        assert.equal((answer as { store?: boolean }).store, false)
      }
      assert.deepEqual(
        stage.heard().map(({ effort }) => effort),
        ['high', 'high'],
      )
    })

    for (const isStreamed of [false, true]) {
      const how = isStreamed ? 'streamed' : 'buffered'

      test(`calls, and their outputs by previous_response_id, ${how}`, async (t) => {
        const stage = await setSdkStage(t, egress, calls(BERN, OSLO), says(), says('Yes.'))
        const { responses } = stage.router.openai
        const ask = async (body: Parameters<typeof responses.stream>[0]) =>
          isStreamed
            ? responses.stream(body).finalResponse()
            : responses.create(body as OpenAI.Responses.ResponseCreateParamsNonStreaming)
        const first = await ask({
          model: 'auto',
          instructions: 'Be brief.',
          input: 'Weather?',
          tools: [TOOL],
        })
        const made = callsOf(first)
        assert.deepEqual(
          made.map(({ name, arguments: text, status }) => [name, JSON.parse(text), status]),
          [
            ['get_weather', BERN.arguments, 'completed'],
            ['get_weather', OSLO.arguments, 'completed'],
          ],
        )
        assert.equal(new Set(made.flatMap(({ id, call_id }) => [id, call_id])).size, 4)
        const second = await ask({
          model: 'auto',
          previous_response_id: first.id,
          input: made.map(({ call_id }, index) => ({
            type: 'function_call_output',
            call_id,
            output: ['rain', 'snow'][index] ?? '',
          })),
          tools: [TOOL],
        })
        assert.equal(second.output_text, TEXT)
        const third = await ask({ model: 'auto', previous_response_id: second.id, input: 'Sure?' })
        assert.equal(third.output_text, 'Yes.')
        const [, , heard] = stage.heard()
        assert.deepEqual(talkOf(heard), [
          'user: Weather?',
          `assistant:  → get_weather ${BERN_TEXT} → get_weather ${OSLO_TEXT}`,
          `tool get_weather ${BERN_TEXT}: rain`,
          `tool get_weather ${OSLO_TEXT}: snow`,
          `assistant: ${TEXT}`,
          'user: Sure?',
        ])
      })

      test(`structured output and parsed arguments, ${how}`, async (t) => {
        const stage = await setSdkStage(t, egress, says('{"city":"Bern","rain":true}'), calls(OSLO))
        const { responses } = stage.router.openai
        const format = { model: 'auto', input: 'JSON', text: { format: zodTextFormat(WEATHER, 'weather') } }
        const answer = isStreamed
          ? await responses.stream(format).finalResponse()
          : await responses.parse(format)
        assert.deepEqual(answer.output_parsed, { city: 'Bern', rain: true })
        const [heard] = stage.heard()
        assert.deepEqual(heard?.schema?.['required'], ['city', 'rain'])
        const tool = zodResponsesFunction({
          name: 'get_weather',
          description: 'Weather of a city',
          parameters: z.object({ city: z.string(), days: z.int() }),
        })
        const call = { model: 'auto', input: 'Oslo?', tools: [tool] }
        const called = isStreamed ? await responses.stream(call).finalResponse() : await responses.parse(call)
        const [item] = called.output
        assert.ok(item?.type === 'function_call')
        assert.deepEqual(item.parsed_arguments, OSLO.arguments)
      })

      test(`an answer that was cut by its length, ${how}`, async (t) => {
        const stage = await setSdkStage(t, egress, { ...says('Once upon a ti'), finish: 'length' })
        const { responses } = stage.router.openai
        const ask = { model: 'auto', input: 'Tell me', max_output_tokens: 64 }
        const answer = isStreamed ? await responses.stream(ask).finalResponse() : await responses.create(ask)
        assert.equal(answer.status, 'incomplete')
        assert.equal(answer.incomplete_details?.reason, 'max_output_tokens')
        assert.equal(answer.output_text, 'Once upon a ti')
      })
    }

    test('its error classes', async (t) => {
      const stage = await setSdkStage(t, egress)
      const { responses } = stage.router.openai
      for (const isStreamed of [false, true]) {
        const failure = async (script: Parameters<typeof stage.script>[0]) => {
          stage.script(script)
          const ask = { model: 'auto', input: 'Hello' }
          return rejection(isStreamed ? responses.stream(ask).finalResponse() : responses.create(ask))
        }
        const limited = await failure(refuses(egress, 429, 'slow down', { 'retry-after': '7' }))
        assert.ok(limited instanceof OpenAI.RateLimitError)
        assert.equal(limited.headers.get('retry-after'), '7')
        const full = await failure(refuses(egress, 400, 'prompt is too long: 9000 tokens > 8192 maximum'))
        assert.ok(full instanceof OpenAI.BadRequestError)
        assert.equal(full.code, 'context_length_exceeded')
        const broken = await failure(refuses(egress, 500, 'oh'))
        assert.ok(broken instanceof OpenAI.InternalServerError)
        assert.equal(broken.code, 'upstream_error')
      }
      const background = await rejection(
        responses.create({ model: 'auto', input: 'Hello', background: true }),
      )
      assert.ok(background instanceof OpenAI.BadRequestError)
      assert.deepEqual([background.code, background.param], ['unsupported_parameter', 'background'])
    })

    test('a stream that breaks off fails, and cannot be continued', async (t) => {
      for (const failure of ['error', 'cut'] as const) {
        const stage = await setSdkStage(t, egress, { ...says(), failure })
        const { responses } = stage.router.openai
        let id = ''
        let last = ''
        for await (const event of await responses.create({ model: 'auto', input: 'Hello', stream: true })) {
          if (event.type === 'response.created') id = event.response.id
          last = event.type
          if (event.type !== 'response.failed') continue
          assert.equal(event.response.id, id)
          assert.equal(event.response.error?.code, 'server_error')
        }
        assert.equal(last, 'response.failed')
        const onward = await rejection(
          responses.create({ model: 'auto', input: 'And?', previous_response_id: id }),
        )
        assert.ok(onward instanceof OpenAI.BadRequestError)
        assert.equal(onward.code, 'previous_response_not_found')
      }
    })
  })
}
