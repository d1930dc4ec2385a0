import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChatRequest } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { decodeMessagesRequest } from './request-in.ts'

const ASKED = [{ role: 'user', content: 'hi' }]
const decode = (fields: JsonObject): ChatRequest =>
  decodeMessagesRequest({ model: 'm', max_tokens: 10, messages: ASKED, ...fields })
/** Keys without a value count as absent. */
const messagesOf = (messages: JsonValue) => JSON.parse(JSON.stringify(decode({ messages }).messages))

describe('content blocks of a Messages request', () => {
  test('images and documents', () => {
    const base64 = (media_type: string) => ({ type: 'base64', media_type, data: 'AAAA' })
    const [message] = messagesOf([
      {
        role: 'user',
        content: [
          { type: 'image', source: base64('image/png') },
          { type: 'image', source: { type: 'url', url: 'https://x.example/a.png' } },
          { type: 'document', source: base64('application/pdf'), title: 'a.pdf' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
          { type: 'document', source: { type: 'url', url: 'https://x.example/a.pdf' } },
          { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'inner' }] } },
          { type: 'search_result', source: 's', title: 'T', content: [{ type: 'text', text: 'found' }] },
        ],
      },
    ])
    const file = (file: object) => ({ type: 'file', value: { type: 'file', file } })
    assert.deepEqual(message.content, [
      { type: 'image', url: 'data:image/png;base64,AAAA' },
      { type: 'image', url: 'https://x.example/a.png' },
      file({ filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' }),
      { type: 'text', text: 'plain' },
      file({ file_url: 'https://x.example/a.pdf' }),
      { type: 'text', text: 'inner' },
      { type: 'text', text: 'T\nfound' },
    ])
  })

  test('a result may hold images, references to tools and what failed', () => {
    const content = [
      { type: 'text', text: 'shot' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
      { type: 'tool_reference', tool_name: 'Later' },
    ]
    assert.deepEqual(
      messagesOf([
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content, is_error: true }] },
      ]),
      [
        {
          role: 'tool',
          toolCallId: 't',
          isError: true,
          content: [
            { type: 'text', text: 'shot' },
            { type: 'image', url: 'data:image/png;base64,AA' },
            { type: 'text', text: 'Later' },
          ],
        },
      ],
    )
  })

  test('what cannot be carried is told, or needs its own provider', () => {
    const told = decode({
      container: 'c',
      mcp_servers: [{ type: 'url' }],
      messages: [
        { role: 'user', content: 'search' },
        {
          role: 'assistant',
          content: [
            { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
            {
              type: 'web_search_tool_result',
              tool_use_id: 's',
              content: [{ type: 'web_search_result', title: 't' }],
            },
            { type: 'text', text: 'Found.' },
          ],
        },
      ],
    })
    assert.deepEqual(told.dropped, [
      'container',
      'mcp_servers',
      'messages[1].content[0]',
      'messages[1].content[1]',
    ])
    assert.deepEqual(told.messages[1]?.content, [{ type: 'text', text: 'Found.' }])
    assert.deepEqual(decode({ mcp_servers: [], context_management: {} }).dropped, [])
    const content = [{ type: 'document', source: { type: 'file', file_id: 'f' } }]
    assert.equal(
      decode({ messages: [{ role: 'user', content }] }).nativeOnly?.param,
      'messages[0].content[0].source',
    )
  })
})
