/** A real engine that is the only private one, dying, away or busy. Only the hosted backend is a stand-in. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import OpenAI from 'openai'
import { chatScript, closedPort, startBackend } from '../support/backend.ts'
import { PROTOCOLS } from '../support/protocols/protocols.ts'
import { ask, startRouter } from '../support/start-router.ts'
import { EGRESS, ENDLESS, eventually, policyFor, SENTENCE, user } from './asks.ts'
import { engineIsMissing, startEngine } from './start-engine.ts'

describe('privacy before a real engine', { skip: engineIsMissing }, () => {
  it('lets the attested engine, and never the hosted one, see a sensitive prompt', async () => {
    const engine = await startEngine()
    const hosted = await startBackend(chatScript('from far away'))
    const router = await startRouter(`
backends:
  hosted: { type: openai-compatible, endpoint: "${hosted.origin}/v1", model: big }
  engine: { type: openai-compatible, endpoint: "${engine.endpoint}", model: tiny, attest: local }
routes:
  - default: hosted
    fallback: engine
ab: { enabled: true, sampleRate: 1, candidates: { engine: hosted } }
`)
    const found = 'My card is 4111 1111 1111 1111, is that fine?'
    try {
      const plain = await router.openai.chat.completions.create(user('Say hello'))
      assert.equal(plain.choices[0]?.message.content, 'from far away')
      assert.equal(hosted.received.length, 1)

      const whole = await router.openai.chat.completions.create(user(found))
      assert.equal(whole.choices[0]?.message.content, SENTENCE)
      const marked = await router.openai.responses.create(
        { model: 'auto', input: 'Say hello' },
        { headers: { 'x-llr-sensitivity': 'high' } },
      )
      assert.equal(marked.output_text, SENTENCE)
      let text = ''
      for await (const chunk of await router.openai.chat.completions.create({
        ...user(found),
        stream: true,
      })) {
        text += chunk.choices[0]?.delta.content ?? ''
      }
      assert.equal(text, SENTENCE)
      await assert.rejects(
        router.openai.chat.completions.create({ ...user(found), model: 'hosted' }),
        (error) => error instanceof OpenAI.APIError && error.code === 'privacy_no_local_target',
      )

      await engine.kill()
      const left = await router.post('/v1/chat/completions', ask(found))
      assert.ok(left.status >= 500, `${left.status} once the engine is gone`)
      assert.equal(hosted.received.length, 1, 'no sensitive prompt reached the hosted backend')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await hosted.close()
      await engine.kill()
    }
  })
})

describe('an engine that fails', { skip: engineIsMissing }, () => {
  const demo = '  demo: { type: demo }'

  it('that dies in mid-stream: an error, not a clean end, in both protocols; the next request falls back', async () => {
    const engine = await startEngine()
    const router = await startRouter(policyFor({ ...engine, fallback: 'demo' }, demo))
    try {
      const chat = await router.openai.chat.completions.create({ ...user(ENDLESS), stream: true })
      const responses = await router.openai.responses.create({ model: 'auto', input: ENDLESS, stream: true })
      const types: string[] = []
      const readChat = async (): Promise<void> => {
        let pieces = 0
        for await (const chunk of chat)
          if (chunk.choices[0]?.delta.content && ++pieces === 20) await engine.kill()
      }
      const readResponses = async (): Promise<void> => {
        for await (const event of responses) types.push(event.type)
      }
      const [chatEnd] = await Promise.all([
        assert.rejects(readChat(), (error) => {
          assert.ok(error instanceof OpenAI.APIError, String(error))
          assert.equal(error.code, 'upstream_truncated')
          return true
        }),
        readResponses(),
      ])
      assert.equal(chatEnd, undefined)
      assert.ok(types.includes('response.output_text.delta'))
      assert.equal(types.at(-1), 'response.failed')

      const next = await router.openai.chat.completions.create(user('Say hello')).withResponse()
      assert.equal(next.response.headers.get('x-llr-backend'), 'demo')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await engine.kill()
    }
  })

  for (const egress of EGRESS) {
    it(`that dies in mid-stream, spoken to in ${egress}: no protocol is told a clean end`, async () => {
      const engine = await startEngine()
      const router = await startRouter(policyFor({ ...engine, protocol: egress }))
      const clients = Object.values(PROTOCOLS).filter(({ name }) => name !== egress)
      try {
        const turns = [{ role: 'user', text: ENDLESS }] as const
        const asking = clients.map((protocol) => protocol.ask(router.url, { turns, stream: true }))
        await eventually('all are answered', async () => (await engine.busySlots()) === clients.length)
        await new Promise((resolve) => setTimeout(resolve, 50))
        await engine.kill()
        for (const answered of await Promise.all(asking)) {
          assert.match(answered.text, /loop/)
          assert.equal(answered.terminated, false)
          assert.ok(answered.error !== null, answered.raw.slice(-400))
          assert.equal(answered.finish, null)
        }
        assert.deepEqual(router.defects, [])
      } finally {
        await router.close()
        await engine.kill()
      }
    })
  }

  it('that is not there: the fallback answers, buffered and streamed', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}/v1`
    const router = await startRouter(policyFor({ endpoint, fallback: 'demo' }, demo))
    try {
      for (const stream of [false, true]) {
        const response = await router.post('/v1/chat/completions', ask('Say hello', { stream }))
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('x-llr-backend'), 'demo')
        assert.match(await response.text(), /demonstration/)
      }
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
    }
  })

  it('that has no slot free in time: the fallback answers', async () => {
    const engine = await startEngine({ slots: 1 })
    const impatient = `${demo}\ntimeouts: { firstTokenMs: 300, totalMs: 300 }`
    const router = await startRouter(policyFor({ ...engine, fallback: 'demo' }, impatient))
    try {
      const blocking = new AbortController()
      const blocked = fetch(`${engine.endpoint}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(ask(ENDLESS, { stream: true })),
        signal: blocking.signal,
      })
      await eventually('the slot is taken', async () => (await engine.busySlots()) === 1)
      for (const stream of [false, true]) {
        const response = await router.post('/v1/chat/completions', ask('Say hello', { stream }))
        assert.equal(response.headers.get('x-llr-backend'), 'demo')
        assert.match(await response.text(), /demonstration/)
      }
      const reading = assert.rejects((await blocked).text())
      blocking.abort()
      await reading
      await eventually('the slot is free', async () => (await engine.busySlots()) === 0)
      const response = await router.post('/v1/chat/completions', ask('Say hello'))
      assert.equal(response.headers.get('x-llr-backend'), 'engine')
      assert.deepEqual(router.defects, [])
    } finally {
      await router.close()
      await engine.kill()
    }
  })
})
