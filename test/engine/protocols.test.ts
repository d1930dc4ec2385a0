/**
 * Every client protocol before a real engine that is spoken to in another: the answers are read as strictly as the
 * strictest client does. Where both sides speak the same, the engine's own words go back as they came; those are read
 * by the official packages, in `chat.test.ts`, `messages.test.ts` and `responses.test.ts`.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Answered, Tool } from '../support/protocols/neutral.ts'
import { PROTOCOLS, type Protocol } from '../support/protocols/protocols.ts'
import { EGRESS, ENDLESS, PONDER, SENTENCE, THOUGHT, WEATHER, type Egress } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

const { name, description = '', parameters = {} } = WEATHER.function
const TOOL: Tool = { name, description, parameters }
const LIMIT = 16

interface Way {
  readonly protocol: Protocol
  readonly egress: Egress
  readonly stream: boolean
}

function assertSentence(answered: Answered): void {
  assert.equal(answered.text, SENTENCE, answered.raw)
  assert.equal(answered.finish, 'stop')
  assert.equal(answered.terminated, true)
  assert.equal(answered.headers.get('x-llr-backend'), 'engine')
}

function askInEveryWay(stage: EngineStage, { protocol, egress, stream }: Way): void {
  const how = `${protocol.name}, ${stream ? 'streamed' : 'buffered'}`

  it(`${how}: text`, async () => {
    const turns = [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Hi.' },
      { role: 'assistant', text: 'Hi.' },
      { role: 'user', text: 'Say hello' },
    ] as const
    const answered = await protocol.ask(stage.router.url, { turns, stream })
    assertSentence(answered)
    assert.equal(answered.reasoning, '')
    assert.equal(answered.usage?.output, 7)
    assert.ok((answered.usage?.input ?? 0) > 20)
    if (stream) assert.ok(answered.events > 6, `in ${answered.events} events`)
  })

  it(`${how}: a tool call, and the answer from its result`, async () => {
    const question = { role: 'user', text: 'Weather?' } as const
    const called = await protocol.ask(stage.router.url, { turns: [question], tools: [TOOL], stream })
    const [call] = called.calls
    assert.equal(called.finish, 'tool_calls', called.raw)
    assert.ok(call !== undefined && called.calls.length === 1)
    assert.equal(call.name, 'get_weather')
    assert.deepEqual(call.arguments, { location: 'San Francisco' })
    const turns = [
      question,
      { role: 'assistant', text: called.text, calls: called.calls },
      { role: 'tool', id: call.id, text: 'sunny' },
    ] as const
    assertSentence(await protocol.ask(stage.router.url, { turns, tools: [TOOL], stream }))
  })

  it(`${how}: thinking, and a turn after it`, async () => {
    const first = { role: 'user', text: PONDER } as const
    const answered = await protocol.ask(stage.router.url, { turns: [first], stream })
    assertSentence(answered)
    assert.match(answered.reasoning, THOUGHT)
    const { text, reasoning, seal } = answered
    const turns = [
      first,
      { role: 'assistant', text, reasoning, seal, calls: [] },
      { role: 'user', text: 'Say hello' },
    ] as const
    assertSentence(await protocol.ask(stage.router.url, { turns, stream }))
  })

  it(`${how}: the length ends it`, async () => {
    const turns = [{ role: 'user', text: ENDLESS }] as const
    const answered = await protocol.ask(stage.router.url, { turns, maxTokens: LIMIT, stream })
    assert.equal(answered.usage?.output, LIMIT, answered.raw)
    assert.match(answered.text, /^loop( loop)+$/)
    // The engine says "completed" of a cut answer there, and nothing else in it tells.
    assert.equal(answered.finish, egress === 'responses' ? 'stop' : 'length')
  })
}

for (const egress of EGRESS) {
  describeWithEngine(
    `a real engine, spoken to in ${egress}, answers`,
    (stage) => {
      for (const protocol of Object.values(PROTOCOLS)) {
        if (protocol.name === egress) continue
        for (const stream of [false, true]) askInEveryWay(stage, { protocol, egress, stream })
      }
    },
    egress,
  )
}
