/** The policy of SPEC 3, word for word but for its endpoints, driven by the `openai` package. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import OpenAI from 'openai'
import { parseConfig } from '../../src/config.ts'
import {
  chatScript,
  closedPort,
  messagesOf,
  ollamaScript,
  type Backend,
  type Script,
} from '../support/backend.ts'
import {
  chunk,
  cutAfter,
  cutBuffered,
  errorWith200,
  hang,
  hangUp,
  htmlPage,
  inTwoParts,
  line,
  malformed,
  ROLE,
  stallAfter,
  status,
  status500,
  streamOf,
} from '../support/failing.ts'
import { createSkewedClock } from '../support/skewed-clock.ts'
import { isMirrored, SPEC_MODELS, SPEC_POLICY, specPolicy } from '../support/spec-policy.ts'
import { createStage } from '../support/stage.ts'
import type { RunningRouter } from '../support/start-router.ts'

const CODE = 'Write a Python function that reverses a string.'
const WEB = 'Search the web for the latest news about the election today.'
const GENERAL = 'Hello, how are you?'
const PNG =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const QUICK = '\ntimeouts: { connectMs: 400, firstTokenMs: 150, idleMs: 150, totalMs: 150, streamMs: 2000 }\n'

const OLLAMA = ollamaScript('this is local', SPEC_MODELS)
const SARMALINK = chatScript('this is sarmalink')
const FRONTIER = chatScript('this is frontier')

interface Cast {
  readonly local: Backend
  readonly sarmalink: Backend
  readonly frontier: Backend
  readonly router: RunningRouter
}

async function cast(
  test: TestContext,
  scripts: { readonly local?: Script; readonly sarmalink?: Script; readonly frontier?: Script } = {},
  more = '',
): Promise<Cast> {
  const stage = createStage(test)
  const local = await stage.backend(scripts.local ?? OLLAMA)
  const sarmalink = await stage.backend(scripts.sarmalink ?? SARMALINK)
  const frontier = await stage.backend(scripts.frontier ?? FRONTIER)
  const origins = { local: local.origin, sarmalink: sarmalink.origin, frontier: frontier.origin }
  return { local, sarmalink, frontier, router: await stage.router(specPolicy(origins, more)) }
}

function user(
  content: OpenAI.ChatCompletionUserMessageParam['content'],
): OpenAI.ChatCompletionMessageParam[] {
  return [{ role: 'user', content }]
}

interface Answer {
  readonly text: string
  readonly model: string
  readonly headers: Headers
}

async function buffered(router: RunningRouter, content: Parameters<typeof user>[0]): Promise<Answer> {
  const { data, response } = await router.openai.chat.completions
    .create({ model: 'auto', messages: user(content) })
    .withResponse()
  return { text: data.choices[0]?.message.content ?? '', model: data.model, headers: response.headers }
}

interface StreamedAnswer extends Answer {
  readonly error: unknown
}

/** Never rejects once the stream has begun: what was read before an error counts. */
async function streamed(
  router: RunningRouter,
  content: Parameters<typeof user>[0],
  onContent: () => void = () => undefined,
): Promise<StreamedAnswer> {
  const { data, response } = await router.openai.chat.completions
    .create({ model: 'auto', stream: true, messages: user(content) })
    .withResponse()
  let text = ''
  let model = ''
  try {
    for await (const part of data) {
      const content = part.choices[0]?.delta.content ?? ''
      text += content
      model = part.model
      if (content !== '') onContent()
    }
    return { text, model, headers: response.headers, error: null }
  } catch (error) {
    return { text, model, headers: response.headers, error }
  }
}

async function readFrames(response: Response, onData: () => void): Promise<readonly string[]> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true })
    onData()
  }
  return text.split('\n\n').filter((frame) => frame !== '')
}

async function refusal(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await promise.then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof OpenAI.APIError, String(error))
  return error
}

function assertServedBy(answer: Answer, backend: string, attempts: number): void {
  assert.equal(answer.headers.get('x-llr-backend'), backend)
  assert.equal(answer.headers.get('x-llr-attempts'), String(attempts))
  assert.equal(answer.text, `this is ${backend}`)
}

