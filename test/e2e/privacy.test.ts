/** A private request leaves this machine by no road. Each fake that is not proven local is searched for a canary. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { chatScript, ollamaScript, sendJson, type Backend, type Script } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { status, status500 } from '../support/failing.ts'
import { openRaw, rawPost } from '../support/raw.ts'
import { createSkewedClock } from '../support/skewed-clock.ts'
import { createStage, type Stage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const CANARY = 'Quokka-7731-Canary'
const SECRET = `My card is 4111 1111 1111 1111, ${CANARY}`
const HIGH = { 'x-llr-sensitivity': 'high' }
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'

const LOCAL = ollamaScript('from this machine', ['m', 'qwen2.5-coder:7b'])
const HOSTED = chatScript('from far away')

interface House {
  readonly stage: Stage
  readonly local: Backend
  readonly hosted: Backend
}

async function house(test: Parameters<typeof createStage>[0], local: Script = LOCAL): Promise<House> {
  const stage = createStage(test)
  return { stage, local: await stage.backend(local), hosted: await stage.backend(HOSTED) }
}

function backends({ local, hosted }: House, localModel = 'm'): string {
  return `
backends:
  local: { type: ollama, endpoint: "${local.origin}", model: "${localModel}", p50Ms: 5000 }
  hosted: { type: openai, endpoint: "${hosted.origin}/v1", model: gpt, p50Ms: 10 }
`
}

const ROUTED = `
routes:
  - default: local
    fallback: hosted
    latencyBudgetMs: 100
ab: { enabled: true, sampleRate: 1, candidates: { local: hosted } }
`

/** Nothing of it was received, not even the existence of the request. */
function assertUntouched(...strangers: readonly Backend[]): void {
  for (const stranger of strangers) {
    assert.equal(stranger.received.length, 0)
    for (const text of stranger.seen) assert.ok(!text.includes(CANARY), text)
  }
}

async function assertRefused(response: Response, code = 'privacy_no_local_target'): Promise<void> {
  const text = await response.text()
  assert.equal(response.status, 400, text)
  assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, code, text)
  assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
  assert.equal(response.headers.get('x-llr-backend'), 'none')
  assert.ok(!text.includes(CANARY), text)
}

async function assertServedLocally(response: Response): Promise<void> {
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.equal(response.headers.get('x-llr-backend'), 'local')
  assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
}

/** The same secret in every place where a client may put text. */
const PLACES: readonly (readonly [string, string, object])[] = [
  ['a user message', CHAT, ask(SECRET)],
  ['a streamed user message', CHAT, ask(SECRET, { stream: true })],
  ['a text part', CHAT, { messages: [{ role: 'user', content: [{ type: 'text', text: SECRET }] }] }],
  [
    'an earlier turn',
    CHAT,
    {
      messages: [
        { role: 'user', content: SECRET },
        { role: 'assistant', content: 'ok' },
        { role: 'user', content: 'Thanks! Next, what is the capital of France?' },
      ],
    },
  ],
  [
    'the system prompt',
    CHAT,
    {
      messages: [
        { role: 'system', content: SECRET },
        { role: 'user', content: 'hi' },
      ],
    },
  ],
  [
    'a tool result',
    CHAT,
    {
      messages: [
        { role: 'user', content: 'look it up' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: SECRET },
      ],
    },
  ],
  [
    'the arguments of a tool call',
    CHAT,
    {
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'c1',
              type: 'function',
              function: { name: 'f', arguments: JSON.stringify({ note: SECRET }) },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'ok' },
      ],
    },
  ],
  [
    'a tool description',
    CHAT,
    ask('hi', { tools: [{ type: 'function', function: { name: 'f', description: SECRET } }] }),
  ],
  [
    'a schema',
    CHAT,
    ask('hi', {
      tools: [
        {
          type: 'function',
          function: { name: 'f', parameters: { type: 'object', properties: { a: { enum: [SECRET] } } } },
        },
      ],
    }),
  ],
  ['metadata', CHAT, ask('hi', { metadata: { note: SECRET } })],
  ['a field we do not know', CHAT, ask('hi', { extra_body: { deep: [{ note: SECRET }] } })],
  ['the input of Responses', RESPONSES, { input: SECRET }],
  ['the instructions of Responses', RESPONSES, { input: 'hi', instructions: SECRET }],
  [
    'an item of Responses',
    RESPONSES,
    { input: [{ role: 'user', content: [{ type: 'input_text', text: SECRET }] }] },
  ],
  [
    'a function result of Responses',
    RESPONSES,
    {
      input: [
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: SECRET },
      ],
    },
  ],
  ['a stream of Responses', RESPONSES, { input: SECRET, stream: true }],
  ...disguises(),
]

