/** Anthropic's own SDK: its counter, and the classes and types of its errors. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import type { Script } from '../support/backend.ts'
import {
  EVERY_EGRESS,
  refuses,
  rejection,
  says,
  setSdkStage,
  WEATHER_SCHEMA,
  type SdkStage,
} from './sdk-stage.ts'

const ASK = {
  model: 'auto',
  max_tokens: 4096,
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Hello' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming
const TOOL: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { ...WEATHER_SCHEMA, type: 'object' },
}

function clientOf({ url }: SdkStage): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0 })
}

test('the status of an overload has words, though HTTP knows none for it', async (t) => {
  const stage = await setSdkStage(t, 'messages')
  stage.script(refuses('messages', 503, 'loading'))
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${stage.url}/v1/messages`, {
    method: 'POST',
    headers,
    body: JSON.stringify(ASK),
  })
  await response.text()
  assert.deepEqual([response.status, response.statusText], [529, 'Overloaded'])
})

for (const egress of EVERY_EGRESS) {
  describe(`@anthropic-ai/sdk and errors in front of ${egress}`, () => {
    test('countTokens, without a model', async (t) => {
      const stage = await setSdkStage(t, egress)
      const { messages } = clientOf(stage)
      const { max_tokens: _limit, ...ask } = ASK
      const short = await messages.countTokens(ask)
      const long = await messages.countTokens({ ...ask, system: 'Be brief. '.repeat(400), tools: [TOOL] })
      assert.ok(short.input_tokens >= 3 && short.input_tokens < 30, `${short.input_tokens}`)
      assert.ok(long.input_tokens > 600 && long.input_tokens < 2500, `${long.input_tokens}`)
      assert.equal(stage.requests().length, 0)
    })

    test('its error classes', async (t) => {
      const stage = await setSdkStage(t, egress)
      const { messages } = clientOf(stage)
      for (const isStreamed of [false, true]) {
        const failure = async (script: Script): Promise<unknown> => {
          stage.script(script)
          return rejection(isStreamed ? messages.stream(ASK).finalMessage() : messages.create(ASK))
        }
        const busy = await failure(refuses(egress, 503, 'loading', { 'retry-after': '9' }))
        assert.ok(busy instanceof Anthropic.InternalServerError)
        assert.deepEqual([busy.status, busy.type], [529, 'overloaded_error'])
        assert.equal(busy.headers.get('retry-after'), '9')
        assert.match(busy.requestID ?? '', /^req_/)
        const limited = await failure(refuses(egress, 429, 'slow down', { 'retry-after': '7' }))
        assert.ok(limited instanceof Anthropic.RateLimitError)
        assert.equal(limited.type, 'rate_limit_error')
        assert.equal(limited.headers.get('retry-after'), '7')
        const full = await failure(refuses(egress, 400, 'This model has a context length of 8192 tokens.'))
        assert.ok(full instanceof Anthropic.BadRequestError)
        assert.equal(full.type, 'invalid_request_error')
        assert.match(full.apiMessage ?? '', /^prompt is too long/)
        const over = await failure(refuses(egress, 400, 'prompt is too long: 9000 tokens > 8192 maximum'))
        assert.ok(over instanceof Anthropic.BadRequestError)
        assert.match(over.apiMessage ?? '', /^prompt is too long: 9000 tokens > 8192 maximum/)
        const broken = await failure(refuses(egress, 500, 'oh'))
        assert.ok(broken instanceof Anthropic.InternalServerError)
        assert.equal(broken.type, 'api_error')
      }
      const wrong = { ...ASK, messages: [] }
      const invalid = await rejection(messages.create(wrong))
      assert.ok(invalid instanceof Anthropic.BadRequestError)
      assert.equal(invalid.type, 'invalid_request_error')
      const nothing = await rejection(clientOf(stage).models.retrieve('no-such-model'))
      assert.ok(nothing instanceof Anthropic.NotFoundError, String(nothing))
    })

    test('a stream that breaks off is an error with a type', async (t) => {
      for (const failure of ['error', 'cut'] as const) {
        const stage = await setSdkStage(t, egress, { ...says(), failure })
        const error = await rejection(clientOf(stage).messages.stream(ASK).finalMessage())
        assert.ok(error instanceof Anthropic.APIError, String(error))
        assert.match(error.type ?? '', /^(?:api|overloaded)_error$/)
      }
    })
  })
}
