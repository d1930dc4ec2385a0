/** What an answer was given without is told, in the client's own words; what would be a lie without is refused. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { ollamaScript, type Backend, type Received, type Script } from '../support/backend.ts'
import type { Answer } from '../support/protocols/neutral.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const ANSWER: Answer = {
  text: ['One ', 'answer.'],
  finish: 'stop',
  usage: { input: 9, output: 4, cached: 0, reasoning: 0 },
}
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const MESSAGES = '/v1/messages'
const HI = [{ role: 'user', content: 'Hi' }]
const SCHEMA = { type: 'object', properties: {} }
const OWN_PATHS = new Set([CHAT, RESPONSES, MESSAGES, '/api/chat', '/api/generate', '/v1/completions'])

/** Answers whatever is asked, however oddly: what it heard is looked at by the tests. */
function easy(name: ProtocolName): Script {
  const { server } = PROTOCOLS[name]
  return (request, response) => {
    const { method, path, body } = request
    if (method === 'GET' || !OWN_PATHS.has(path)) return ollamaScript('x', ['m'])(request, response)
    const stream = name === 'ollama' ? body['stream'] !== false : body['stream'] === true
    response.writeHead(200, { 'content-type': stream ? server.streamType : 'application/json' })
    if (path === '/api/generate') {
      const end = { done: true, done_reason: 'stop', prompt_eval_count: 1, eval_count: 1 }
      return void response.end(
        `${JSON.stringify({ model: 'm', created_at: '2026-11-22T00:00:00Z', response: 'x', ...end })}\n`,
      )
    }
    const pieces = stream ? server.pieces(ANSWER, body).map(({ text }) => text) : []
    response.end(stream ? pieces.join('') : JSON.stringify(server.whole(ANSWER, body)))
  }
}

interface Scene {
  readonly router: RunningRouter
  readonly backends: readonly Backend[]
}

async function start(t: TestContext, ...protocols: readonly ProtocolName[]): Promise<Scene> {
  const stage = createStage(t)
  const backends: Backend[] = []
  const lines: string[] = []
  for (const [index, protocol] of protocols.entries()) {
    const backend = await stage.backend(easy(protocol))
    backends.push(backend)
    const kind = {
      chat: 'type: openai',
      responses: 'type: openai-compatible, protocol: responses',
      messages: 'type: anthropic',
      ollama: 'type: ollama',
    }[protocol]
    const path = protocol === 'ollama' ? '' : '/v1'
    lines.push(`  b${index}: { ${kind}, endpoint: "${backend.origin}${path}", model: m }`)
  }
  const others = protocols.slice(1).map((_, index) => `b${index + 1}`)
  const router = await stage.router(`
backends:
${lines.join('\n')}
routes: [{ default: b0${others.length > 0 ? `, fallback: [${others.join(', ')}]` : ''} }]
`)
  return { router, backends }
}

function wordsOf(response: Response): readonly string[] {
  const header = response.headers.get('x-llr-dropped')
  return header === null ? [] : header.split(',').toSorted()
}

const chatTool = { type: 'function', function: { name: 'f', parameters: SCHEMA } }
const messagesTool = { name: 'f', input_schema: SCHEMA }
const responsesTool = { type: 'function', name: 'f', parameters: SCHEMA }
const messages = (more: object): object => ({ max_tokens: 99, messages: HI, ...more })

