/** Whether a request and its answer arrived as they were sent, by whatever two protocols they came. */
import assert from 'node:assert/strict'
import { heardOf, type Answer, type Answered, type Ask, type Heard } from './neutral.ts'
import type { Protocol } from './protocols.ts'

/** Protocol of the client, protocol of the backend. */
export type Way = readonly [Protocol, Protocol]

export function assertHeard(heard: Heard, ask: Ask, [from, to]: Way): void {
  const sent = heardOf(keepsThinking(from, to) ? ask : withoutThinking(ask))
  assert.deepEqual(heard.turns, sent.turns, 'the conversation')
  assert.deepEqual(heard.tools, sent.tools, 'the tool definitions')
  assert.deepEqual(heard.schema, sent.schema, 'the schema of the answer')
  if (sent.maxTokens !== null) assert.equal(heard.maxTokens, sent.maxTokens, 'the limit')
  if (from.hasStop && to.hasStop) assert.deepEqual(heard.stop, sent.stop, 'the stop sequences')
  assert.equal(heard.effort, sent.effort, 'the reasoning effort')
  assert.equal(heard.stream, sent.stream, 'streamed or not')
}

/** A client whose protocol has no place for a seal cannot send it back. */
function keepsThinking(from: Protocol, to: Protocol): boolean {
  if (to.takesThinking === 'own') return from === to
  return to.takesThinking === 'always' || from.takesThinking === 'sealed'
}

function withoutThinking(ask: Ask): Ask {
  const turns = ask.turns.map((turn) => (turn.role === 'assistant' ? { ...turn, reasoning: '' } : turn))
  return { ...ask, turns }
}

export function assertAnswered(answered: Answered, answer: Answer, [from, to]: Way): void {
  assert.equal(answered.error, null, answered.raw)
  assert.equal(answered.status, 200)
  assert.equal(answered.text, answer.text.join(''), 'the text')
  assert.equal(answered.reasoning, (answer.reasoning ?? []).join(''), 'the reasoning')
  const plain = (calls: Answer['calls']): readonly unknown[] =>
    (calls ?? []).map((call) => [call.name, call.arguments])
  assert.deepEqual(plain(answered.calls), plain(answer.calls), 'the calls')
  const ids = new Set(answered.calls.map((call) => call.id))
  assert.equal(ids.size, answered.calls.length, 'ids of calls are unique')
  assert.equal(answered.finish, answer.finish, 'the finish')
  assert.equal(answered.terminated, true, 'the end')
  const { usage } = answer
  assert.equal(answered.usage?.input, usage.input, 'input tokens')
  assert.equal(answered.usage?.output, usage.output, 'output tokens')
  if (from.tellsCached && to.tellsCached) assert.equal(answered.usage?.cached, usage.cached, 'cached tokens')
  if (from.tellsReasoningTokens && to.tellsReasoningTokens) {
    assert.equal(answered.usage?.reasoning, usage.reasoning, 'reasoning tokens')
  }
  if (answered.events > 0) assert.ok(answered.events > answer.text.length, 'an event for each piece of text')
}

/** A stream that broke behind its first token: what was sent stays, and nothing looks like an end. */
export function assertBroken(answered: Answered, answer: Answer): void {
  assert.equal(answered.status, 200)
  assert.equal(answered.text, answer.text[0], 'the text so far')
  assert.equal(answered.finish, null, `no finish: ${answered.raw}`)
  assert.equal(answered.terminated, false, `no clean end: ${answered.raw}`)
}
