import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../json.ts'
import { passThroughChatRequest } from './pass-through.ts'

function withCall(written: string): JsonObject {
  const call = { id: 'call_1', type: 'function', function: { name: 'run', arguments: written }, extra: 1 }
  return {
    messages: [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, tool_calls: [call] },
    ],
  }
}

test('tool arguments in the history that are no JSON object are mended, all else stays', () => {
  for (const [written, mended] of [
    ['{"a": 1}', '{"a": 1}'],
    ['', '{}'],
    ['{"a": ', '{"arguments":"{\\"a\\": "}'],
  ] as const) {
    const sent = passThroughChatRequest({ ...withCall(written), made_up: true }, 'm', false)
    assert.deepEqual(sent, { ...withCall(mended), made_up: true, model: 'm', stream: false })
  }
})

test('what is not of the protocol goes through as it is', () => {
  const body = { messages: [null, 3, { tool_calls: [null, { function: 3 }] }] }
  assert.deepEqual(passThroughChatRequest(body, 'm', false), { ...body, model: 'm', stream: false })
})