/** Path, body, protocol of the backend, what is dropped. */
const PAIRS: readonly (readonly [string, object, ProtocolName, readonly string[]])[] = [
  [
    CHAT,
    { tools: [chatTool, { type: 'web_search' }], tool_choice: 'required', parallel_tool_calls: false },
    'ollama',
    ['tool_choice', 'parallel_tool_calls', 'tools[1]'],
  ],
  [
    CHAT,
    { logit_bias: { 5: 1 }, verbosity: 'low', modalities: ['text'] },
    'ollama',
    ['logit_bias', 'verbosity', 'modalities'],
  ],
  [
    CHAT,
    {
      seed: 1,
      stop: ['x'],
      presence_penalty: 1,
      frequency_penalty: 1,
      logprobs: true,
      top_logprobs: 2,
      reasoning_effort: 'low',
      response_format: { type: 'json_object' },
    },
    'ollama',
    [],
  ],
  [
    CHAT,
    {
      seed: 1,
      presence_penalty: 1,
      frequency_penalty: 1,
      logprobs: true,
      top_logprobs: 2,
      response_format: { type: 'json_object' },
      stop: ['\n'],
    },
    'messages',
    ['seed', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs', 'response_format', 'stop'],
  ],
  [
    CHAT,
    { reasoning_effort: 'high', tools: [chatTool], tool_choice: 'required' },
    'messages',
    ['reasoning_effort'],
  ],
  [CHAT, { reasoning_effort: 'high', temperature: 0.5 }, 'messages', ['temperature']],
  [
    CHAT,
    { seed: 1, presence_penalty: 1, frequency_penalty: 1 },
    'responses',
    ['seed', 'presence_penalty', 'frequency_penalty'],
  ],
  [
    CHAT,
    {
      n: 1,
      parallel_tool_calls: false,
      response_format: { type: 'text' },
      logprobs: false,
      user: 'u',
      metadata: {},
    },
    'messages',
    [],
  ],

  [
    RESPONSES,
    {
      tools: [responsesTool, { type: 'web_search' }],
      truncation: 'auto',
      max_tool_calls: 3,
      text: { verbosity: 'low' },
    },
    'chat',
    ['tools[1]', 'truncation', 'max_tool_calls', 'text.verbosity'],
  ],
  [
    RESPONSES,
    { tools: [responsesTool], tool_choice: 'required', parallel_tool_calls: false },
    'ollama',
    ['tool_choice', 'parallel_tool_calls'],
  ],
  [RESPONSES, { text: { format: { type: 'json_object' } } }, 'messages', ['text.format']],
  [
    RESPONSES,
    { tools: [responsesTool], tool_choice: 'required', reasoning: { effort: 'high' } },
    'messages',
    ['reasoning.effort'],
  ],
  [RESPONSES, { store: true, metadata: { a: 'b' }, include: [], prompt_cache_key: 'k' }, 'chat', []],

  [
    MESSAGES,
    { top_k: 5, tools: [{ type: 'web_search_20250305', name: 'web_search' }, messagesTool] },
    'chat',
    ['top_k', 'tools[0]'],
  ],
  [
    MESSAGES,
    { top_k: 5, mcp_servers: [{ type: 'url', url: 'https://x.dev', name: 'x' }] },
    'responses',
    ['top_k', 'mcp_servers'],
  ],
  [
    MESSAGES,
    { tools: [messagesTool], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    'ollama',
    ['tool_choice', 'tool_choice.disable_parallel_tool_use'],
  ],
  [MESSAGES, { top_k: 5, stop_sequences: ['x'], metadata: { user_id: 'u' } }, 'ollama', []],

  [
    '/api/chat',
    { options: { top_k: 5, min_p: 0.1, repeat_penalty: 1.1, num_ctx: 4096 } },
    'chat',
    ['options.top_k', 'options.min_p', 'options.repeat_penalty'],
  ],
  [
    '/api/chat',
    { format: 'json', options: { seed: 1, presence_penalty: 1, stop: [' '] } },
    'messages',
    ['format', 'options.seed', 'options.presence_penalty', 'options.stop'],
  ],
  [
    '/api/chat',
    { options: { seed: 1, top_k: 5, frequency_penalty: 1 } },
    'responses',
    ['options.seed', 'options.top_k', 'options.frequency_penalty'],
  ],
  [
    '/api/generate',
    { template: '{{ .Prompt }}', context: [1, 2], options: { top_k: 3 } },
    'chat',
    ['template', 'context', 'options.top_k'],
  ],
  ['/api/generate', { keep_alive: '5m', options: { num_ctx: 99 } }, 'chat', []],

  [
    '/v1/completions',
    { echo: true, best_of: 2, logit_bias: { 5: 1 } },
    'ollama',
    ['echo', 'best_of', 'logit_bias'],
  ],
  ['/v1/completions', { seed: 1, logprobs: 2 }, 'messages', ['seed', 'logprobs']],
]

function bodyOf(path: string, more: object): object {
  if (path === MESSAGES) return messages(more)
  if (path === RESPONSES) return { input: 'Hi', ...more }
  if (path === '/api/generate' || path === '/v1/completions') return { prompt: 'Hi', ...more }
  return { messages: HI, ...more }
}

describe('x-llr-dropped', () => {
  for (const [path, more, backend, expected] of PAIRS) {
    const what = expected.length === 0 ? `nothing of ${Object.keys(more).join(', ')}` : expected.join(', ')
    test(`${path} → ${backend}: ${what}`, async (t) => {
      const { router, backends } = await start(t, backend)
      for (const stream of [false, true]) {
        const response = await router.post(path, { model: 'auto', ...bodyOf(path, more), stream })
        const text = await response.text()
        assert.equal(response.status, 200, text)
        assert.deepEqual(wordsOf(response), expected.toSorted(), text)
      }
      assert.equal(backends[0]?.received.length, 2)
      assert.deepEqual(router.defects, [])
    })
  }

  for (const [path, protocol, more] of [
    [
      CHAT,
      'chat',
      { logit_bias: { 5: 1 }, tools: [{ type: 'web_search' }, chatTool], verbosity: 'low', n: 2, top_k: 3 },
    ],
    [
      RESPONSES,
      'responses',
      { tools: [{ type: 'web_search' }], truncation: 'auto', max_tool_calls: 3, text: { verbosity: 'low' } },
    ],
    [
      MESSAGES,
      'messages',
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }], mcp_servers: [{}], top_k: 4 },
    ],
    ['/api/chat', 'ollama', { options: { min_p: 0.1, mirostat: 2, num_ctx: 2048 }, think: false }],
    ['/api/generate', 'ollama', { template: 'x', context: [1], options: { min_p: 0.1 } }],
  ] as const) {
    test(`${path} → ${protocol}: nothing is dropped from what passes through`, async (t) => {
      const { router, backends } = await start(t, protocol)
      for (const stream of [false, true]) {
        const response = await router.post(path, { model: 'auto', ...bodyOf(path, more), stream })
        assert.equal(response.status, 200, await response.text())
        assert.equal(response.headers.get('x-llr-dropped'), null)
        const heard = backends[0]?.received.at(-1)?.body ?? {}
        for (const [key, value] of Object.entries(more)) assert.deepEqual(heard[key], value, key)
      }
    })
  }

  test('is of the backend that answers, not of the one that failed before it', async (t) => {
    const { router, backends } = await start(t, 'messages', 'chat')
    backends[0]?.script((_request, response) => void response.writeHead(500).end())
    for (const stream of [false, true]) {
      const response = await router.post(CHAT, { messages: HI, seed: 1, stream })
      assert.equal(response.headers.get('x-llr-backend'), 'b1', await response.text())
      assert.equal(response.headers.get('x-llr-dropped'), null)
    }
  })

  test('is on no answer that is an error', async (t) => {
    const { router, backends } = await start(t, 'messages')
    backends[0]?.script((_request, response) => void response.writeHead(500).end())
    const response = await router.post(CHAT, { messages: HI, seed: 1 })
    assert.equal(response.status, 502)
    assert.equal(response.headers.get('x-llr-dropped'), null)
  })
})

