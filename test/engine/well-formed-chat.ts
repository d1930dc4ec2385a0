/** Chat Completions, as a strict client reads them. */
import assert from 'node:assert/strict'
import { eventsOf, items, show, type Json } from './well-formed-parts.ts'

const FINISHES = new Set(['stop', 'length', 'tool_calls', 'content_filter'])

export function checkChatReply(reply: Json): void {
  assert.equal(reply['object'], 'chat.completion')
  const [choice] = items(reply['choices'])
  assert.equal(choice?.['message']?.['role'], 'assistant')
  assert.ok(FINISHES.has(show(choice?.['finish_reason'])))
}

export function checkChatStream(text: string): void {
  const events = eventsOf(text)
  assert.equal(events.at(-1)?.data, '[DONE]', 'terminal')
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.data) as Json)
  let content = ''
  let finish: string | undefined
  const calls = new Map<number, string>()
  for (const chunk of chunks) {
    assert.equal(chunk['error'], undefined, 'an error inside the stream')
    assert.equal(chunk['object'], 'chat.completion.chunk')
    for (const choice of items(chunk['choices'])) {
      assert.equal(finish, undefined, 'nothing follows the finish')
      const delta = choice['delta']
      if (typeof delta?.['content'] === 'string') content += show(delta['content'])
      for (const call of items(delta?.['tool_calls'] ?? [])) {
        const index = Number(call['index'])
        if (!calls.has(index)) assert.equal(typeof call['id'], 'string', 'a call begins with its id')
        calls.set(index, `${calls.get(index) ?? ''}${show(call['function']?.['arguments'] ?? '')}`)
      }
      if (choice['finish_reason']) finish = show(choice['finish_reason'])
    }
  }
  assert.ok(FINISHES.has(finish ?? ''), `finish ${finish}`)
  for (const text of calls.values()) JSON.parse(text)
  assert.ok(content !== '' || calls.size > 0, 'says something')
}
