/** `ollama`, the package of Ollama's own API, with the router where it expects Ollama. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ollama, type ChatResponse, type GenerateResponse } from 'ollama'
import { sendJson, type Script } from '../support/backend.ts'
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
  type SdkStage,
} from './sdk-stage.ts'

const TOOL = {
  type: 'function',
  function: { name: 'get_weather', description: 'Weather of a city', parameters: WEATHER_SCHEMA as object },
}
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
]
const [BERN_TEXT, OSLO_TEXT] = [BERN, OSLO].map((call) => JSON.stringify(call.arguments))

function clientOf({ url }: Pick<SdkStage, 'url'>): Ollama {
  return new Ollama({ host: url })
}

function assertLast(last: ChatResponse | GenerateResponse | undefined, reason = 'stop'): void {
  assert.deepEqual([last?.done, last?.done_reason], [true, reason])
  assert.deepEqual([last?.prompt_eval_count, last?.eval_count], [21, 13])
}

async function all<Part>(parts: AsyncIterable<Part>): Promise<Part[]> {
  const list: Part[] = []
  for await (const part of parts) list.push(part)
  return list
}

/** Ollama's other endpoint, which the played one has not. */
const generates: Script = ({ method, path, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { models: [{ name: 'm:latest', model: 'm:latest' }] })
  if (path !== '/api/generate' || body['prompt'] !== 'Hello' || body['system'] !== 'Be brief.') {
    return sendJson(response, 404, { error: 'not found' })
  }
  const head = { model: body['model'], created_at: '2026-11-22T10:11:12.131415161Z' }
  const last = { done: true, done_reason: 'stop', prompt_eval_count: 21, eval_count: 13 }
  if (body['stream'] === false) return sendJson(response, 200, { ...head, response: TEXT, ...last })
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (const word of TEXT.split(/(?<= )/)) {
    response.write(`${JSON.stringify({ ...head, response: word, done: false })}\n`)
  }
  response.end(`${JSON.stringify({ ...head, response: '', ...last })}\n`)
}

