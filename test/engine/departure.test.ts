/** A client that leaves: what a real engine makes of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { startRouter, type RunningRouter } from '../support/start-router.ts'
import { ENDLESS, eventually, policyFor, SENTENCE, user } from './asks.ts'
import { engineIsMissing, startEngine, type RunningEngine } from './start-engine.ts'

describe('a client that leaves a real engine', { skip: engineIsMissing }, () => {
  let engine: RunningEngine
  let router: RunningRouter
  let openai: OpenAI

  before(async () => {
    engine = await startEngine()
    router = await startRouter(policyFor(engine))
    openai = router.openai
  })
  after(async () => {
    await router.close()
    await engine.kill()
    assert.deepEqual(router.defects, [])
  })

  it('frees the slot of a stream', async () => {
    const stream = await openai.chat.completions.create({ ...user(ENDLESS), stream: true })
    let pieces = 0
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content && ++pieces === 5) break
    }
    await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
    assert.equal(
      (await openai.chat.completions.create(user('Say hello'))).choices[0]?.message.content,
      SENTENCE,
    )
  })

  it('frees the slot of a responses stream', async () => {
    const stream = await openai.responses.create({ model: 'auto', input: ENDLESS, stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
  })

  it('is let go of at once when it waited for a whole answer', async () => {
    const inFlight = (): number | undefined => router.server.snapshot().fleet.backends.get('engine')?.inFlight
    const leaving = new AbortController()
    const answer = openai.chat.completions.create(
      { ...user(ENDLESS), max_tokens: 3_000 },
      { signal: leaving.signal },
    )
    const gone = assert.rejects(answer, OpenAI.APIUserAbortError)
    await eventually('the slot is taken', async () => (await engine.busySlots()) === 1)
    assert.equal(inFlight(), 1)
    leaving.abort()
    await gone
    await eventually('the call is over', async () => inFlight() === 0)
    // The engine itself works on to the limit: asked directly, it does not notice either that nobody waits.
  })
})
