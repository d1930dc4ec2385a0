/** Table A, requests that a backend refuses: what goes back to the client, and what another target is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedPort, startBackend } from '../support/backend.ts'
import { status } from '../support/failing.ts'
import { policyEntry, startPlayedBackend } from '../support/faults/played-backend.ts'
import { assertFellBack, NEXT, startFaulty } from '../support/faults/router-stage.ts'
import { PROTOCOLS } from '../support/protocols/protocols.ts'
import { startRouter } from '../support/start-router.ts'

const turns = [{ role: 'user', text: 'Hello' }] as const

for (const code of [400, 413, 422]) {
  test(`A 20: status ${code}: the client hears it, nobody is asked a second time`, async (t) => {
    const faulty = await startFaulty(t, { faults: [{ kind: 'status', statuses: [code] }] })
    for (const client of ['chat', 'messages', 'responses', 'ollama'] as const) {
      for (const stream of [true, false]) {
        const before = faulty.proxy.counters().requests
        const answered = await faulty.ask(client, stream)
        assert.ok(answered.status >= 400 && answered.status < 500, `${client}: ${answered.status}`)
        assert.ok(answered.error !== null, answered.raw)
        assert.ok(
          !answered.raw.includes('a fault was asked for'),
          'the words of the backend stay with the router',
        )
        assert.equal(faulty.proxy.counters().requests, before + 1)
      }
    }
    assert.equal(faulty.next.received.length, 0)
    assert.deepEqual(faulty.router.defects, [])
  })
}

const OVERFLOW = status(400, {
  error: {
    message:
      "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
    type: 'invalid_request_error',
    param: 'messages',
    code: 'context_length_exceeded',
  },
})

test('A 21: a prompt that is too long goes to the next target, which holds more', async (t) => {
  const small = await startBackend(OVERFLOW)
  const next = await startPlayedBackend('messages', NEXT)
  const router = await startRouter(`backends:
${policyEntry('small', 'chat', small.origin)}
${policyEntry('next', 'messages', next.origin)}
routes: [{ default: small, fallback: next }]`)
  t.after(async () => {
    for (const part of [router, small, next]) await part.close()
  })
  for (const stream of [true, false]) {
    assertFellBack(await PROTOCOLS.chat.ask(router.url, { turns, stream }), { router })
  }
  assert.equal(small.received.length, 2, 'one try a request')
})

test('A 21: a prompt that is too long for all is told as that, with the numbers, whatever else failed', async (t) => {
  const small = await startBackend(OVERFLOW)
  const router = await startRouter(`backends:
${policyEntry('small', 'chat', small.origin)}
${policyEntry('away', 'chat', `http://127.0.0.1:${await closedPort()}`)}
routes: [{ default: small, fallback: away }]`)
  t.after(async () => {
    for (const part of [router, small]) await part.close()
  })
  const answered = await PROTOCOLS.chat.ask(router.url, { turns, stream: false })
  assert.equal(answered.status, 400)
  assert.equal(answered.error?.code, 'context_length_exceeded')
  assert.match(answered.error?.message ?? '', /4096/)
})

test('A 21: a private prompt that is too long goes to no target that is not private', async (t) => {
  const small = await startBackend(OVERFLOW)
  const hosted = await startPlayedBackend('chat', NEXT)
  const router = await startRouter(`backends:
${policyEntry('small', 'chat', small.origin, 'attest: local')}
${policyEntry('hosted', 'chat', hosted.origin)}
routes: [{ default: small, fallback: hosted }]`)
  t.after(async () => {
    for (const part of [router, small, hosted]) await part.close()
  })
  const response = await router.post(
    '/v1/chat/completions',
    { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] },
    { 'x-llr-sensitivity': 'high' },
  )
  assert.equal(response.status, 400)
  assert.equal(small.received.length, 1)
  assert.equal(hosted.received.length, 0)
})
