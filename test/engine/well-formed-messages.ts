/** Messages, as a strict client reads them. */
import assert from 'node:assert/strict'
import { readMessagesStream } from '../support/protocols/messages-stream.ts'
import { items, show, type Json } from './well-formed-parts.ts'

const BLOCKS = new Set(['text', 'thinking', 'tool_use'])
const STOPS = new Set(['end_turn', 'max_tokens', 'tool_use', 'stop_sequence', 'refusal'])

export function checkMessage(message: Json): void {
  assert.equal(message['type'], 'message')
  assert.equal(message['role'], 'assistant')
  assert.match(show(message['id']), /./)
  const blocks = items(message['content'])
  assert.ok(blocks.length > 0, 'says something')
  for (const block of blocks) assert.ok(BLOCKS.has(show(block['type'])), show(block['type']))
  assert.ok(STOPS.has(show(message['stop_reason'])), `stop_reason ${show(message['stop_reason'])}`)
  assert.equal(typeof message['usage']?.['input_tokens'], 'number')
  assert.equal(typeof message['usage']?.['output_tokens'], 'number')
}

export function checkMessagesStream(text: string): void {
  const headers = new Headers({ 'content-type': 'text/event-stream' })
  const answered = readMessagesStream({ status: 200, headers, raw: text, isCut: false })
  assert.equal(answered.error, null, 'an error inside the stream')
  assert.equal(answered.terminated, true, 'terminal')
  assert.ok(answered.finish !== null && answered.usage !== null)
  assert.ok(answered.text !== '' || answered.calls.length > 0, 'says something')
}
