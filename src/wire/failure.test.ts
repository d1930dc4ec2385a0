import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readFailure } from './failure.ts'

const error = (fields: Record<string, string | number | null>) => ({ error: fields })

describe('what a backend says went wrong', () => {
  test('an overflow, in each vendor’s words', () => {
    const llama = error({
      code: 400,
      message: 'request (3026 tokens) exceeds the available context size (512 tokens), try increasing it',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 3026,
      n_ctx: 512,
    })
    assert.deepEqual(readFailure(llama), {
      contextOverflow: true,
      incapable: false,
      code: 'exceed_context_size_error',
      promptTokens: 3026,
      contextTokens: 512,
    })
    for (const [body, prompt, context] of [
      [{ error: 'request (30 tokens) exceeds the available context size (16 tokens)' }, 30, 16],
      [error({ message: 'prompt is too long: 212 tokens > 200 maximum' }), 212, 200],
      [
        error({
          message: "This model's maximum context length is 8 tokens. However, you requested 9 tokens",
        }),
        9,
        8,
      ],
      [error({ code: 'context_length_exceeded', message: 'no' }), undefined, undefined],
      [
        error({ message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).' }),
        undefined,
        undefined,
      ],
      [error({ message: 'Please reduce the length of the messages.' }), undefined, undefined],
      [
        [{ error: { code: 400, message: 'input is too long', status: 'INVALID_ARGUMENT' } }],
        undefined,
        undefined,
      ],
    ] as const) {
      const failure = readFailure(body)
      assert.equal(failure.contextOverflow, true, JSON.stringify(body))
      assert.equal(failure.promptTokens, prompt)
      assert.equal(failure.contextTokens, context)
    }
  })

  test('what it cannot do', () => {
    for (const message of [
      'registry.ollama.ai/library/x:1b does not support tools',
      '"x" does not support thinking',
      '"x" does not support chat',
      'image input is not supported - hint: provide the mmproj',
      'tools param requires --jinja flag',
      '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
      'No endpoints found that support tool use.',
    ]) {
      assert.equal(readFailure({ error: message }).incapable, true, message)
      assert.equal(readFailure(error({ message })).incapable, true, message)
    }
  })

  test('neither', () => {
    for (const body of [
      undefined,
      null,
      'oops',
      7,
      [],
      {},
      { error: null },
      error({ message: 'model not found' }),
    ]) {
      const { contextOverflow, incapable } = readFailure(body)
      assert.deepEqual([contextOverflow, incapable], [false, false])
    }
  })

  test('a code is kept when it is one, never a text', () => {
    assert.equal(readFailure(error({ code: 'invalid_api_key' })).code, 'invalid_api_key')
    assert.equal(readFailure(error({ code: 429, message: 'slow down' })).code, '429')
    assert.equal(readFailure(error({ code: 'what you said: secret', type: 'x y' })).code, null)
    assert.ok(!JSON.stringify(readFailure({ error: 'secret' })).includes('secret'))
  })

  test('a huge body is looked at for a bounded time', () => {
    const started = performance.now()
    readFailure({ error: 'input length '.repeat(200_000) })
    assert.ok(performance.now() - started < 100)
  })
})