describe('SPEC 3: its routes', () => {
  test('the very file loads, its endpoints included, without a warning', () => {
    const config = parseConfig(SPEC_POLICY, 'policy.yaml')
    assert.equal(config.policy.routes.length, 5)
    assert.deepEqual(config.warnings, [])
  })

  test('simple code goes to the local coder model', async (t) => {
    const { router, local } = await cast(t)
    const answer = await buffered(router, CODE)
    assertServedBy(answer, 'local', 1)
    assert.equal(answer.headers.get('x-llr-task'), 'code')
    assert.equal(answer.headers.get('x-llr-route'), 'route-2')
    assert.equal(answer.headers.get('x-llr-model'), 'qwen2.5-coder:7b')
    assert.equal(answer.model, 'qwen2.5-coder:7b')
    assert.equal(local.received[0]?.body['model'], 'qwen2.5-coder:7b')
  })

  test('an image goes to the local vision model', async (t) => {
    const { router, local } = await cast(t)
    const answer = await buffered(router, [
      { type: 'text', text: 'What is in this picture?' },
      { type: 'image_url', image_url: { url: PNG } },
    ])
    assertServedBy(answer, 'local', 1)
    assert.equal(answer.headers.get('x-llr-task'), 'vision')
    assert.equal(answer.model, 'gemma3:12b')
    const [message] = messagesOf(local.received[0])
    assert.deepEqual(message?.['images'], [PNG.split(',')[1]])
  })

  test('an image falls back to the frontier: a picture alone is not sensitive', async (t) => {
    const { router } = await cast(t, { local: status500 })
    const answer = await buffered(router, [
      { type: 'text', text: 'What is in this picture?' },
      { type: 'image_url', image_url: { url: PNG } },
    ])
    assertServedBy(answer, 'frontier', 2)
    assert.equal(answer.headers.get('x-llr-sensitivity'), 'normal')
    assert.equal(answer.model, 'gpt-4o')
  })

  test('web search goes to sarmalink, which has no fallback', async (t) => {
    const { router, sarmalink } = await cast(t)
    const answer = await buffered(router, WEB)
    assertServedBy(answer, 'sarmalink', 1)
    assert.equal(answer.headers.get('x-llr-task'), 'web_search')
    sarmalink.script(status500)
    const error = await refusal(buffered(router, WEB))
    assert.equal(error.status, 502)
    assert.equal(error.code, 'upstream_error')
    assert.equal(error.headers?.get('x-llr-backend'), 'none')
    // There is nobody else, so it was asked once more.
    assert.equal(error.headers?.get('x-llr-attempts'), '2')
    assert.equal(error.headers?.get('x-llr-route'), 'route-4')
  })

  test('the default shifts to sarmalink: 1800 ms expected, 1200 allowed, 600 there', async (t) => {
    const { router, local } = await cast(t)
    const answer = await buffered(router, GENERAL)
    assertServedBy(answer, 'sarmalink', 1)
    assert.equal(answer.headers.get('x-llr-route'), 'default')
    assert.match(answer.headers.get('x-llr-reason') ?? '', /shifted from local to sarmalink: 1800 ms.*1200/)
    assert.equal(local.received.length, 0)
  })

  test('simple code stays: 1800 ms is within its 2500', async (t) => {
    const { router } = await cast(t)
    const answer = await streamed(router, CODE)
    assertServedBy(answer, 'local', 1)
    assert.doesNotMatch(answer.headers.get('x-llr-reason') ?? '', /shifted/)
  })

  test('a marked request stays at home with the reason of its route', async (t) => {
    const { router, sarmalink, frontier } = await cast(t)
    const response = await router.post(
      '/v1/chat/completions',
      { model: 'auto', messages: user(GENERAL) },
      { 'X-LLR-Sensitivity': 'high' },
    )
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-llr-backend'), 'local')
    assert.match(response.headers.get('x-llr-reason') ?? '', /^Privacy: never leave the machine/)
    assert.equal(sarmalink.received.length + frontier.received.length, 0)
  })

  test('a mirror of what local serves goes to sarmalink for its share of the requests', async (t) => {
    const { router, sarmalink } = await cast(t)
    let expected = 0
    for (let i = 0; i < 60; i++) {
      const { headers } = await buffered(router, CODE)
      if (isMirrored(headers.get('x-llr-request-id'))) {
        expected++
        await sarmalink.nextRequest()
      }
    }
    assert.equal(sarmalink.received.length, expected)
  })
})