for (const egress of EVERY_EGRESS) {
  describe(`ollama in front of ${egress}`, () => {
    test('chat, buffered and streamed', async (t) => {
      const stage = await setSdkStage(t, egress, says(), says())
      const ollama = clientOf(stage)
      const ask = { model: 'auto', messages: MESSAGES, options: { num_predict: 100 } }
      const whole = await ollama.chat(ask)
      assert.deepEqual([whole.message.role, whole.message.content], ['assistant', TEXT])
      assert.ok(!Number.isNaN(new Date(whole.created_at).getTime()))
      assertLast(whole)
      const parts = await all(await ollama.chat({ ...ask, stream: true }))
      assert.equal(parts.map(({ message }) => message.content).join(''), TEXT)
      assert.deepEqual(
        parts.slice(0, -1).map(({ done }) => done),
        [false, false, false, false],
      )
      assertLast(parts.at(-1))
      for (const heard of stage.heard()) {
        assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
        assert.equal(heard.maxTokens, 100)
      }
    })

    test('generate, buffered and streamed', async (t) => {
      const stage = await setSdkStage(t, egress, ...(egress === 'ollama' ? [] : [says(), says()]))
      if (egress === 'ollama') stage.script(generates)
      const ollama = clientOf(stage)
      const ask = { model: 'auto', system: 'Be brief.', prompt: 'Hello' }
      const whole = await ollama.generate(ask)
      assert.equal(whole.response, TEXT)
      assertLast(whole)
      const parts = await all(await ollama.generate({ ...ask, stream: true }))
      assert.equal(parts.map(({ response }) => response).join(''), TEXT)
      assertLast(parts.at(-1))
      for (const heard of stage.heard()) {
        assert.deepEqual(talkOf(heard), ['system: Be brief.', 'user: Hello'])
      }
    })

    test('thinking, buffered and streamed', async (t) => {
      const stage = await setSdkStage(t, egress, thinks(says()), thinks(says()))
      const ollama = clientOf(stage)
      const ask = {
        model: 'auto',
        messages: MESSAGES,
        think: 'high',
        options: { num_predict: 32_000 },
      } as const
      const { message } = await ollama.chat(ask)
      assert.deepEqual([message.thinking, message.content], [THOUGHT, TEXT])
      const parts = await all(await ollama.chat({ ...ask, stream: true }))
      assert.equal(parts.map((part) => part.message.thinking ?? '').join(''), THOUGHT)
      assert.equal(parts.map((part) => part.message.content).join(''), TEXT)
    })

    for (const isStreamed of [false, true]) {
      test(`tools, ${isStreamed ? 'streamed' : 'buffered'}`, async (t) => {
        const stage = await setSdkStage(t, egress, calls(BERN, OSLO), says())
        const ollama = clientOf(stage)
        const ask = { model: 'auto', messages: MESSAGES, tools: [TOOL] }
        const parts = isStreamed
          ? await all(await ollama.chat({ ...ask, stream: true }))
          : [await ollama.chat(ask)]
        const made = parts.flatMap(({ message }) => message.tool_calls ?? [])
        assert.deepEqual(
          made.map(({ function: called }) => [called.name, called.arguments]),
          [
            ['get_weather', BERN.arguments],
            ['get_weather', OSLO.arguments],
          ],
        )
        assertLast(parts.at(-1))
        const messages = [
          ...MESSAGES,
          { role: 'assistant', content: '', tool_calls: made },
          { role: 'tool', tool_name: 'get_weather', content: 'rain' },
          { role: 'tool', tool_name: 'get_weather', content: 'snow' },
        ]
        assert.equal((await ollama.chat({ ...ask, messages })).message.content, TEXT)
        assert.deepEqual(talkOf(stage.heard()[1]).slice(2), [
          `assistant:  → get_weather ${BERN_TEXT} → get_weather ${OSLO_TEXT}`,
          `tool get_weather ${BERN_TEXT}: rain`,
          `tool get_weather ${OSLO_TEXT}: snow`,
        ])
      })
    }

    test('a schema as the format', async (t) => {
      const stage = await setSdkStage(t, egress, says('{"city":"Bern","days":2}'))
      const { message } = await clientOf(stage).chat({
        model: 'auto',
        messages: MESSAGES,
        format: WEATHER_SCHEMA,
      })
      assert.deepEqual(JSON.parse(message.content), { city: 'Bern', days: 2 })
      assert.deepEqual(stage.heard()[0]?.schema, WEATHER_SCHEMA)
    })

    test('an answer that was cut by its length', async (t) => {
      const stage = await setSdkStage(t, egress, { ...says('Once upon a ti'), finish: 'length' })
      assertLast(await clientOf(stage).chat({ model: 'auto', messages: MESSAGES }), 'length')
    })

    test('errors have a status, and words', async (t) => {
      const stage = await setSdkStage(t, egress)
      const ollama = clientOf(stage)
      const ask = { model: 'auto', messages: MESSAGES }
      stage.script(refuses(egress, 429, 'slow down'))
      for (const send of [() => ollama.chat(ask), () => ollama.chat({ ...ask, stream: true })]) {
        const error = await rejection(send())
        assert.ok(error instanceof Error && error.name === 'ResponseError')
        // Ollama itself says that its queue is full with 503, and never 429.
        assert.equal((error as Error & { status_code: number }).status_code, 503)
        assert.match(error.message, /rate-limited/)
      }
      for (const failure of ['error', 'cut'] as const) {
        stage.answer({ ...says(), failure })
        const broken = await rejection(ollama.chat({ ...ask, stream: true }).then(all))
        assert.ok(broken instanceof Error && broken.message !== '', String(broken))
      }
    })

    test('abort ends the answer at the backend', async (t) => {
      const stage = await setSdkStage(t, egress, says())
      const ollama = clientOf(stage)
      // The first words, and then nothing more.
      stage.script((_, response) => {
        if (egress === 'ollama') {
          response.writeHead(200, { 'content-type': 'application/x-ndjson' })
          response.write('{"model":"m","message":{"role":"assistant","content":"One "},"done":false}\n')
        } else {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(`: nothing yet\n\n${FIRST[egress]}`)
        }
      })
      const stream = await ollama.chat({ model: 'auto', messages: MESSAGES, stream: true })
      const error = await rejection(
        (async () => {
          for await (const part of stream) if (part.message.content === 'One ') ollama.abort()
        })(),
      )
      assert.equal((error as Error).name, 'AbortError')
      await stage.untilAborted(1)
      stage.answer()
      assert.equal((await ollama.chat({ model: 'auto', messages: MESSAGES })).message.content, TEXT)
    })
  })
}

const FIRST = {
  chat: 'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"One "},"finish_reason":null}]}\n\n',
  messages:
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"One "}}\n\n',
  responses:
    'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":0,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"One "}\n\n',
} as const
