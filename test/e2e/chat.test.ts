/** Chat Completions as an application sees it: the `openai` package, the router, real HTTP backends. */
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
import { ask, type RunningRouter } from '../support/start-router.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const TOOL: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const HELLO: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello there' }]
const TEXT = 'Grüße aus der Küche 👩‍🍳, ganz ohne Bruch.'

const chatTool: Script = ({ method, body }, response) => {
  if (method === 'GET') return sendJson(response, 200, { data: [] })
  const call = {
    id: 'call_7',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Bern"}' },
  }
  if (body['stream'] !== true) {
    const message = { role: 'assistant', content: null, tool_calls: [call] }
    return sendJson(response, 200, {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    })
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (delta: object, finish: string | null): void => {
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
    )
  }
  send({ role: 'assistant', content: null }, null)
  send({ tool_calls: [{ index: 0, ...call, function: { name: 'get_weather', arguments: '' } }] }, null)
  for (const piece of ['{"ci', 'ty":"Be', 'rn"}'])
    send({ tool_calls: [{ index: 0, function: { arguments: piece } }] }, null)
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
  const base = { model: body['model'], created_at: '2026-11-22T00:00:00Z' }
  const last = { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 5 }
  if (body['stream'] === false) return sendJson(response, 200, { ...base, message, ...last })
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.write(`${JSON.stringify({ ...base, message, done: false })}\n`)
  response.end(`${JSON.stringify({ ...base, message: { role: 'assistant', content: '' }, ...last })}\n`)
}

const KINDS = [
  ['openai', chatScript(TEXT), chatTool],
  ['ollama', ollamaScript(TEXT, ['m']), ollamaTool],
] as const

async function start(
  t: TestContext,
  type: string,
  script: Script,
  more = '',
): Promise<{ backend: Backend; router: RunningRouter }> {
  const stage = createStage(t)
  const backend = await stage.backend(script)
  const router = await stage.router(`
backends:
  one: { type: ${type}, endpoint: "${backend.origin}${type === 'ollama' ? '' : '/v1'}", model: m, models: [m, other] }
routes:
  - default: one
    reason: "Für Grüße 👋 immer „eins“"
${more}`)
  return { backend, router }
}