/** The same in other dress: escaped, cut in two, called an image, put in a file. */
function disguises(): readonly (readonly [string, string, object])[] {
  const card = '4111111111111111'
  const call = (args: object): object => ({
    messages: [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'f', arguments: JSON.stringify(args) } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'ok' },
    ],
  })
  const user = (...contents: readonly unknown[]): object => ({
    messages: contents.map((content) => ({ role: 'user', content })),
  })
  const file = Buffer.from(SECRET).toString('base64')
  return [
    ['escaped arguments', CHAT, call({ t: `${CANARY}\n${card}` })],
    ['a text called an image', CHAT, ask(`data:image/png;base64,card:4111-1111-1111-1111 ${CANARY}`)],
    [
      'an image that is text',
      CHAT,
      user([
        { type: 'text', text: CANARY },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${file}` } },
      ]),
    ],
    ['two messages', CHAT, user(`${CANARY} card 4111 1111`, '1111 1111')],
    [
      'two items',
      RESPONSES,
      { input: [`${CANARY} 41111111`, card.slice(8)].map((content) => ({ role: 'user', content })) },
    ],
    ['foreign digits', CHAT, ask(`${CANARY} ${card.replaceAll('4', '\u0664').replaceAll('1', '\u0661')}`)],
    ['a telephone number', CHAT, ask(`${CANARY} +49 170 4417823`)],
  ]
}

describe('a private request stays', () => {
  for (const [place, path, body] of PLACES) {
    test(`found in ${place}: past a latency budget, a mirror and a fallback`, async (t) => {
      const home = await house(t)
      const router = await home.stage.router(backends(home) + ROUTED)
      await assertServedLocally(await router.post(path, body))
      home.local.script(async (request, response) =>
        request.method === 'GET' ? LOCAL(request, response) : sendJson(response, 500, { error: 'down' }),
      )
      const failed = await router.post(path, body)
      assert.equal(failed.status, 502)
      assert.ok(!(await failed.text()).includes(CANARY))
      assertUntouched(home.hosted)
      assert.deepEqual(router.defects, [])
    })
  }

  test('and the same requests without the secret do shift and mirror: the roads are there', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(backends(home) + ROUTED)
    const response = await router.post(CHAT, ask('hello there'))
    assert.equal(response.headers.get('x-llr-backend'), 'hosted')
  })

  test('a mirror never carries it, though it carries the next', async (t) => {
    const home = await house(t)
    const policy = `${backends(home)}
routes: [{ default: local }]
ab: { enabled: true, sampleRate: 1, candidates: { local: hosted } }
`
    const router = await home.stage.router(policy)
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    await assertServedLocally(await router.post(CHAT, ask('hello there'), HIGH))
    assert.equal((await router.post(CHAT, ask('nothing special'))).status, 200)
    assert.match((await home.hosted.nextRequest()).text, /nothing special/)
    assert.equal(home.hosted.received.length, 1)
  })

  for (const model of ['hosted', 'hosted/gpt']) {
    test(`though the client pins ${model}`, async (t) => {
      const home = await house(t)
      const router = await home.stage.router(backends(home) + ROUTED)
      await assertRefused(await router.post(CHAT, { ...ask(SECRET), model }))
      await assertRefused(await router.post(CHAT, { ...ask(CANARY), model, stream: true }, HIGH))
      await assertRefused(await router.post(RESPONSES, { input: SECRET, model }))
      assertUntouched(home.hosted)
    })
  }

  test('though every route leads out: a proven backend takes it, or nobody does', async (t) => {
    const home = await house(t)
    const routes = `
routes:
  - match: { task: web_search }
    backend: hosted
  - default: hosted
`
    const router = await home.stage.router(backends(home) + routes)
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    const lonely = await home.stage.router(`
backends:
  hosted: { type: openai, endpoint: "${home.hosted.origin}/v1", model: gpt }
routes: [{ default: hosted }]
`)
    await assertRefused(await lonely.post(CHAT, ask(SECRET)))
    await assertRefused(await lonely.post(CHAT, ask(SECRET, { stream: true })))
    assertUntouched(home.hosted)
  })
})

/** The same on the paths of the other protocols. */
const MESSAGES = '/v1/messages'
const PDF = Buffer.from(SECRET).toString('base64')
const anthropic = (more: object): object => ({
  max_tokens: 99,
  messages: [{ role: 'user', content: 'hi' }],
  ...more,
})
const anthropicUser = (...content: readonly object[]): object =>
  anthropic({ messages: [{ role: 'user', content }] })
const toolUse = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const toolResult = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }
const afterCall = (call: object, result: object): object =>
  anthropic({
    messages: [
      { role: 'user', content: 'look it up' },
      { role: 'assistant', content: [call] },
      { role: 'user', content: [result] },
    ],
  })
const OTHER_PLACES: readonly (readonly [string, string, object])[] = [
  ['the system prompt of Messages', MESSAGES, anthropic({ system: SECRET })],
  ['a system block', MESSAGES, anthropic({ system: [{ type: 'text', text: SECRET, cache_control: {} }] })],
  ['a text block', MESSAGES, anthropicUser({ type: 'text', text: SECRET })],
  ['a stream of Messages', MESSAGES, { ...anthropicUser({ type: 'text', text: SECRET }), stream: true }],
  ['a tool_result', MESSAGES, afterCall(toolUse, { ...toolResult, content: SECRET })],
  [
    'a block of a tool_result',
    MESSAGES,
    afterCall(toolUse, { ...toolResult, content: [{ type: 'text', text: SECRET }] }),
  ],
  ['the input of a tool_use', MESSAGES, afterCall({ ...toolUse, input: { note: [SECRET] } }, toolResult)],
  [
    'the text of a document',
    MESSAGES,
    anthropicUser({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: SECRET } }),
  ],
  [
    'the blocks of a document',
    MESSAGES,
    anthropicUser({
      type: 'document',
      source: { type: 'content', content: [{ type: 'text', text: SECRET }] },
    }),
  ],
  [
    'the title and context of a document',
    MESSAGES,
    anthropicUser({
      type: 'document',
      title: CANARY,
      context: SECRET,
      source: { type: 'text', media_type: 'text/plain', data: 'hi' },
    }),
  ],
  [
    'a search result',
    MESSAGES,
    anthropicUser({
      type: 'search_result',
      title: 'x',
      source: 'y',
      content: [{ type: 'text', text: SECRET }],
    }),
  ],
  [
    'a tool of Messages',
    MESSAGES,
    anthropic({ tools: [{ name: 'f', description: SECRET, input_schema: { type: 'object' } }] }),
  ],
  [
    'earlier thinking',
    MESSAGES,
    anthropic({
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: SECRET, signature: 'x' },
            { type: 'text', text: 'yes' },
          ],
        },
        { role: 'user', content: 'go on' },
      ],
    }),
  ],
  ['metadata of Messages', MESSAGES, anthropic({ metadata: { user_id: SECRET } })],
  [
    'a text called an image, in Messages',
    MESSAGES,
    anthropicUser({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PDF } }),
  ],
  ['a message to Ollama', '/api/chat', ask(SECRET)],
  ['a message to Ollama, whole', '/api/chat', ask(SECRET, { stream: false })],
  ['images of Ollama', '/api/chat', { messages: [{ role: 'user', content: 'hi', images: [PDF] }] }],
  [
    'thinking of Ollama',
    '/api/chat',
    {
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'yes', thinking: SECRET },
        { role: 'user', content: 'go on' },
      ],
    },
  ],
  [
    'arguments of a call of Ollama',
    '/api/chat',
    {
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ function: { name: 'f', arguments: { note: SECRET } } }],
        },
        { role: 'tool', tool_name: 'f', content: 'ok' },
      ],
    },
  ],
  ['the prompt of generate', '/api/generate', { prompt: SECRET }],
  ['the system prompt of generate', '/api/generate', { prompt: 'hi', system: SECRET }],
  ['the template of generate', '/api/generate', { prompt: 'hi', template: SECRET }],
  ['images of generate', '/api/generate', { prompt: 'hi', images: [PDF] }],
  ['the suffix of generate', '/api/generate', { prompt: 'hi', suffix: SECRET }],
  ['a raw prompt', '/api/generate', { prompt: SECRET, raw: true, stream: false }],
  ['a prompt to continue', '/v1/completions', { prompt: SECRET }],
  ['a streamed prompt to continue', '/v1/completions', { prompt: SECRET, stream: true }],
  ['a prompt in a list', '/v1/completions', { prompt: [SECRET] }],
  ['the suffix of a prompt', '/v1/completions', { prompt: 'hi', suffix: SECRET }],
  ['a text to embed', '/v1/embeddings', { input: SECRET }],
  ['one of several texts to embed', '/v1/embeddings', { input: ['hi', SECRET, 'you'] }],
  ['a text for embed', '/api/embed', { input: ['hi', SECRET] }],
  ['a text for embeddings', '/api/embeddings', { prompt: SECRET }],
]

/** An Ollama that also continues prompts and embeds. */
const WHOLE_OLLAMA: Script = (request, response) => {
  const { path, body } = request
  if (path === '/api/embed') {
    const embeddings = [body['input']].flat().map(() => [0.6, 0.8])
    return sendJson(response, 200, { model: body['model'], embeddings, prompt_eval_count: 3 })
  }
  if (path !== '/api/generate') return LOCAL(request, response)
  const end = { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 5 }
  response.writeHead(200, {
    'content-type': body['stream'] === false ? 'application/json' : 'application/x-ndjson',
  })
  const answer = { model: 'm', created_at: '2026-11-22T00:00:00Z', response: 'from this machine', ...end }
  response.end(`${JSON.stringify(answer)}\n`)
}

describe('a private request of another protocol stays', () => {
  /** Every one of these would rather be out: it is faster, and speaks what the client speaks. */
  const open = ({ local, hosted }: House): string => `
backends:
  hosted: { type: openai-compatible, protocol: [chat, messages, responses], endpoint: "${hosted.origin}/v1", model: gpt, embeddings: m, p50Ms: 10 }
  local: { type: ollama, endpoint: "${local.origin}", model: m, embeddings: m, p50Ms: 5000 }
routes: [{ default: hosted, fallback: local }]
ab: { enabled: true, sampleRate: 1, candidates: { local: hosted } }
`

  for (const [place, path, body] of OTHER_PLACES) {
    test(`found in ${place}`, async (t) => {
      const home = await house(t, WHOLE_OLLAMA)
      const router = await home.stage.router(open(home))
      await assertServedLocally(await router.post(path, body))
      home.local.script((request, response) =>
        request.method === 'GET' ? LOCAL(request, response) : sendJson(response, 500, { error: 'down' }),
      )
      const failed = await router.post(path, body)
      assert.equal(failed.status, 502)
      assert.ok(!(await failed.text()).includes(CANARY))
      assertUntouched(home.hosted)
      for (const entry of router.logs) assert.ok(!entry.includes(CANARY), entry)
      assert.deepEqual(router.defects, [])
    })

    test(`found in ${place}: refused where there is no home for it`, async (t) => {
      const home = await house(t, WHOLE_OLLAMA)
      const router = await home.stage.router(`
backends:
  hosted: { type: openai-compatible, protocol: [chat, messages, responses], endpoint: "${home.hosted.origin}/v1", model: gpt, embeddings: m }
routes: [{ default: hosted }]
`)
      const response = await router.post(path, body)
      const text = await response.text()
      assert.equal(response.status, 400, text)
      assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
      assert.match(text, /proven local/)
      assert.ok(!text.includes(CANARY), text)
      assertUntouched(home.hosted)
    })
  }

  test('a document that is a file is refused at home rather than sent out', async (t) => {
    const home = await house(t, WHOLE_OLLAMA)
    const router = await home.stage.router(open(home))
    const source = { type: 'base64', media_type: 'application/pdf', data: PDF }
    const response = await router.post(MESSAGES, anthropicUser({ type: 'document', source }))
    assert.equal(response.headers.get('x-llr-sensitivity'), 'high', await response.text())
    assertUntouched(home.hosted)
  })

  test('marked by the header, on every path', async (t) => {
    const home = await house(t, WHOLE_OLLAMA)
    const router = await home.stage.router(open(home))
    for (const [path, body] of [
      [MESSAGES, anthropicUser({ type: 'text', text: CANARY })],
      ['/api/chat', ask(CANARY)],
      ['/api/generate', { prompt: CANARY }],
      ['/v1/completions', { prompt: CANARY }],
      ['/v1/embeddings', { input: CANARY }],
      ['/api/embed', { input: CANARY }],
      ['/api/embeddings', { prompt: CANARY }],
    ] as const) {
      await assertServedLocally(await router.post(path, body, HIGH))
    }
    assertUntouched(home.hosted)
  })

  test('and the same without the secret do go out: the roads are there', async (t) => {
    const home = await house(t, WHOLE_OLLAMA)
    const router = await home.stage.router(open(home))
    for (const [path, body] of [
      [MESSAGES, anthropic({})],
      ['/api/chat', ask('hi')],
      ['/api/generate', { prompt: 'hi' }],
      ['/v1/completions', { prompt: 'hi' }],
      ['/v1/embeddings', { input: 'hi' }],
    ] as const) {
      const before = home.hosted.received.length
      await (await router.post(path, body)).text()
      assert.ok(home.hosted.received.length > before, path)
    }
  })

  test('where the policy lets it out, what goes on from it is still never mirrored', async (t) => {
    const home = await house(t, WHOLE_OLLAMA)
    const router = await home.stage.router(`
backends:
  local: { type: ollama, endpoint: "${home.local.origin}", model: m }
  hosted: { type: openai, endpoint: "${home.hosted.origin}/v1", model: gpt }
routes: [{ default: local }]
ab: { enabled: true, sampleRate: 1, candidates: { local: hosted } }
privacy: { allowRemote: true }
`)
    const first = await router.post(RESPONSES, { input: CANARY }, HIGH)
    const { id } = (await first.json()) as { id: string }
    const second = await router.post(RESPONSES, { input: 'Go on.', previous_response_id: id })
    assert.equal(second.headers.get('x-llr-sensitivity'), 'high', await second.text())
    await (await router.post(RESPONSES, { input: 'nothing special' })).text()
    const mirrored = await home.hosted.nextRequest()
    assert.match(mirrored.text, /nothing special/)
    assertNothingOf(CANARY, home.hosted)
  })
})

function assertNothingOf(canary: string, stranger: Backend): void {
  for (const text of stranger.seen) assert.ok(!text.includes(canary), text)
}

describe('the header', () => {
  for (const value of ['high', 'HIGH', ' High ', 'normal, high', 'high, normal', 'low,high']) {
    test(`"${value}" raises`, async (t) => {
      const home = await house(t)
      const router = await home.stage.router(backends(home) + ROUTED)
      await assertServedLocally(await router.post(CHAT, ask(CANARY), { 'X-LLR-Sensitivity': value }))
      assertUntouched(home.hosted)
    })
  }

  for (const value of ['normal', 'low', '', 'none']) {
    test(`"${value}" lowers nothing`, async (t) => {
      const home = await house(t)
      const router = await home.stage.router(backends(home) + ROUTED)
      await assertServedLocally(await router.post(CHAT, ask(SECRET), { 'X-LLR-Sensitivity': value }))
      assertUntouched(home.hosted)
    })
  }

  test('sent twice, in either order, raises', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(backends(home) + ROUTED)
    for (const pair of [
      ['X-LLR-Sensitivity: normal', 'x-llr-sensitivity: high'],
      ['X-LLR-Sensitivity: high', 'x-llr-sensitivity: normal'],
    ]) {
      const client = await openRaw(router.url)
      client.socket.write(rawPost(CHAT, JSON.stringify(ask(CANARY)), [...pair, 'Connection: close']))
      const answer = await client.untilClosed()
      assert.match(answer, /^HTTP\/1\.1 200/)
      assert.match(answer, /x-llr-backend: local/)
    }
    assertUntouched(home.hosted)
  })
})

describe('local is what is proven local', () => {
  const refusing: readonly (readonly [string, string, Script])[] = [
    ['a cloud model', 'gpt-oss:120b-cloud', ollamaScript('x', ['gpt-oss:120b-cloud'])],
    ['a model tagged cloud', 'kimi-k2:cloud', ollamaScript('x', ['kimi-k2:cloud'])],
    ['a cloud model in capitals', 'gpt-oss:20b-CLOUD', ollamaScript('x', ['gpt-oss:20b-CLOUD'])],
    [
      'an alias of a remote model',
      'private',
      ollamaScript('x', [{ name: 'private:latest', remote_host: 'https://ollama.com:443' }]),
    ],
    ['a model that is not there', 'absent', ollamaScript('x', ['m'])],
    [
      'an Ollama without /api/tags',
      'm',
      ({ method }, response) => sendJson(response, method === 'GET' ? 404 : 200, {}),
    ],
    [
      'an Ollama whose list is no list',
      'm',
      ({ method }, response) => sendJson(response, 200, method === 'GET' ? { models: 'm' } : {}),
    ],
    [
      'an Ollama that fails to list',
      'm',
      ({ method }, response) =>
        sendJson(response, method === 'GET' ? 500 : 200, { models: [{ name: 'm', model: 'm' }] }),
    ],
    [
      'an Ollama that redirects to a list',
      'm',
      (_request, response) => void response.writeHead(302, { location: '/api/tags2' }).end(),
    ],
  ]
  for (const [what, model, script] of refusing) {
    test(`${what} is not`, async (t) => {
      const home = await house(t, script)
      const router = await home.stage.router(backends(home, model) + ROUTED)
      await assertRefused(await router.post(CHAT, ask(SECRET)))
      await assertRefused(await router.post(CHAT, { ...ask(SECRET), model: 'local' }))
      await assertRefused(await router.post(CHAT, ask(CANARY, { stream: true }), HIGH))
      assertUntouched(home.hosted, home.local)
    })
  }

  test('a server on loopback that is not Ollama is not, unless the operator vouches for it', async (t) => {
    const stage = createStage(t)
    const engine = await stage.backend(chatScript('from this machine'))
    const policy = (more: string): string => `
backends:
  local: { type: openai-compatible, endpoint: "${engine.origin}/v1", model: m${more} }
routes: [{ default: local }]
`
    const plain = await stage.router(policy(''))
    await assertRefused(await plain.post(CHAT, ask(SECRET)))
    assertUntouched(engine)
    const attested = await stage.router(policy(', attest: local'))
    await assertServedLocally(await attested.post(CHAT, ask(SECRET)))
  })

  test('an alias that becomes remote loses its proof with the next look', async (t) => {
    const home = await house(t)
    const clock = createSkewedClock()
    const router = await home.stage.router(backends(home) + ROUTED, { clock })
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    const remote = ollamaScript('from the cloud', [{ name: 'm:latest', remote_host: 'https://ollama.com' }])
    home.local.script(remote)
    clock.skip(20_001)
    await assertRefused(await router.post(CHAT, ask(SECRET)))
    assert.equal(home.local.received.length, 1)
    assertUntouched(home.hosted)
  })

  test('a proof that cannot be renewed lapses', async (t) => {
    const home = await house(t)
    const clock = createSkewedClock()
    const router = await home.stage.router(backends(home) + ROUTED, { clock })
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    home.local.script((request, response) =>
      request.method === 'GET' ? void response.destroy() : LOCAL(request, response),
    )
    clock.skip(20_001)
    await assertRefused(await router.post(CHAT, ask(SECRET)))
    home.local.script(LOCAL)
    clock.skip(1_001)
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    assertUntouched(home.hosted)
  })

  test('a redirect from the local backend to a hosted one is not followed', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(`${backends(home)}${ROUTED}breaker: { enabled: false }\n`)
    for (const code of [301, 302, 303, 307, 308]) {
      home.local.script((request, response) => {
        if (request.method === 'GET') return LOCAL(request, response)
        response.writeHead(code, { location: `${home.hosted.origin}/v1/chat/completions` }).end()
      })
      for (const stream of [false, true]) {
        const response = await router.post(CHAT, ask(SECRET, { stream }))
        assert.equal(response.status, 502, await response.text())
        assert.equal(response.headers.get('location'), null)
      }
    }
    assertUntouched(home.hosted)
  })

  test('the proof is of the model that is asked, not of its server', async (t) => {
    const stage = createStage(t)
    const mixed = await stage.backend(
      ollamaScript('mixed', ['llama', { name: 'coder:latest', remote_host: 'https://ollama.com' }]),
    )
    const router = await stage.router(`
backends:
  local: { type: ollama, endpoint: "${mixed.origin}", families: { qwen-coder: coder, llama: llama } }
routes: [{ default: local }]
`)
    await assertServedLocally(await router.post(CHAT, ask(SECRET)))
    await assertRefused(
      await router.post(CHAT, ask(`Write a Python function that reverses a string. ${CANARY}`), HIGH),
    )
    await assertRefused(await router.post(CHAT, { ...ask(SECRET), model: 'local/coder' }))
    assert.equal(mixed.received.length, 1)
  })
})

describe('what the policy says in so many words', () => {
  test('allowRemote lets a private request out, but never its mirror', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(`${backends(home)}${ROUTED}privacy: { allowRemote: true }\n`)
    const response = await router.post(CHAT, ask(SECRET))
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-llr-backend'), 'hosted')
    assert.equal(response.headers.get('x-llr-sensitivity'), 'high')
    assert.equal(home.hosted.received.length, 1)
    const pinned = await router.post(CHAT, { ...ask(SECRET), model: 'local' })
    assert.equal(pinned.headers.get('x-llr-backend'), 'local')
    assert.equal(home.hosted.received.length, 1)
  })

  test('unscannable: local-only keeps images at home', async (t) => {
    const home = await house(t)
    const image = {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: `What is this? ${CANARY}` },
            {
              type: 'image_url',
              image_url: {
                url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk',
              },
            },
          ],
        },
      ],
    }
    const open = await home.stage.router(backends(home) + ROUTED)
    assert.equal((await open.post(CHAT, image)).headers.get('x-llr-backend'), 'hosted')
    assert.equal(home.hosted.received.length, 1)
    const strict = await home.stage.router(`${backends(home)}${ROUTED}privacy: { unscannable: local-only }\n`)
    await assertServedLocally(await strict.post(CHAT, image))
    assert.equal(home.hosted.received.length, 1)
  })
})

describe('what was not read', () => {
  test('a file that no local server takes is refused there', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(backends(home) + ROUTED)
    for (const data of [SECRET, `data:text/plain; base64,${SECRET}`]) {
      const encoded = data.replace(SECRET, Buffer.from(SECRET).toString('base64'))
      const content = [{ type: 'file', file: { filename: 'a.txt', file_data: encoded } }]
      const response = await router.post(CHAT, { messages: [{ role: 'user', content }] })
      assert.equal(response.headers.get('x-llr-sensitivity'), 'high', await response.text())
    }
    assertUntouched(home.hosted)
  })

  test('a request too long to scan stays', async (t) => {
    const home = await house(t)
    const router = await home.stage.router(backends(home) + ROUTED)
    await assertServedLocally(await router.post(CHAT, ask(`${'so it goes '.repeat(250_000)} ${CANARY}`)))
    assertUntouched(home.hosted)
  })

  test('unscannable: local-only keeps what is not known to be text at home', async (t) => {
    const home = await house(t)
    const strict = await home.stage.router(`${backends(home)}${ROUTED}privacy: { unscannable: local-only }\n`)
    const pdf = Buffer.from(`%PDF-1.7 ${CANARY}`).toString('base64')
    for (const part of [
      { type: 'file', file: { file_data: pdf } },
      { type: 'file', file: { file_id: CANARY } },
      { type: 'video_url', video_url: { url: `https://x.dev/${CANARY}` } },
    ]) {
      const response = await strict.post(CHAT, { messages: [{ role: 'user', content: [part] }] })
      assert.equal(response.headers.get('x-llr-sensitivity'), 'high', await response.text())
    }
    assertUntouched(home.hosted)
  })
})

