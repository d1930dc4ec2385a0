/** Policies are swapped under load: no request is lost, none is served by half a policy, nothing is left behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../src/config.ts'
import { chatScript, ollamaScript } from '../support/backend.ts'
import { eventually } from '../support/eventually.ts'
import { chunk, inTwoParts, ROLE } from '../support/failing.ts'
import { createStage } from '../support/stage.ts'
import { ask } from '../support/start-router.ts'

const REQUESTS = 200
const RELOADS = 30

test('200 requests over 30 reloads: none fails', async (t) => {
  const stage = createStage(t)
  const even = await stage.backend(chatScript('even', { delayMs: 3 }))
  const odd = await stage.backend(chatScript('odd', { delayMs: 3 }))
  const policy = (name: 'even' | 'odd', origin: string): string => `
backends: { ${name}: { type: openai-compatible, endpoint: "${origin}/v1", model: ${name} } }
routes: [{ name: ${name}-route, default: ${name} }]
`
  const router = await stage.router(policy('even', even.origin))
  const failures: string[] = []
  const served = new Set<string>()
  let left = REQUESTS
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const stream = left % 2 === 0
      const response = await router.post('/v1/chat/completions', ask('hello', { stream }))
      const text = await response.text()
      const backend = response.headers.get('x-llr-backend') ?? ''
      served.add(backend)
      const whole = stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}')
      const consistent = response.headers.get('x-llr-route') === `${backend}-route` && text.includes(backend)
      if (response.status !== 200 || !whole || !consistent) failures.push(`${response.status} ${text}`)
    }
  }
  const clients = Array.from({ length: 8 }, client)
  for (let i = 1; i <= RELOADS; i++) {
    const yaml = i % 2 === 0 ? policy('even', even.origin) : policy('odd', odd.origin)
    await router.server.reload(parseConfig(yaml, 'test.yaml'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(clients)
  assert.deepEqual(failures, [])
  assert.deepEqual([...served].toSorted(), ['even', 'odd'])
  assert.deepEqual(router.defects, [])
  const metrics = await (await fetch(`${router.url}/metrics`)).text()
  assert.match(metrics, /^llr_inflight_requests 0$/m)
  const counted = [...metrics.matchAll(/^llr_requests_total\{.*result="success"\} (\d+)$/gm)]
  assert.equal(
    counted.reduce((sum, [, n]) => sum + Number(n), 0),
    REQUESTS,
  )
})

test('a stream keeps the policy it began under, and its fleet closes after it', async (t) => {
  const stage = createStage(t)
  const { script, goOn } = inTwoParts(
    ROLE + chunk({ content: 'first ' }),
    `${chunk({ content: 'second' })}${chunk({}, 'stop')}data: [DONE]\n\n`,
  )
  const old = await stage.backend(script)
  const next = await stage.backend(chatScript('next'))
  const policy = (origin: string): string => `
backends: { only: { type: openai-compatible, endpoint: "${origin}/v1", model: m } }
routes: [{ default: only }]
`
  const router = await stage.router(policy(old.origin))
  const before = router.server.snapshot()
  let closed = false
  void before.closed.then(() => (closed = true))
  const stream = await router.openai.chat.completions.create({
    model: 'auto',
    stream: true,
    messages: [{ role: 'user', content: 'hello' }],
  })
  let text = ''
  for await (const part of stream) {
    const content = part.choices[0]?.delta.content ?? ''
    text += content
    if (content !== 'first ') continue
    await router.server.reload(parseConfig(policy(next.origin), 'test.yaml'))
    const answer = await router.openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'hello' }],
    })
    assert.equal(answer.choices[0]?.message.content, 'next')
    assert.equal(closed, false)
    goOn()
  }
  assert.equal(text, 'first second')
  await eventually('the old fleet is closed', () => closed)
})

test('a proof of locality holds right after a reload', async (t) => {
  const stage = createStage(t)
  const local = await stage.backend(ollamaScript('local', ['m']))
  const policy = `
backends: { local: { type: ollama, endpoint: "${local.origin}", model: m } }
routes: [{ default: local }]
`
  const router = await stage.router(policy)
  for (let i = 0; i < 5; i++) {
    await router.server.reload(parseConfig(policy, 'test.yaml'))
    const response = await router.post('/v1/chat/completions', ask('hello'), { 'x-llr-sensitivity': 'high' })
    assert.equal(response.status, 200)
  }
})
