/** A client that leaves: what a real engine makes of it. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import OpenAI from 'openai'
import { EGRESS, ENDLESS, eventually, SENTENCE, user } from './asks.ts'
import { describeWithEngine, type EngineStage } from './stage.ts'

const { messages } = user(ENDLESS)

/** An answer without end, in each protocol. */
const STREAMS = {
  '/v1/chat/completions': { messages },
  '/v1/responses': { input: ENDLESS },
  '/v1/completions': { prompt: `${ENDLESS}<|spin|>` },
  '/v1/messages': { messages, max_tokens: 30_000 },
  '/api/chat': { messages },
  '/api/generate': { prompt: ENDLESS },
} as const

async function becomesFree(stage: EngineStage): Promise<void> {
  await eventually('the slot is free', async () => (await stage.engine.busySlots()) === 0)
}

for (const egress of EGRESS) {
  describeWithEngine(
    `a client that leaves a real engine, spoken to in ${egress}`,
    (stage) => {
      for (const [path, request] of Object.entries(STREAMS)) {
        it(`frees the slot of a stream from ${path}`, async () => {
          const response = await stage.router.post(path, { model: 'auto', ...request, stream: true })
          let text = ''
          for await (const chunk of response.body ?? []) {
            text += Buffer.from(chunk as Uint8Array).toString('utf8')
            if (text.split(' loop').length > 5) break
          }
          assert.match(text, / loop/)
          await becomesFree(stage)
        })
      }

      it('leaves it to the next', async () => {
        const next = await stage.openai.chat.completions.create(user('Say hello'))
        assert.equal(next.choices[0]?.message.content, SENTENCE)
      })
    },
    egress,
  )
}

describeWithEngine('a client that leaves a real engine before a whole answer', (stage) => {
  it('is let go of at once', async () => {
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