interface RefusedCase {
  readonly what: string
  readonly path: string
  readonly body: object
  /** Cannot do it, and is not even asked. */
  readonly unable: readonly ProtocolName[]
  /** Can, and what it hears then. */
  readonly able: ProtocolName
  readonly heard: (request: Received) => unknown
  readonly expected: unknown
  readonly param: string
}

const file = { type: 'document', source: { type: 'file', file_id: 'file_1' } }
const hosted = { type: 'web_search_20250305', name: 'web_search' }
const inputFile = [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }]
const REFUSED: readonly RefusedCase[] = [
  {
    what: 'more choices than are asked for one by one',
    path: CHAT,
    body: { messages: HI, n: 9 },
    unable: ['ollama', 'messages', 'responses'],
    able: 'chat',
    heard: ({ body }) => body['n'],
    expected: 9,
    param: 'n',
  },
  {
    what: 'stop sequences',
    path: CHAT,
    body: { messages: HI, stop: ['END'] },
    unable: ['responses'],
    able: 'ollama',
    heard: ({ body }) => (body['options'] as { stop?: unknown } | undefined)?.stop,
    expected: ['END'],
    param: 'stop',
  },
  {
    what: 'a file in the store of a provider, in Responses',
    path: RESPONSES,
    body: { input: inputFile },
    unable: ['ollama', 'chat', 'messages'],
    able: 'responses',
    heard: ({ body }) => body['input'],
    expected: inputFile,
    param: 'input[0].content[0].file_id',
  },
  {
    what: 'a file in the store of a provider, in Messages',
    path: MESSAGES,
    body: messages({ messages: [{ role: 'user', content: [file] }] }),
    unable: ['ollama', 'chat', 'responses'],
    able: 'messages',
    heard: ({ body }) => body['messages'],
    expected: [{ role: 'user', content: [file] }],
    param: 'messages[0].content[0].source',
  },
  {
    what: 'a hosted tool that must be called, in Responses',
    path: RESPONSES,
    body: { input: 'Hi', tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } },
    unable: ['ollama', 'chat', 'messages'],
    able: 'responses',
    heard: ({ body }) => body['tool_choice'],
    expected: { type: 'web_search' },
    param: 'tools',
  },
  {
    what: 'any tool that must be called, where only hosted ones are given',
    path: RESPONSES,
    body: { input: 'Hi', tools: [{ type: 'web_search' }], tool_choice: 'required' },
    unable: ['ollama', 'chat', 'messages'],
    able: 'responses',
    heard: ({ body }) => body['tool_choice'],
    expected: 'required',
    param: 'tools',
  },
  {
    what: 'a hosted tool that must be called, in Messages',
    path: MESSAGES,
    body: messages({ tools: [hosted, messagesTool], tool_choice: { type: 'tool', name: 'web_search' } }),
    unable: ['ollama', 'chat', 'responses'],
    able: 'messages',
    heard: ({ body }) => body['tools'],
    expected: [hosted, messagesTool],
    param: 'tools',
  },
  {
    what: 'several prompts',
    path: '/v1/completions',
    body: { prompt: ['One', 'Two'] },
    unable: ['chat', 'messages', 'responses'],
    able: 'ollama',
    heard: () => null,
    expected: null,
    param: 'prompt',
  },
]

