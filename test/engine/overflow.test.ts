/** A prompt that is longer than a real engine's context: every dialect has words for it that its clients act on. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ask, startRouter, type RunningRouter } from '../support/start-router.ts'
import { EGRESS, policyFor, user, type Egress } from './asks.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'

const LONG = 'word '.repeat(400)
const { messages } = user(LONG)

/** What each path is asked. */
const REQUESTS = {
  '/v1/chat/completions': { messages },
  '/v1/responses': { input: LONG },
  '/v1/completions': { prompt: LONG },
  '/v1/messages': { messages, max_tokens: 100 },
  '/api/chat': { messages },
  '/api/generate': { prompt: LONG },
} as const

interface ErrorBody {
  readonly type?: string
  readonly error: { readonly type: string; readonly code?: string; readonly message: string } | string
}

/** opencode and others know the words, codex the code, Claude Code its own sentence. */
function assertOverflow(path: string, { type, error }: ErrorBody): void {
  if (path.startsWith('/api/')) {
    assert.ok(typeof error === 'string')
    assert.match(error, /exceeds the context window.*\d{4} tokens.*512 tokens/)
    return
  }
  assert.ok(typeof error === 'object')
  assert.equal(error.type, 'invalid_request_error')
  if (path === '/v1/messages') {
    assert.equal(type, 'error')
    assert.match(error.message, /^prompt is too long: \d{4} tokens > 512 maximum/)
  } else {
    assert.equal(error.code, 'context_length_exceeded')
    assert.match(error.message, /\d{4} tokens.*512 tokens/)
  }
}

describe('a context that is too small', { skip: engineIsMissing }, () => {
  let small: RunningEngine
  const routers = new Map<Egress, RunningRouter>()

  before(async () => {
    small = await startEngine({ contextTokens: 512, slots: 1 })
    for (const protocol of EGRESS) routers.set(protocol, await startRouter(policyFor({ ...small, protocol })))
  })
  after(async () => {
    for (const router of routers.values()) {
      await router.close()
      assert.deepEqual(router.defects, [])
    }
    await small.kill()
  })

  for (const egress of EGRESS) {
    for (const [path, request] of Object.entries(REQUESTS)) {
      it(`is told at ${path} with both numbers by an engine spoken to in ${egress}`, async () => {
        for (const stream of [false, true]) {
          const response = await routers.get(egress)?.post(path, { model: 'auto', ...request, stream })
          assert.equal(response?.status, 400)
          assert.equal(response?.headers.get('x-should-retry'), 'false')
          assertOverflow(path, (await response?.json()) as ErrorBody)
        }
      })
    }
  }

  it('goes on to a fallback that has room', async () => {
    const large = await startEngine()
    const more = `  large: { type: openai-compatible, endpoint: "${large.endpoint}", model: tiny, attest: local }`
    const router = await startRouter(policyFor({ ...small, fallback: 'large' }, more))
    try {
      for (const [path, request] of Object.entries(REQUESTS)) {
        for (const stream of [false, true]) {
          const response = await router.post(path, { model: 'auto', ...request, stream })
          assert.equal(response.status, 200, path)
          assert.equal(response.headers.get('x-llr-backend'), 'large')
          assert.equal(response.headers.get('x-llr-attempts'), '2')
          // A prompt that is only continued has no mark of the template, so nothing follows it.
          assert.match(await response.text(), path === '/v1/completions' ? /"stop"/ : /llama/)
        }
      }
      const plain = await router.post('/v1/chat/completions', ask('Say hello'))
      assert.equal(plain.headers.get('x-llr-backend'), 'engine', 'the small one is not given up')
      await plain.text()
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await large.kill()
    }
  })
})
