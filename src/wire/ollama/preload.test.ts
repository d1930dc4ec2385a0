import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../json.ts'
import { decodePreload, preloadAnswer } from './preload.ts'

const answer = (body: JsonObject) => JSON.parse(preloadAnswer(body, 'tiny', 1_790_000_000) ?? 'null')
const CREATED = { model: 'tiny', created_at: '2026-09-21T14:13:20.000Z' }

describe('a request with nothing to answer', () => {
  test('loads, in the shape of its own route', () => {
    const message = { role: 'assistant', content: '' }
    const done = { done: true, done_reason: 'load' }
    assert.deepEqual(answer({ messages: [] }), { ...CREATED, message, ...done })
    assert.deepEqual(answer({ keep_alive: -1 }), { ...CREATED, response: '', ...done })
    assert.equal(JSON.parse(preloadAnswer({}, 'm', 1, 'ollama') ?? '').message.content, '')
  })

  test('unloads when it is to be kept for no time', () => {
    for (const keep_alive of [0, '0', '0s', '0.0m']) {
      assert.equal(answer({ prompt: '', keep_alive }).done_reason, 'unload')
      assert.equal(answer({ messages: [], keep_alive }).done_reason, 'unload')
    }
    for (const keep_alive of ['5m', '', null, 1]) assert.equal(answer({ keep_alive }).done_reason, 'load')
  })

  test('without a model there is nothing to load', () => {
    for (const protocol of ['ollama', 'ollama-generate'] as const) {
      for (const body of [{}, { model: null }, { model: '', keep_alive: 0 }] as const) {
        assert.throws(() => decodePreload(body, protocol), {
          code: 'missing_required_parameter',
          param: 'model',
        })
      }
      assert.equal(decodePreload({ model: 'm' }, protocol)?.model, 'm')
      // Who asks for an answer may leave the model to the policy.
      assert.equal(decodePreload({ messages: [{}], prompt: 'x' }, protocol), null)
    }
  })

  test('anything else asks for an answer', () => {
    for (const body of [
      { messages: [{}] },
      { messages: 'x' },
      { prompt: 'x' },
      { prompt: '', images: ['x'] },
    ]) {
      assert.equal(preloadAnswer(body, 'm', 1), null)
    }
  })
})
