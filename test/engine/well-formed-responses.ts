/** Responses, as a strict client reads them. */
import assert from 'node:assert/strict'
import { eventsOf, items, show, type Json } from './well-formed-parts.ts'

export function checkResponse(response: Json): void {
  assert.equal(response['object'], 'response')
  assert.ok(
    ['completed', 'incomplete'].includes(show(response['status'])),
    `status ${show(response['status'])}`,
  )
  assert.ok(items(response['output']).length > 0, 'says something')
  const usage = response['usage']
  assert.equal(typeof usage?.['input_tokens_details']?.['cached_tokens'], 'number')
  assert.equal(typeof usage?.['output_tokens_details']?.['reasoning_tokens'], 'number')
}

export function checkResponsesStream(text: string): void {
  const events = eventsOf(text).filter((event) => event.data !== '[DONE]')
  const bodies = events.map((event) => JSON.parse(event.data) as Json)
  const open = new Set<number>()
  let itemCount = 0
  for (const [i, body] of bodies.entries()) {
    const type = show(body['type'])
    assert.equal(events[i]?.name, type, 'event name and type are the same')
    assert.equal(body['sequence_number'], i, 'numbered without a gap')
    const index = Number(body['output_index'])
    if (type === 'response.output_item.added') {
      assert.equal(index, itemCount++)
      open.add(index)
    } else if (type === 'response.output_item.done') {
      assert.ok(open.delete(index), 'an item ends once, after it began')
    } else if ('output_index' in body) {
      assert.ok(open.has(index), `${type} belongs to an open item`)
    }
  }
  assert.equal(open.size, 0, 'every item ends')
  assert.deepEqual(
    bodies.slice(0, 2).map((body) => body['type']),
    ['response.created', 'response.in_progress'],
  )
  const last = bodies.at(-1)
  assert.ok(['response.completed', 'response.incomplete'].includes(show(last?.['type'])), 'terminal')
  assert.ok(last?.['response'] !== undefined)
  checkResponse(last['response'])
  assert.equal(items(last['response']['output']).length, itemCount)
}
