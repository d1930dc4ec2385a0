/** The Responses API as an application sees it, in front of backends that only know chat. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import OpenAI from 'openai'
import {
  chatScript,
  messagesOf,
  ollamaScript,
  sendJson,
  type Backend,
  type Script,
} from '../support/backend.ts'
import { status500 } from '../support/failing.ts'
import { assertSpecHeaders } from '../support/spec-headers.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const TEXT = 'One answer, in several words.'
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const TOOL: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
}

const chatTool: Script = ({ method, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { data: [] })
  const base = { id: 'c', created: 1, model: 'm' }
  const call = {
    id: 'call_7',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Bern"}' },
  }
  if (body['stream'] !== true) {
    return sendJson(response, 200, {
      ...base,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: null, tool_calls: [call] },
          finish_reason: 'tool_calls',
        },
      ],
    })
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (delta: object, finish: string | null): void => {
    response.write(
      `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
    )
  }
  send(
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, ...call, function: { name: 'get_weather', arguments: '{"city":' } }],
    },
    null,
  )
  send({ tool_calls: [{ index: 0, function: { arguments: '"Bern"}' } }] }, null)
  send({}, 'tool_calls')
  response.end('data: [DONE]\n\n')
}

const ollamaTool: Script = ({ method, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { models: [{ name: 'm:latest', model: 'm:latest' }] })
  const message = {
    role: 'assistant',
    content: '',
    tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Bern' } } }],
  }
  const answer = {
    model: body['model'],
    created_at: '2026-11-22T00:00:00Z',
    message,
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 3,
    eval_count: 5,
  }
  if (body['stream'] === false) return sendJson(response, 200, answer)
  response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(`${JSON.stringify(answer)}\n`)
}

async function start(
  t: TestContext,
  type: string,
  script: Script,
): Promise<{ backend: Backend; router: RunningRouter }> {
  const stage = createStage(t)
  const backend = await stage.backend(script)
  const router = await stage.router(`
backends:
  one: { type: ${type}, endpoint: "${backend.origin}${type === 'ollama' ? '' : '/v1'}", model: m }
routes: [{ default: one, reason: "Grüße 👋" }]
`)
  return { backend, router }
}

for (const [type, script, tool] of [
  ['openai', chatScript(TEXT), chatTool],
  ['ollama', ollamaScript(TEXT, ['m']), ollamaTool],
] as const) {
  describe(`responses in front of ${type}`, () => {
    test('a string in, a whole answer out', async (t) => {
      const { router, backend } = await start(t, type, script)
      const { data, response } = await router.openai.responses
        .create({ model: 'auto', input: 'Hello', instructions: 'Be brief.' })
        .withResponse()
      assert.equal(data.output_text, TEXT)
      assert.equal(data.object, 'response')
      assert.equal(data.status, 'completed')
      assert.equal(data.model, 'm')
      assert.deepEqual(
        [data.usage?.input_tokens, data.usage?.output_tokens, data.usage?.total_tokens],
        [3, 5, 8],
      )
      assertSpecHeaders(response.headers)
      const messages = messagesOf(backend.received[0])
      assert.deepEqual(
        messages.map((message) => [message['role'], message['content']]),
        [
          ['system', 'Be brief.'],
          ['user', 'Hello'],
        ],
      )
    })

    test('output_text is in the JSON itself, for people with curl', async (t) => {
      const { router } = await start(t, type, script)
      const body = (await (
        await router.post('/v1/responses', { input: 'Hello' })
      ).json()) as OpenAI.Responses.Response
      assert.equal(body.output_text, TEXT)
      const [item] = body.output
      assert.ok(item?.type === 'message')
      assert.deepEqual(
        item.content.map((part) => part.type === 'output_text' && part.text),
        [TEXT],
      )
    })

    test('a stream by the package’s own helper', async (t) => {
      const { router } = await start(t, type, script)
      const stream = router.openai.responses.stream({ model: 'auto', input: 'Hello' })
      const types: string[] = []
      const numbers: number[] = []
      let text = ''
      stream.on('event', (event) => {
        types.push(event.type)
        if ('sequence_number' in event) numbers.push(event.sequence_number)
        if (event.type === 'response.output_text.delta') text += event.delta
      })
      const final = await stream.finalResponse()
      assert.equal(text, TEXT)
      assert.equal(final.output_text, TEXT)
      assert.equal(final.status, 'completed')
      assert.equal(final.usage?.total_tokens, 8)
      assert.deepEqual(types.slice(0, 4), [
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
      ])
      assert.deepEqual(types.slice(-4), [
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ])
      assert.deepEqual(
        numbers,
        numbers.map((_, i) => i),
      )
    })

    test('a stream carries the headers, and every event is named', async (t) => {
      const { router } = await start(t, type, script)
      const response = await router.post('/v1/responses', { input: 'Hello', stream: true })
      assertSpecHeaders(response.headers)
      const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '')
      assert.equal(frames.pop(), 'data: [DONE]')
      for (const frame of frames) {
        const [event = '', data = ''] = frame.split('\n')
        assert.equal(event, `event: ${(JSON.parse(data.slice(6)) as { type: string }).type}`)
      }
    })

    test('a function call and its output, whole and streamed', async (t) => {
      const { router, backend } = await start(t, type, tool)
      const first = await router.openai.responses.create({
        model: 'auto',
        input: 'Weather in Bern?',
        tools: [TOOL],
      })
      const [call] = first.output
      assert.ok(call?.type === 'function_call')
      assert.equal(call.name, 'get_weather')
      assert.deepEqual(JSON.parse(call.arguments), { city: 'Bern' })

      const stream = router.openai.responses.stream({
        model: 'auto',
        input: 'Weather in Bern?',
        tools: [TOOL],
      })
      let pieces = ''
      stream.on('response.function_call_arguments.delta', (event) => (pieces += event.delta))
      const [streamed] = (await stream.finalResponse()).output
      assert.ok(streamed?.type === 'function_call')
      assert.deepEqual(JSON.parse(streamed.arguments), { city: 'Bern' })
      assert.deepEqual(JSON.parse(pieces), { city: 'Bern' })

      backend.script(script)
      const second = await router.openai.responses.create({
        model: 'auto',
        tools: [TOOL],
        input: [
          { role: 'user', content: 'Weather in Bern?' },
          call,
          { type: 'function_call_output', call_id: call.call_id, output: 'rain' },
        ],
      })
      assert.equal(second.output_text, TEXT)
      const messages = messagesOf(backend.received.at(-1))
      assert.deepEqual(
        messages.map((message) => message['role']),
        ['user', 'assistant', 'tool'],
      )
      assert.equal(messages[2]?.['content'], 'rain')
    })

    test('an image', async (t) => {
      const { router, backend } = await start(t, type, script)
      const url = `data:image/png;base64,${PNG}`
      const { response } = await router.openai.responses
        .create({
          model: 'auto',
          input: [
            {
              role: 'user',
              content: [
                { type: 'input_text', text: 'What is this?' },
                { type: 'input_image', image_url: url, detail: 'auto' },
              ],
            },
          ],
        })
        .withResponse()
      assert.equal(response.headers.get('x-llr-task'), 'vision')
      const [message] = messagesOf(backend.received[0])
      if (type === 'ollama') assert.deepEqual(message?.['images'], [PNG])
      else assert.match(JSON.stringify(message), /"image_url":\{"url":"data:image\/png;base64,iVBOR/)
    })

    test('an error before the first content is an HTTP error', async (t) => {
      const { router } = await start(t, type, status500)
      for (const stream of [false, true]) {
        const error: unknown = await router.openai.responses
          .create({ model: 'auto', input: 'Hello', stream })
          .then(
            () => assert.fail('it was answered'),
            (reason: unknown) => reason,
          )
        assert.ok(error instanceof OpenAI.InternalServerError)
        assert.equal(error.code, 'upstream_error')
        assertSpecHeaders(error.headers)
      }
    })
  })
}

describe('responses and the policy', () => {
  test('pins, private requests and latency budgets are the same engine', async (t) => {
    const stage = createStage(t)
    const local = await stage.backend(ollamaScript('local', ['m']))
    const hosted = await stage.backend(chatScript('hosted'))
    const router = await stage.router(`
backends:
  local: { type: ollama, endpoint: "${local.origin}", model: m, p50Ms: 1800 }
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt, p50Ms: 600 }
routes: [{ default: local, fallback: hosted, latencyBudgetMs: 1200 }]
`)
    const served = async (body: object, headers = {}): Promise<string | null> =>
      (await router.post('/v1/responses', body, headers)).headers.get('x-llr-backend')
    assert.equal(await served({ input: 'Hello' }), 'hosted')
    assert.equal(await served({ input: 'Hello', model: 'local' }), 'local')
    assert.equal(await served({ input: 'Hello' }, { 'x-llr-sensitivity': 'high' }), 'local')
    assert.equal(await served({ input: 'Hello', stream: true }, { 'x-llr-sensitivity': 'high' }), 'local')
  })

  test('previous_response_id: nothing is stored here, and it says so', async (t) => {
    const { router } = await start(t, 'openai', chatScript(TEXT))
    const response = await router.post('/v1/responses', { input: 'Hello', previous_response_id: 'resp_1' })
    assert.equal(response.status, 400)
    assert.equal(
      ((await response.json()) as { error: { code: string } }).error.code,
      'previous_response_not_found',
    )
  })
})
