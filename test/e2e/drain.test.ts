import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ask, startRouter } from '../support/start-router.ts'

const SLOW = `
backends:
  demo: { type: demo, demo: { tokenIntervalMs: 100, replyTokens: 600 } }
routes:
  - default: demo
`

suite('a close that cannot wait any longer', () => {
  test('ends a stream with an error event and no [DONE]', async () => {
    const router = await startRouter(SLOW)
    const response = await router.post('/v1/chat/completions', ask('Hello', { stream: true }))
    const text = response.text()
    await router.server.close(50)
    const lines = (await text).trimEnd().split('\n\n')
    const last = JSON.parse(lines.at(-1)?.replace(/^data: /, '') ?? '') as { error: { code: string } }
    assert.equal(last.error.code, 'server_shutdown')
    assert.ok(!lines.includes('data: [DONE]'))
    assert.deepEqual(router.defects, [])
  })

  test('answers a buffered request with 503', async () => {
    const router = await startRouter(SLOW)
    const answer = router.post('/v1/chat/completions', ask('Hello'))
    // The request has reached the router once its in-flight gauge says so.
    for (;;) {
      const metrics = await (await fetch(`${router.url}/metrics`)).text()
      if (/^llr_inflight_requests 1$/m.test(metrics)) break
    }
    await router.server.close(50)
    const response = await answer
    assert.equal(response.status, 503)
    const body = (await response.json()) as { error: { code: string } }
    assert.equal(body.error.code, 'server_shutdown')
  })
})