describe('nothing of the text is kept or repeated', () => {
  test('not in the store, the metrics, the errors or the log', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'llr-privacy-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const home = await house(t)
    const router = await home.stage.router(backends(home) + ROUTED, { dbPath: join(folder, 'metrics.db') })
    const answers: string[] = []
    const send = async (response: Response | Promise<Response>): Promise<void> => {
      const { headers } = await response
      answers.push(JSON.stringify([...headers]), await (await response).text())
    }
    const quoting = status(400, {
      error: { message: `cannot read ${CANARY}`, code: `bad ${CANARY}`, param: CANARY },
    })

    await send(router.post(CHAT, ask(SECRET)))
    await send(router.post(CHAT, { ...ask(SECRET), model: CANARY }))
    await send(router.post(CHAT, ask(CANARY, { user: CANARY, metadata: { [CANARY]: CANARY } })))
    await send(
      router.post(`${CHAT}?q=${CANARY}`, ask('hi'), { 'x-llr-sensitivity': CANARY, 'x-request-id': CANARY }),
    )
    await send(router.post(CHAT, `{"model": "${CANARY}", "${CANARY}`))
    await send(router.post(CHAT, { messages: CANARY }))
    await send(router.post(CHAT, { messages: [{ role: CANARY, content: CANARY }] }))
    await send(router.post(CHAT, ask('hi', { temperature: CANARY, [CANARY]: 1 })))
    await send(router.post(CHAT, ask('hi', { tools: [{ type: CANARY }] })))
    await send(router.post(RESPONSES, { input: [{ type: CANARY }] }))
    await send(router.post(RESPONSES, { input: 'hi', previous_response_id: CANARY }))
    await send(router.post(CHAT, ask(CANARY), { 'content-type': `text/${CANARY}` }))
    await send(fetch(`${router.url}/${CANARY}`))
    await send(fetch(`${router.url}/v1/metrics?hours=${CANARY}`))
    for (const script of [quoting, status500, status(404, { error: `no ${CANARY}` })]) {
      home.hosted.script(script)
      home.local.script((request, response) =>
        request.method === 'GET' ? LOCAL(request, response) : script(request, response),
      )
      await send(router.post(CHAT, ask(CANARY)))
      await send(router.post(CHAT, ask(SECRET)))
      await send(router.post(CHAT, ask(SECRET, { stream: true })))
      await send(router.post(RESPONSES, { input: SECRET, stream: true }))
    }
    for (const path of ['/metrics', '/v1/metrics', '/v1/ab', '/health', '/v1/models'])
      await send(fetch(router.url + path))

    for (const answer of answers) assert.ok(!answer.includes(CANARY), answer)
    assert.deepEqual(router.defects, [])
    for (const entry of router.logs) assert.ok(!entry.includes(CANARY), entry)
    await eventually('records are stored', async () => (await totals(router)) > 10)
    await router.close()
    for (const file of readdirSync(folder)) {
      assert.ok(!readFileSync(join(folder, file)).includes(CANARY), file)
      assert.ok(!readFileSync(join(folder, file)).includes('4111'), file)
    }
  })

  test('no key of the environment is ever told, and no header of a client is ever passed on', async (t) => {
    const home = await house(t)
    const env = {
      OPENAI_API_KEY: 'sk-envkey-0001',
      SARMALINK_API_KEY: 'sk-envkey-0002',
      HOUSE_KEY: 'sk-envkey-0003',
    }
    const sarmalink = await home.stage.backend(HOSTED)
    const other = await home.stage.backend(HOSTED)
    const policy = `
backends:
  hosted: { type: openai, endpoint: "${home.hosted.origin}/v1", model: gpt }
  sarmalink: { type: sarmalink, endpoint: "${sarmalink.origin}/v1", model: smart }
  other: { type: openai-compatible, endpoint: "${other.origin}/v1", model: m, apiKeyEnv: HOUSE_KEY }
  keyless: { type: openai-compatible, endpoint: "${other.origin}/v1", model: m, apiKeyEnv: NO_SUCH_KEY }
  local: { type: ollama, endpoint: "${home.local.origin}", model: m }
routes: [{ default: hosted }]
`
    const router = await home.stage.router(policy, { env })
    const headers = {
      authorization: 'Bearer client-secret-1',
      'x-api-key': 'client-secret-2',
      cookie: 'session=client-secret-3',
      'openai-organization': 'client-secret-4',
      'x-forwarded-for': 'client-secret-5',
      'user-agent': 'client-secret-6',
    }
    const answers: string[] = []
    for (const model of ['auto', 'sarmalink', 'other', 'keyless', 'local']) {
      for (const stream of [false, true]) {
        const response = await router.post(CHAT, { ...ask('hello'), model, stream }, headers)
        answers.push(JSON.stringify([...response.headers]), await response.text())
      }
    }
    home.hosted.script(
      status(401, { error: { message: `Incorrect API key provided: ${env.OPENAI_API_KEY}` } }),
    )
    answers.push(await (await router.post(CHAT, ask('hello'), headers)).text())
    for (const path of ['/metrics', '/v1/metrics', '/v1/ab', '/health', '/v1/models']) {
      answers.push(await (await fetch(router.url + path)).text())
    }
    assert.equal(home.hosted.received[0]?.headers.authorization, `Bearer ${env.OPENAI_API_KEY}`)
    assert.equal(sarmalink.received[0]?.headers.authorization, `Bearer ${env.SARMALINK_API_KEY}`)
    assert.equal(other.received[0]?.headers.authorization, `Bearer ${env.HOUSE_KEY}`)
    assert.equal(other.received.length, 2, 'the keyless one is not asked')
    assert.equal(home.local.received[0]?.headers.authorization, undefined)
    for (const text of [...answers, ...router.logs]) assert.ok(!text.includes('sk-envkey'), text)
    for (const backend of [home.hosted, sarmalink, other, home.local]) {
      for (const text of backend.seen) assert.ok(!text.includes('client-secret'), text)
    }
  })
})

async function totals(router: RunningRouter): Promise<number> {
  const summary = (await (await fetch(`${router.url}/v1/metrics`)).json()) as { totals: { requests: number } }
  return summary.totals.requests
}