/** Failures before the first content: another target answers and the client notices nothing. */
const CHAT_FAILURES: readonly (readonly [string, Script, ('buffered' | 'streamed')?])[] = [
  ['answers 500', status500],
  ['answers 503 with Retry-After', status(503, { error: { message: 'busy' } }, { 'retry-after': '7' })],
  ['answers 429', status(429, { error: { message: 'slow down' } })],
  ['answers 401', status(401, { error: { message: 'bad key' } })],
  ['answers 404', status(404, { error: { message: 'no such model' } })],
  ['redirects', status(302, {}, { location: 'http://127.0.0.1:9/' })],
  ['closes without an answer', hangUp],
  ['never answers', hang],
  ['sends malformed JSON', malformed],
  ['sends an HTML page', htmlPage],
  ['reports an error with status 200', errorWith200],
  ['cuts its answer', cutBuffered, 'buffered'],
  ['cuts its stream before the first byte of content', cutAfter(ROLE), 'streamed'],
  ['sends headers and nothing else', stallAfter(''), 'streamed'],
  ['stalls after the role', stallAfter(ROLE), 'streamed'],
  ['ends an empty stream', streamOf(''), 'streamed'],
  ['ends its stream after the role', streamOf(ROLE), 'streamed'],
  [
    'sends the role, then an error',
    streamOf(ROLE, `data: ${JSON.stringify({ error: { message: 'oom', code: 'oom' } })}\n\n`),
    'streamed',
  ],
  [
    'sends comments and blank deltas, then ends',
    streamOf(': ping\n\n', ROLE, chunk({ content: '' })),
    'streamed',
  ],
]

const OLLAMA_FAILURES: typeof CHAT_FAILURES = [
  ['answers 500', status(500, { error: 'model runner has unexpectedly stopped' })],
  ['answers 404 (model not pulled)', status(404, { error: "model 'x' not found" })],
  ['closes without an answer', hangUp],
  ['never answers', hang],
  ['sends malformed JSON', malformed],
  ['reports an error with status 200', errorWith200],
  ['cuts its answer', cutBuffered, 'buffered'],
  ['cuts its stream before any content', cutAfter(line('')), 'streamed'],
  ['stalls before any content', stallAfter(line('')), 'streamed'],
  ['ends an empty stream', streamOf(''), 'streamed'],
  ['sends an empty line, then an error', streamOf(line(''), '{"error":"out of memory"}\n'), 'streamed'],
]

describe('SPEC 3: invisible fallback before the commit point', () => {
  for (const [what, script, only] of CHAT_FAILURES) {
    for (const way of ['buffered', 'streamed'] as const) {
      if (only !== undefined && only !== way) continue
      test(`default, ${way}: sarmalink ${what} → local`, async (t) => {
        const { router } = await cast(t, { sarmalink: script }, QUICK)
        const answer = way === 'buffered' ? await buffered(router, GENERAL) : await streamed(router, GENERAL)
        // A connection that closes before a byte of an answer is tried once more at the same target.
        assertServedBy(answer, 'local', what === 'closes without an answer' ? 3 : 2)
        assert.equal('error' in answer ? answer.error : null, null)
        assert.equal(answer.model, 'llama4:16x17b')
        assert.deepEqual(router.defects, [])
      })
    }
  }

  for (const [what, script, only] of OLLAMA_FAILURES) {
    for (const way of ['buffered', 'streamed'] as const) {
      if (only !== undefined && only !== way) continue
      test(`code, ${way}: local ${what} → sarmalink`, async (t) => {
        const { router } = await cast(t, { local: script }, QUICK)
        const answer = way === 'buffered' ? await buffered(router, CODE) : await streamed(router, CODE)
        assertServedBy(answer, 'sarmalink', what === 'closes without an answer' ? 3 : 2)
        assert.equal('error' in answer ? answer.error : null, null)
        assert.equal(answer.model, 'smart')
        assert.deepEqual(router.defects, [])
      })
    }
  }

  test('code: local is dead → sarmalink, and an error of both names both', async (t) => {
    const stage = createStage(t)
    const sarmalink = await stage.backend(SARMALINK)
    const dead = `http://127.0.0.1:${await closedPort()}`
    const router = await stage.router(
      specPolicy({ local: dead, sarmalink: sarmalink.origin, frontier: sarmalink.origin }),
    )
    assertServedBy(await buffered(router, CODE), 'sarmalink', 2)
    assertServedBy(await streamed(router, CODE), 'sarmalink', 2)
    sarmalink.script(status(429, { error: { message: 'slow' } }, { 'retry-after': '12' }))
    const error = await refusal(buffered(router, CODE))
    assert.equal(error.status, 429)
    assert.match(error.message, /"local" cannot be reached \(ECONNREFUSED\).*"sarmalink" answered HTTP 429/)
    assert.equal(error.headers?.get('retry-after'), '12')
    assert.equal(error.headers?.get('x-should-retry'), 'false')
    assert.equal(error.headers?.get('x-llr-attempts'), '2')
  })

  test('a rejected request (400) is the client’s to change: no fallback', async (t) => {
    const { router, sarmalink, local } = await cast(t, {
      sarmalink: status(400, { error: { message: 'temperature out of range', code: 'invalid_value' } }),
    })
    const error = await refusal(buffered(router, GENERAL))
    assert.equal(error.status, 400)
    assert.equal(error.code, 'upstream_rejected')
    assert.equal(sarmalink.received.length, 1)
    assert.equal(local.received.length, 0)
  })

  test('a context overflow may fit elsewhere; of all it is a 400', async (t) => {
    const overflow = status(400, {
      error: { message: 'This model has a maximum context length', code: 'context_length_exceeded' },
    })
    const { router, local } = await cast(t, { sarmalink: overflow })
    assertServedBy(await buffered(router, GENERAL), 'local', 2)
    assertServedBy(await streamed(router, GENERAL), 'local', 2)
    local.script(overflow)
    const error = await refusal(streamed(router, GENERAL))
    assert.equal(error.status, 400)
    assert.equal(error.code, 'context_length_exceeded')
  })
})

