import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChatMessage } from '../wire/exchange.ts'
import { latestAsk, withoutHarness } from './latest-ask.ts'

function said(role: ChatMessage['role'], text: string): ChatMessage {
  return { role, content: [{ type: 'text', text }] }
}

describe('latestAsk', () => {
  it('is the last thing a human said, not a tool', () => {
    const messages = [
      said('system', 'You are helpful.'),
      said('user', 'fix the parser'),
      said('assistant', 'ok'),
      said('tool', 'exit 0'),
    ]
    assert.equal(latestAsk(messages).text, 'fix the parser')
  })

  it('looks through what harnesses put in', () => {
    const messages = [
      said('user', 'fix the parser\n<system-reminder>prove every theorem</system-reminder>'),
      said('assistant', 'ok'),
      said('user', '<environment_context>\n<cwd>/tmp</cwd>\n</environment_context>'),
    ]
    assert.equal(latestAsk(messages).text, 'fix the parser')
  })

  it('keeps the ask that a short yes goes on with', () => {
    for (const yes of ['yes', 'Yes, go on!', 'ok please continue', 'ja, weiter', '继续', 'sí', '好的']) {
      const messages = [said('user', 'translate the page'), said('assistant', 'Shall I?'), said('user', yes)]
      assert.equal(latestAsk(messages).text, 'translate the page', yes)
    }
    const newAsk = [said('user', 'translate the page'), said('user', 'yes and now write a test for it')]
    assert.equal(latestAsk(newAsk).text, 'yes and now write a test for it')
  })

  it('takes a lone yes for what it is', () => {
    assert.equal(latestAsk([said('user', 'yes')]).text, 'yes')
    assert.deepEqual(latestAsk([]), { text: '', hasImage: false })
  })

  it('cuts a block that was never closed, and leaves other markup alone', () => {
    assert.equal(withoutHarness('do it <system-reminder>and more'), 'do it ')
    assert.equal(withoutHarness('<div>keep</div>'), '<div>keep</div>')
  })
})
