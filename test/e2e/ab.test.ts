/** The rolling A/B: mirrors that no client waits for or sees, that give way, and whose pairs are reported. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { chatScript, ollamaScript, type Backend, type Script } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { hang, status500 } from '../support/failing.ts'
import { createStage } from '../support/stage.ts'
import { ask, type RunningRouter } from '../support/start-router.ts'

const CHAT = '/v1/chat/completions'

interface Setup {
  readonly primary?: Script
  readonly candidate?: Script
  readonly ab?: string
  readonly candidateType?: 'openai' | 'ollama'
}

async function start(
  t: TestContext,
  setup: Setup = {},
): Promise<{ primary: Backend; candidate: Backend; router: RunningRouter }> {
  const stage = createStage(t)
  const primary = await stage.backend(setup.primary ?? chatScript('of the primary'))
  const candidate = await stage.backend(setup.candidate ?? chatScript('of the candidate'))
  const type = setup.candidateType ?? 'openai'
  const router = await stage.router(`
backends:
  primary: { type: openai, endpoint: "${primary.origin}/v1", model: p }
  candidate: { type: ${type}, endpoint: "${candidate.origin}${type === 'ollama' ? '' : '/v1'}", model: c }
routes: [{ default: primary }]
ab: { enabled: true, sampleRate: 1, candidates: { primary: candidate }${setup.ab ?? ''} }
`)
  return { primary, candidate, router }
}

interface Report {
  readonly pairs: readonly {
    readonly primary: { readonly backend: string; readonly success_rate: number | null }
    readonly candidate: {
      readonly backend: string
      readonly success_rate: number | null
      readonly models: readonly string[]
    }
    readonly verdict: string
    readonly reasons: readonly string[]
    readonly pairs: number
    readonly streamed_share: number | null
  }[]
}

async function pair(router: RunningRouter): Promise<Report['pairs'][number]> {
  const [first] = ((await (await fetch(`${router.url}/v1/ab`)).json()) as Report).pairs
  assert.ok(first !== undefined)
  return first
}

async function untilPairs(router: RunningRouter, count: number): Promise<Report['pairs'][number]> {
  await eventually(`${count} pairs`, async () => (await pair(router)).pairs === count, 8_000)
  return pair(router)
}

async function counter(router: RunningRouter, name: string): Promise<number> {
  const text = await (await fetch(`${router.url}/metrics`)).text()
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))]
  return values.reduce((sum, [, value]) => sum + Number(value), 0)
}

describe('a mirror', () => {
  test('carries the same request to the candidate, and the client sees the primary', async (t) => {
    const { router, candidate, primary } = await start(t)
    const answer = await router.openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0.5,
    })
    assert.equal(answer.choices[0]?.message.content, 'of the primary')
    const mirrored = await candidate.nextRequest()
    assert.deepEqual(mirrored.body, { ...primary.received[0]?.body, model: 'c' })
    const report = await untilPairs(router, 1)
    assert.equal(report.primary.success_rate, 1)
    assert.equal(report.candidate.success_rate, 1)
    assert.deepEqual(report.candidate.models, ['c'])
    assert.equal(report.verdict, 'insufficient-data')
  })

  test('of a stream is buffered', async (t) => {
    const { router, candidate, primary } = await start(t)
    const text = await (
      await router.post(CHAT, ask('Hello', { stream: true, stream_options: { include_usage: true } }))
    ).text()
    assert.match(text, /of /)
    const mirrored = await candidate.nextRequest()
    assert.equal(primary.received[0]?.body['stream'], true)
    assert.equal(mirrored.body['stream'], false)
    assert.equal(mirrored.body['stream_options'], undefined)
    assert.equal((await untilPairs(router, 1)).streamed_share, 1)
  })

  test('of a Responses request is translated like the request itself', async (t) => {
    const { router, candidate } = await start(t)
    assert.equal(
      (await router.openai.responses.create({ model: 'auto', input: 'Hello' })).output_text,
      'of the primary',
    )
    const mirrored = await candidate.nextRequest()
    assert.equal(mirrored.path, '/v1/chat/completions')
    assert.equal(mirrored.body['stream'], false)
  })

  test('is not waited for: the candidate hangs, the client has its answer', async (t) => {
    const { router, candidate } = await start(t, { candidate: hang })
    for (const stream of [false, true]) {
      const before = performance.now()
      await (await router.post(CHAT, ask('Hello', { stream }))).text()
      assert.ok(performance.now() - before < 1_000)
      await candidate.nextRequest()
    }
  })

  test('is capped: with all places taken the next is skipped and counted', async (t) => {
    const { router, candidate } = await start(t, { candidate: hang, ab: ', maxConcurrent: 2' })
    for (let i = 0; i < 5; i++) await (await router.post(CHAT, ask('Hello'))).text()
    await eventually('three skipped', async () => (await counter(router, 'llr_shadows_skipped_total')) === 3)
    assert.equal(candidate.received.length, 2)
  })

  test('that fails is a failure of the candidate, and of nobody else', async (t) => {
    const { router } = await start(t, { candidate: status500 })
    assert.equal((await router.post(CHAT, ask('Hello'))).status, 200)
    const report = await untilPairs(router, 1)
    assert.equal(report.primary.success_rate, 1)
    assert.equal(report.candidate.success_rate, 0)
    const totals = (
      (await (await fetch(`${router.url}/v1/metrics`)).json()) as {
        totals: { failure: number; requests: number }
      }
    ).totals
    assert.deepEqual([totals.requests, totals.failure], [1, 0])
  })

  test('is not made for a client that left, nor when the primary was not asked', async (t) => {
    const { router, candidate, primary } = await start(t, { primary: hang })
    const stop = new AbortController()
    const left = fetch(router.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask('Hello')),
      signal: stop.signal,
    })
    await primary.nextRequest()
    stop.abort()
    await assert.rejects(left)
    await primary.untilAborted(1)
    assert.equal((await router.post(CHAT, { ...ask('Hello'), model: 'candidate' })).status, 200)
    assert.equal(candidate.received.length, 1, 'only the pinned one')
    await eventually('both are recorded', async () => (await counter(router, 'llr_requests_total')) === 2)
    assert.equal((await pair(router)).pairs, 0)
  })
})

describe('a mirror on a local backend gives way', () => {
  test('it is not begun while the backend works for a client', async (t) => {
    const { router, candidate } = await start(t, {
      candidateType: 'ollama',
      candidate: ollamaScript('c', ['c']),
    })
    const release = Promise.withResolvers<void>()
    candidate.script(async (request, response) => {
      if (request.method !== 'GET') await release.promise
      return ollamaScript('c', ['c'])(request, response)
    })
    const busy = router.post(CHAT, { ...ask('Hello'), model: 'candidate' })
    await candidate.nextRequest()
    await (await router.post(CHAT, ask('Hello'))).text()
    await eventually('it is skipped', async () => (await counter(router, 'llr_shadows_skipped_total')) === 1)
    assert.equal(candidate.received.length, 1)
    release.resolve()
    assert.equal((await busy).status, 200)
    await (await router.post(CHAT, ask('Hello'))).text()
    await candidate.nextRequest()
    assert.equal((await untilPairs(router, 1)).pairs, 1)
  })

  test('it is broken off when a client comes', async (t) => {
    const { router, candidate } = await start(t, { candidateType: 'ollama', candidate: hang })
    await (await router.post(CHAT, ask('Hello'))).text()
    await candidate.nextRequest()
    candidate.script(ollamaScript('for the client', ['c']))
    const answer = await router.openai.chat.completions.create({
      model: 'candidate',
      messages: [{ role: 'user', content: 'Hello' }],
    })
    assert.equal(answer.choices[0]?.message.content, 'for the client')
    await candidate.untilAborted(1)
    assert.equal((await pair(router)).pairs, 0)
  })
})

describe('how many are mirrored', () => {
  for (const [what, ab] of [
    ['none at a rate of 0', 'enabled: true, sampleRate: 0, candidates: { primary: candidate }'],
    ['none when not enabled', 'enabled: false, sampleRate: 1, candidates: { primary: candidate }'],
    ['none without a candidate', 'enabled: true, sampleRate: 1, candidates: { candidate: primary }'],
  ] as const) {
    test(what, async (t) => {
      const stage = createStage(t)
      const primary = await stage.backend(chatScript('p'))
      const candidate = await stage.backend(chatScript('c'))
      const router = await stage.router(`
backends:
  primary: { type: openai, endpoint: "${primary.origin}/v1", model: p }
  candidate: { type: openai, endpoint: "${candidate.origin}/v1", model: c }
routes: [{ default: primary }]
ab: { ${ab} }
`)
      for (let i = 0; i < 30; i++)
        await (await router.post(CHAT, ask('Hello', { stream: i % 2 === 0 }))).text()
      await router.close()
      assert.equal(candidate.received.length, 0)
      assert.equal(primary.received.length, 30)
    })
  }

  test('closing the router breaks hanging mirrors off', async (t) => {
    const { router, candidate } = await start(t, { candidate: hang })
    await (await router.post(CHAT, ask('Hello'))).text()
    await candidate.nextRequest()
    const before = performance.now()
    await router.close()
    await candidate.untilAborted(1)
    assert.ok(performance.now() - before < 2_000)
  })

  test('a report over many pairs names its figures', async (t) => {
    const { router } = await start(t, { ab: ', maxConcurrent: 64, minimumPairs: 20' })
    await Promise.all(Array.from({ length: 40 }, async () => (await router.post(CHAT, ask('Hello'))).text()))
    const report = await untilPairs(router, 40)
    assert.ok(['promote', 'hold'].includes(report.verdict) || report.reasons.length > 0)
    assert.ok(report.reasons.length > 0)
  })
})
