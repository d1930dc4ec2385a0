import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createOverloadSampler } from './overload-sample.ts'

test('A 49: a loop that was blocked for half a second shows in the next sample', async () => {
  const sampler = createOverloadSampler()
  try {
    await sleep(60)
    assert.ok(sampler.sample().loopDelayMs < 400)
    const next = new Promise((resolve) => setTimeout(() => resolve(sampler.sample()), 250))
    const until = performance.now() + 500
    while (performance.now() < until);
    const { loopDelayMs, heapUsed } = (await next) as { loopDelayMs: number; heapUsed: number }
    assert.ok(loopDelayMs > 400, `${loopDelayMs}`)
    assert.ok(heapUsed > 0 && heapUsed < 1)
  } finally {
    sampler.close()
  }
})

test('a pause is forgotten after a second', async () => {
  const sampler = createOverloadSampler()
  try {
    await sleep(60)
    const until = performance.now() + 300
    while (performance.now() < until);
    await sleep(60)
    const seen: number[] = []
    for (let i = 0; i < 6; i++) {
      seen.push(sampler.sample().loopDelayMs)
      await sleep(40)
    }
    assert.ok((seen[0] ?? 0) > 250, seen.join())
    assert.ok((seen.at(-1) ?? 999) < 250, seen.join())
  } finally {
    sampler.close()
  }
})
