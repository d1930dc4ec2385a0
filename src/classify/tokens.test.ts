import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readOutgoing } from './outgoing.ts'
import { glue } from './samples.test.ts'

function tokensOf(content: string): number {
  return readOutgoing({ model: 'auto', messages: [{ role: 'user', content }] }, 0).tokens
}

function assertNear(text: string, expected: number): void {
  const tokens = tokensOf(text)
  assert.ok(Math.abs(tokens - expected) <= expected * 0.3, `${tokens} for ${expected}: ${text.slice(0, 30)}`)
}

describe('estimateTokens', () => {
  it('is near what a tokeniser counts, whatever the script', () => {
    assertNear('The ferry leaves at noon and comes back before the tide turns.', 13)
    assertNear('for (let i = 0; i < rows.length; i += 1) total += rows[i].price', 24)
    assertNear('Паром отходит в полдень и возвращается до прилива.', 13)
    assertNear('渡轮中午出发，涨潮前回来。', 11)
  })

  it('counts tool definitions and images, not the payload of an image', () => {
    const body = { messages: [{ role: 'user', content: 'hi' }] }
    const tools = [
      {
        type: 'function',
        function: { name: 'find_ferry', description: 'Finds the next ferry for a place.' },
      },
    ]
    assert.ok(readOutgoing({ ...body, tools }, 0).tokens > readOutgoing(body, 0).tokens + 8)
    const url = `data:image/jpeg;base64,${'/9j4AAQSkZJRgABAQ'.repeat(9000)}`
    const image = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }
    const outgoing = readOutgoing(image, 1)
    assert.ok(outgoing.tokens < 1000)
    assert.ok(outgoing.unscannable)
  })

  it('is zero for nothing', () => {
    assert.equal(readOutgoing({}, 0).tokens, 0)
  })
})

describe('data URLs', () => {
  it('are read when they are text', () => {
    const text = Buffer.from(glue('mail marta.lindholm', '@', 'posteo.net')).toString('base64')
    const file = { type: 'file', file: { file_data: `data:text/plain;base64,${text}` } }
    const outgoing = readOutgoing({ messages: [{ role: 'user', content: [file] }] }, 0)
    assert.ok(outgoing.kinds.has('email'))
    assert.ok(!outgoing.unscannable)
  })

  it('are scanned when only their name is binary', () => {
    const url = glue('data:image/png;base64,write to marta.lindholm', '@', 'posteo.net')
    assert.ok(readOutgoing({ image_url: url }, 0).kinds.has('email'))
  })

  it('are left unread when they are sound', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'UklGRiQAAABXQVZF'.repeat(20), format: 'wav' } }
    const outgoing = readOutgoing({ messages: [{ role: 'user', content: [audio] }] }, 0)
    assert.deepEqual([outgoing.unscannable, outgoing.kinds.size], [true, 0])
  })
})