/** Failures after the first content: the client has it, nobody else can answer, and the end is no clean end. */
const HALF = chunk({ content: 'half ' })

const MID_STREAM: readonly (readonly [
  string,
  () => { readonly script: Script; readonly goOn: () => void },
  RegExp,
])[] = [
  ['cuts its stream', () => alone(cutAfter(ROLE, HALF)), /broke off/],
  ['ends without a finish', () => alone(streamOf(ROLE, HALF)), /without finishing/],
  ['goes silent', () => alone(stallAfter(ROLE, HALF)), /went silent for 150 ms/],
  ['sends what is no JSON', () => inTwoParts(ROLE + HALF, 'data: {"cho\n\n'), /not a JSON object/],
  [
    'reports an error',
    () => inTwoParts(ROLE + HALF, `data: ${JSON.stringify({ error: { message: 'oom', code: 'oom' } })}\n\n`),
    /reported an error in its stream \(oom\)/,
  ],
]

const MID_STREAM_OLLAMA: typeof MID_STREAM = [
  ['cuts its stream', () => alone(cutAfter(line('half '))), /broke off/],
  ['reports an error', () => inTwoParts(line('half '), '{"error":"out of memory"}\n'), /reported an error/],
  ['ends without done', () => alone(streamOf(line('half '))), /without finishing/],
]

function alone(script: Script): { readonly script: Script; readonly goOn: () => void } {
  return { script, goOn: () => undefined }
}

describe('SPEC 3: a well-formed error after the commit point', () => {
  for (const [what, start, message] of MID_STREAM) {
    test(`default: sarmalink ${what}`, async (t) => {
      const { script, goOn } = start()
      const { router, local } = await cast(t, { sarmalink: script }, QUICK)
      const answer = await streamed(router, GENERAL, goOn)
      assert.equal(answer.text, 'half ')
      assert.ok(answer.error instanceof OpenAI.APIError, String(answer.error))
      assert.match(answer.error.message, message)
      assert.equal(answer.headers.get('x-llr-backend'), 'sarmalink')
      assert.equal(answer.headers.get('x-llr-attempts'), '1')
      assert.equal(local.received.length, 0)

      const body = { model: 'auto', stream: true, messages: user(GENERAL) }
      const frames = await readFrames(await router.post('/v1/chat/completions', body), goOn)
      const last = JSON.parse(frames.at(-1)?.replace(/^data: /, '') ?? '') as { error: { type: string } }
      assert.equal(last.error.type, 'server_error')
      assert.equal(frames.filter((frame) => frame.includes('"error"')).length, 1)
      assert.ok(!frames.includes('data: [DONE]'))
    })
  }

  for (const [what, start, message] of MID_STREAM_OLLAMA) {
    test(`code: local ${what}`, async (t) => {
      const { script, goOn } = start()
      const { router, sarmalink } = await cast(t, { local: script }, QUICK)
      const answer = await streamed(router, CODE, goOn)
      assert.equal(answer.text, 'half ')
      assert.ok(answer.error instanceof OpenAI.APIError, String(answer.error))
      assert.match(answer.error.message, message)
      assert.equal(answer.headers.get('x-llr-backend'), 'local')
      assert.equal(answer.headers.get('x-llr-attempts'), '1')
      if (!isMirrored(answer.headers.get('x-llr-request-id'))) assert.equal(sarmalink.received.length, 0)
      const summary = (await (await fetch(`${router.url}/v1/metrics`)).json()) as {
        totals: { success: number; failure: number }
      }
      assert.deepEqual([summary.totals.success, summary.totals.failure], [0, 1])
    })
  }

  test('content that came in one piece with its error was never shown, so another answers', async (t) => {
    const { router } = await cast(t, {
      sarmalink: streamOf(ROLE, HALF, 'data: {"error":{"message":"oom"}}\n\n'),
    })
    assertServedBy(await streamed(router, GENERAL), 'local', 2)
  })

  test('a Responses stream ends with response.failed, nothing after it', async (t) => {
    const { router } = await cast(t, { sarmalink: cutAfter(ROLE, chunk({ content: 'half ' })) })
    const stream = await router.openai.responses.create({ model: 'auto', input: GENERAL, stream: true })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    assert.equal(types.at(-1), 'response.failed')
    assert.ok(!types.includes('response.completed'))
  })

  test('a stream that is complete but whose connection stays open is no failure', async (t) => {
    const whole = stallAfter(
      ROLE,
      chunk({ content: 'this is sarmalink' }),
      chunk({}, 'stop'),
      'data: [DONE]\n\n',
    )
    const { router } = await cast(t, { sarmalink: whole }, QUICK)
    const raw = await router.post('/v1/chat/completions', {
      model: 'auto',
      stream: true,
      messages: user(GENERAL),
    })
    const text = await raw.text()
    assert.ok(text.endsWith('data: [DONE]\n\n'), text)
    assert.ok(!text.includes('"error"'), text)
  })
})

