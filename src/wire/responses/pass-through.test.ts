import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../json.ts'
import { newReasoningId } from './reasoning-item.ts'
import { passThroughResponsesRequest } from './pass-through.ts'

const pass = (body: JsonObject, stream = true) =>
  JSON.parse(JSON.stringify(passThroughResponsesRequest({ input: 'hi', ...body }, 'target', stream)))
const thought = (fields: JsonObject = {}) => ({ type: 'reasoning', id: 'rs_theirs', summary: [], ...fields })

describe('a Responses request that passes through', () => {
  test('keeps hosted tools, what was included and what nobody heard of; only the model is another', () => {
    const body = {
      model: 'auto',
      stream: true,
      instructions: 'brief',
      input: [
        { role: 'user', content: [{ type: 'input_image', file_id: 'file-1' }] },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'item_of_the_future', x: 1 },
      ],
      tools: [
        { type: 'web_search', external_web_access: false },
        { type: 'mcp', server_label: 'x', server_url: 'https://example.com' },
        { type: 'namespace', name: 'ns', tools: [{ type: 'function', name: 'f' }] },
      ],
      tool_choice: { type: 'web_search' },
      include: ['web_search_call.action.sources'],
      stream_options: { include_obfuscation: false },
      store: false,
      metadata: { a: 'b' },
      option_of_the_future: { deep: [null] },
    }
    assert.deepEqual(pass(body), { ...body, model: 'target' })
  })

  test('what the router has answered itself is gone, and stream options without a stream', () => {
    const sent = pass({ previous_response_id: 'resp_1', stream_options: {}, stream: true }, false)
    assert.deepEqual(sent, { input: 'hi', model: 'target', stream: false })
  })

  test('thinking goes back to who did it', () => {
    const input = (items: JsonObject[], store?: boolean) => pass({ input: items, store }).input
    const own = thought({ encrypted_content: 'gAAA' })
    assert.deepEqual(input([own], false), [own])
    assert.deepEqual(input([thought({ encrypted_content: 'llr1.none' })]), [])
    assert.deepEqual(input([thought({ encrypted_content: 'llr1.messages.sig' })]), [])
    assert.deepEqual(input([thought({ encrypted_content: 'llr1.responses.redacted.gAAA' })]), [
      { type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
    ])
    // By its id alone only a provider that keeps answers finds it, and only one of its own.
    assert.deepEqual(input([thought()]), [thought()])
    assert.deepEqual(input([thought({ encrypted_content: null })], false), [])
    assert.deepEqual(input([thought({ id: newReasoningId() })]), [])
  })

  test('arguments that are no JSON are mended', () => {
    const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' }
    assert.deepEqual(pass({ input: [call, { ...call, arguments: '{bad' }] }).input, [
      call,
      { ...call, arguments: '{"arguments":"{bad"}' },
    ])
  })
})