for (const [type, script, tool] of KINDS) {
  describe(`chat in front of ${type}`, () => {
    test('a whole answer', async (t) => {
      const { router, backend } = await start(t, type, script)
      const { data, response } = await router.openai.chat.completions
        .create({ model: 'auto', messages: HELLO, max_tokens: 50 })
        .withResponse()
      assert.equal(data.object, 'chat.completion')
      assert.equal(data.choices[0]?.message.content, TEXT)
      assert.equal(data.choices[0]?.finish_reason, 'stop')
      assert.equal(data.model, 'm')
      assert.deepEqual(
        [data.usage?.prompt_tokens, data.usage?.completion_tokens, data.usage?.total_tokens],
        [3, 5, 8],
      )
      assertSpecHeaders(response.headers)
      assert.equal(response.headers.get('x-llr-model'), 'm')
      assert.equal(response.headers.get('x-llr-attempts'), '1')
      assert.equal(
        response.headers.get('x-llr-reason'),
        'F%C3%BCr Gr%C3%BC%C3%9Fe %F0%9F%91%8B immer %E2%80%9Eeins%E2%80%9C',
      )
      assert.equal(backend.received[0]?.body['model'], 'm')
    })

    test('a stream, with and without usage', async (t) => {
      const { router } = await start(t, type, script)
      for (const includeUsage of [false, true]) {
        const { data, response } = await router.openai.chat.completions
          .create({
            model: 'auto',
            stream: true,
            messages: HELLO,
            ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
          })
          .withResponse()
        assertSpecHeaders(response.headers)
        assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
        let text = ''
        const finishes: string[] = []
        const usages: OpenAI.CompletionUsage[] = []
        for await (const chunk of data) {
          assert.equal(chunk.model, 'm')
          text += chunk.choices[0]?.delta.content ?? ''
          if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason)
          if (chunk.usage) usages.push(chunk.usage)
        }
        assert.equal(text, TEXT)
        assert.deepEqual(finishes, ['stop'])
        assert.equal(usages.length, includeUsage ? 1 : 0)
        if (includeUsage) assert.equal(usages[0]?.total_tokens, 8)
      }
    })

    test('the stream ends with exactly one [DONE]', async (t) => {
      const { router } = await start(t, type, script)
      const text = await (await router.post('/v1/chat/completions', ask('hello', { stream: true }))).text()
      assert.equal(text.split('data: [DONE]\n\n').length, 2)
      assert.ok(text.endsWith('data: [DONE]\n\n'))
    })

    test('a tool call and its result, whole and streamed', async (t) => {
      const { router, backend } = await start(t, type, tool)
      const whole = await router.openai.chat.completions.create({
        model: 'auto',
        messages: HELLO,
        tools: [TOOL],
      })
      const [choice] = whole.choices
      assert.equal(choice?.finish_reason, 'tool_calls')
      const call = choice?.message.tool_calls?.[0]
      assert.ok(call?.type === 'function')
      assert.equal(call.function.name, 'get_weather')
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Bern' })
      const sent = backend.received[0]?.body['tools'] as readonly {
        function: { name: string; parameters: object }
      }[]
      assert.deepEqual(
        sent[0]?.function.parameters,
        TOOL.type === 'function' ? TOOL.function.parameters : null,
      )

      const runner = router.openai.chat.completions.stream({ model: 'auto', messages: HELLO, tools: [TOOL] })
      const final = await runner.finalChatCompletion()
      const streamedCall = final.choices[0]?.message.tool_calls?.[0]
      assert.ok(streamedCall?.type === 'function')
      assert.deepEqual(JSON.parse(streamedCall.function.arguments), { city: 'Bern' })
      assert.equal(final.choices[0]?.finish_reason, 'tool_calls')

      backend.script(script)
      const answer = await router.openai.chat.completions.create({
        model: 'auto',
        tools: [TOOL],
        messages: [
          ...HELLO,
          choice.message,
          { role: 'tool', tool_call_id: call.id, content: 'rain, 7 degrees' },
        ],
      })
      assert.equal(answer.choices[0]?.message.content, TEXT)
      const history = JSON.stringify(backend.received.at(-1)?.body['messages'])
      assert.match(history, /get_weather/)
      assert.match(history, /rain, 7 degrees/)
    })

    test('an image', async (t) => {
      const { router, backend } = await start(t, type, script)
      const url = `data:image/png;base64,${PNG}`
      const answer = await router.openai.chat.completions
        .create({
          model: 'auto',
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'What is this?' },
                { type: 'image_url', image_url: { url } },
              ],
            },
          ],
        })
        .withResponse()
      assert.equal(answer.response.headers.get('x-llr-task'), 'vision')
      const [message] = messagesOf(backend.received[0])
      if (type === 'ollama') {
        assert.deepEqual(message?.['images'], [PNG])
        assert.equal(message?.['content'], 'What is this?')
      } else {
        assert.deepEqual(message?.['content'], [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url } },
        ])
      }
    })

    test('errors carry the headers and the package’s own types', async (t) => {
      for (const stream of [false, true]) {
        const { router } = await start(t, type, status500)
        const error: unknown = await router.openai.chat.completions
          .create({ model: 'auto', messages: HELLO, stream })
          .then(
            () => assert.fail('it was answered'),
            (reason: unknown) => reason,
          )
        assert.ok(error instanceof OpenAI.InternalServerError)
        assert.equal(error.status, 502)
        assert.equal(error.code, 'upstream_error')
        assertSpecHeaders(error.headers)
        assert.equal(error.headers.get('x-llr-backend'), 'none')
        // The last target is asked once more.
        assert.equal(error.headers.get('x-llr-attempts'), '2')
        assert.equal(error.headers.get('x-llr-task'), 'general')
      }
    })
  })
}

