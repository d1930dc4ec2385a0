/** A client that leaves: what a real engine makes of it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import OpenAI from 'openai'
import { ENDLESS, eventually, SENTENCE, user } from './asks.ts'
import { describeWithEngine } from './stage.ts'

describeWithEngine('a client that leaves a real engine', (stage) => {
  it('frees the slot of a stream', async () => {
    const stream = await stage.openai.chat.completions.create({ ...user(ENDLESS), stream: true })
    let pieces = 0
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content && ++pieces === 5) break
    }
    await eventually('the slot is free', async () => (await stage.engine.busySlots()) === 0)
    assert.equal(
      (await stage.openai.chat.completions.create(user('Say hello'))).choices[0]?.message.content,
      SENTENCE,
    )
  })

  it('frees the slot of a responses stream', async () => {
    const stream = await stage.openai.responses.create({ model: 'auto', input: ENDLESS, stream: true })
    for await (const event of stream) if (event.type === 'response.output_text.delta') break
    await eventually('the slot is free', async () => (await stage.engine.busySlots()) === 0)
  })

  it('is let go of at once when it waited for a whole answer', async () => {
    const inFlight = (): number | undefined =>
      stage.router.server.snapshot().fleet.backends.get('engine')?.inFlight
    const leaving = new AbortController()
    const answer = stage.openai.chat.completions.create(
      { ...user(ENDLESS), max_tokens: 3_000 },
      { signal: leaving.signal },
    )
    const gone = assert.rejects(answer, OpenAI.APIUserAbortError)
    await eventually('the slot is taken', async () => (await stage.engine.busySlots()) === 1)
    assert.equal(inFlight(), 1)
    leaving.abort()
    await gone
    await eventually('the call is over', async () => inFlight() === 0)
    // The engine itself works on to the limit: asked directly, it does not notice either that nobody waits.
  })
})