describe('SPEC 3: the latency budget over time', () => {
  test('live medians replace the declared p50Ms, and the shift goes away', async (t) => {
    const { router } = await cast(t)
    assert.equal((await buffered(router, GENERAL)).headers.get('x-llr-backend'), 'sarmalink')
    // The live median of a target needs five answers; only then may it overrule what the policy declares.
    for (let i = 0; i < 5; i++) {
      const pinned = await router.openai.chat.completions.create({ model: 'local', messages: user(GENERAL) })
      assert.equal(pinned.model, 'llama4:16x17b')
      const { headers } = await buffered(router, GENERAL)
      assert.equal(headers.get('x-llr-backend'), i < 4 ? 'sarmalink' : 'local')
    }
    // No swinging back: what is measured now is the target that serves.
    for (let i = 0; i < 20; i++) {
      assert.equal((await buffered(router, GENERAL)).headers.get('x-llr-backend'), 'local')
    }
    // Streams are measured apart from whole answers: they still go by what was declared.
    assert.equal((await streamed(router, GENERAL)).headers.get('x-llr-backend'), 'sarmalink')
  })

  test('a slow primary shifts by its live median, stays shifted, and gets its chance when that is stale', async (t) => {
    const stage = createStage(t)
    const slow = await stage.backend(ollamaScript('this is slow', ['m']))
    const fast = await stage.backend(chatScript('this is fast'))
    const clock = createSkewedClock()
    const router = await stage.router(
      `
backends:
  slow: { type: ollama, endpoint: "${slow.origin}", model: m }
  fast: { type: openai, endpoint: "${fast.origin}/v1", model: gpt, p50Ms: 20 }
routes:
  - default: slow
    fallback: fast
    latencyBudgetMs: 30
`,
      { clock },
    )
    slow.script(async (request, response) => {
      if (request.method !== 'GET') await new Promise((resolve) => setTimeout(resolve, 60))
      return ollamaScript('this is slow', ['m'])(request, response)
    })
    const served: (string | null)[] = []
    for (let i = 0; i < 12; i++) served.push((await buffered(router, GENERAL)).headers.get('x-llr-backend'))
    assert.deepEqual(served, [...Array<string>(5).fill('slow'), ...Array<string>(7).fill('fast')])
    clock.skip(600_001)
    assert.equal((await buffered(router, GENERAL)).headers.get('x-llr-backend'), 'slow')
  })

  test('failures do not count as fast answers', async (t) => {
    const { router, local } = await cast(t)
    local.script(status500)
    for (let i = 0; i < 6; i++) {
      await refusal(router.openai.chat.completions.create({ model: 'local', messages: user(GENERAL) }))
    }
    local.script(OLLAMA)
    assert.equal((await buffered(router, GENERAL)).headers.get('x-llr-backend'), 'sarmalink')
  })
})