describe('the model a client writes', () => {
  async function fleet(t: TestContext): Promise<RunningRouter> {
    const stage = createStage(t)
    const a = await stage.backend(chatScript('a'))
    const b = await stage.backend(ollamaScript('b', ['llama', 'coder', 'ns/deep:7b']))
    return stage.router(`
backends:
  alpha: { type: openai, endpoint: "${a.origin}/v1", model: gpt, models: [gpt, org/big] }
  beta: { type: ollama, endpoint: "${b.origin}", families: { llama: llama, qwen-coder: coder }, models: ["ns/deep:7b"] }
routes:
  - default: alpha
    fallback: beta
`)
  }

  for (const [model, backend, answering] of [
    ['auto', 'alpha', 'gpt'],
    ['', 'alpha', 'gpt'],
    ['gpt-4o-mini', 'alpha', 'gpt'],
    ['no/such', 'alpha', 'gpt'],
    ['constructor', 'alpha', 'gpt'],
    ['__proto__', 'alpha', 'gpt'],
    ['alpha/nope', 'alpha', 'gpt'],
    ['AUTO', 'alpha', 'gpt'],
    ['alpha', 'alpha', 'gpt'],
    ['alpha/org/big', 'alpha', 'org/big'],
    ['beta', 'beta', 'llama'],
    ['beta/coder', 'beta', 'coder'],
    ['beta/ns/deep:7b', 'beta', 'ns/deep:7b'],
  ] as const) {
    test(`"${model}" → ${backend}, ${answering}`, async (t) => {
      const router = await fleet(t)
      const { data, response } = await router.openai.chat.completions
        .create({ model, messages: HELLO })
        .withResponse()
      assert.equal(response.headers.get('x-llr-backend'), backend)
      assert.equal(response.headers.get('x-llr-model'), answering)
      assert.equal(data.model, answering)
    })
  }

  test('absent or null is auto', async (t) => {
    const router = await fleet(t)
    for (const body of [{ messages: HELLO }, { messages: HELLO, model: null }]) {
      const response = await router.post('/v1/chat/completions', body)
      assert.equal(response.headers.get('x-llr-backend'), 'alpha')
      assert.equal(response.headers.get('x-llr-route'), 'default')
    }
  })

  test('every advertised name answers and pins', async (t) => {
    const router = await fleet(t)
    const { data } = await router.openai.models.list()
    assert.deepEqual(
      data.map(({ id }) => id),
      ['auto', 'alpha', 'alpha/gpt', 'alpha/org/big', 'beta', 'beta/coder', 'beta/llama', 'beta/ns/deep:7b'],
    )
    for (const { id } of data.slice(1)) {
      const { response } = await router.openai.chat.completions
        .create({ model: id, messages: HELLO })
        .withResponse()
      assert.equal(response.headers.get('x-llr-route'), 'pinned')
      assert.equal(response.headers.get('x-llr-backend'), id.split('/')[0])
    }
  })

  test('a pinned target has no fallback', async (t) => {
    const stage = createStage(t)
    const broken = await stage.backend(status500)
    const fine = await stage.backend(chatScript('fine'))
    const router = await stage.router(`
backends:
  broken: { type: openai, endpoint: "${broken.origin}/v1", model: m }
  fine: { type: openai, endpoint: "${fine.origin}/v1", model: n }
routes: [{ default: broken, fallback: fine }]
`)
    assert.equal((await router.post('/v1/chat/completions', { ...ask('hi'), model: 'broken' })).status, 502)
    assert.equal(fine.received.length, 0)
    const { data, response } = await router.openai.chat.completions
      .create({ model: 'auto', messages: HELLO })
      .withResponse()
    assert.equal(data.model, 'n', 'the model in the body is the one that answered')
    assert.equal(response.headers.get('x-llr-model'), 'n')
    assert.equal(response.headers.get('x-llr-attempts'), '2')
  })

  test('a pin is still gated by what its backend can do', async (t) => {
    const stage = createStage(t)
    const blind = await stage.backend(chatScript('I see nothing'))
    const router = await stage.router(`
backends:
  blind: { type: openai, endpoint: "${blind.origin}/v1", model: m, capabilities: { vision: false, tools: false } }
routes: [{ default: blind }]
`)
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }
    for (const model of ['auto', 'blind']) {
      const seen = await router.post('/v1/chat/completions', {
        model,
        messages: [{ role: 'user', content: [image] }],
      })
      assert.equal(seen.status, 400)
      assert.equal(((await seen.json()) as { error: { code: string } }).error.code, 'no_target')
      assert.equal(
        (await router.post('/v1/chat/completions', { ...ask('hi', { tools: [TOOL] }), model })).status,
        400,
      )
    }
    assert.equal(blind.received.length, 0)
  })
})

describe('what passes through', () => {
  test('fields we have never heard of reach a backend of the same protocol; stream_options is ours', async (t) => {
    const { router, backend } = await start(t, 'openai', chatScript('x'))
    const odd = { top_k: 7, cache_prompt: true, nested: { a: [1, { b: null }] } }
    await router.post('/v1/chat/completions', ask('hello', odd))
    assert.deepEqual(backend.received[0]?.body, { ...ask('hello', odd), model: 'm', stream: false })
    await (await router.post('/v1/chat/completions', ask('hello', { stream: true }))).text()
    assert.deepEqual(backend.received[1]?.body['stream_options'], { include_usage: true })
  })

  test('a whole answer’s bytes come back as they were', async (t) => {
    const odd =
      '{ "id":"x",  "model":"m", "choices":[{"index":0,"message":{"role":"assistant","content":"hi","weird":1.0},"finish_reason":"stop"}], "extra": 1e3 }'
    const { router } = await start(t, 'openai', ({ method }, response) => {
      if (method === 'GET') return sendJson(response, 200, { data: [] })
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'x-internal': 'backend-header',
          'set-cookie': 'a=b',
        })
        .end(odd)
    })
    const response = await router.post('/v1/chat/completions', ask('hello'))
    assert.equal(await response.text(), odd)
    assert.equal(response.headers.get('x-internal'), null)
    assert.equal(response.headers.get('set-cookie'), null)
  })

  test('concurrent requests do not mix', async (t) => {
    const { router } = await start(t, 'openai', ({ method, body }, response) => {
      if (method === 'GET') return sendJson(response, 200, { data: [] })
      const [message] = body['messages'] as readonly { content: string }[]
      return chatScript(`echo ${message?.content}`)(
        { method, body, path: '', headers: {}, text: '' },
        response,
      )
    })
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const { data, response } = await router.openai.chat.completions
          .create({ model: 'auto', messages: [{ role: 'user', content: `number ${i}` }] })
          .withResponse()
        assert.equal(data.choices[0]?.message.content, `echo number ${i}`)
        return response.headers.get('x-llr-request-id')
      }),
    )
    assert.equal(new Set(answers).size, 100)
  })
})