describe('what cannot be left out', () => {
  for (const { what, path, body, unable, able, heard, expected, param } of REFUSED) {
    for (const stream of [false, true]) {
      const form = stream ? 'streamed' : 'buffered'
      // Nobody here can do it.
      const isHopeless = path === '/v1/completions'
      if (!isHopeless) {
        test(`${what}, ${form}: goes to the one that can`, async (t) => {
          const { router, backends } = await start(t, ...unable, able)
          const response = await router.post(path, { model: 'auto', ...body, stream })
          const text = await response.text()
          assert.equal(response.status, 200, text)
          assert.equal(response.headers.get('x-llr-backend'), `b${unable.length}`)
          const request = backends.at(-1)?.received[0]
          assert.ok(request !== undefined)
          assert.deepEqual(heard(request), expected)
          for (const other of backends.slice(0, -1)) assert.deepEqual(other.received, [])
          assert.deepEqual(router.defects, [])
        })
      }

      test(`${what}, ${form}: is refused where nobody can`, async (t) => {
        for (const protocol of isHopeless ? [...unable, able] : unable) {
          const { router, backends } = await start(t, protocol)
          const response = await router.post(path, { model: 'auto', ...body, stream })
          const text = await response.text()
          assert.equal(response.status, 400, `${protocol}: ${text}`)
          const { error } = JSON.parse(text) as { error: { code?: string; param?: string; type?: string } }
          assert.equal(error.type, 'invalid_request_error')
          if (path !== MESSAGES) {
            assert.equal(error.code, 'unsupported_value', text)
            // A backend that cannot read a part tells the place of the messages only.
            assert.ok(
              error.param === param || error.param === 'messages' || error.param === 'input',
              `${protocol}: ${text}`,
            )
          }
          assert.equal(response.headers.get('x-should-retry'), 'false')
          assert.deepEqual(backends[0]?.received, [])
        }
      })
    }
  }

  test('a hosted tool that may be called is only dropped: codex sends one always', async (t) => {
    const { router } = await start(t, 'chat')
    const response = await router.post(RESPONSES, {
      input: 'Hi',
      tools: [{ type: 'web_search' }],
      tool_choice: 'auto',
    })
    assert.equal(response.status, 200, await response.text())
    assert.deepEqual(wordsOf(response), ['tools[0]'])
  })
})
