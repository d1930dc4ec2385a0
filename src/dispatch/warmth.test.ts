import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createWarmth } from './warmth.ts'

const COLD_MS = 300_000

test('a model that nothing is known of may take as long as a cold load', () => {
  const warmth = createWarmth(createManualClock())
  assert.equal(warmth.limitMs(COLD_MS), COLD_MS)
  for (let seen = 0; seen < 7; seen++) warmth.sawFirstToken(500)
  assert.equal(warmth.limitMs(COLD_MS), COLD_MS)
})

test('a warm one gets four times what it lately needed, within bounds, and never more than a cold one', () => {
  const limitAfter = (firstTokenMs: number, coldMs = COLD_MS): number => {
    const warmth = createWarmth(createManualClock())
    for (let seen = 0; seen < 40; seen++) warmth.sawFirstToken(firstTokenMs)
    return warmth.limitMs(coldMs)
  }
  assert.equal(limitAfter(5_000), 20_000)
  assert.equal(limitAfter(10), 10_000)
  assert.equal(limitAfter(90_000), 120_000)
  assert.equal(limitAfter(5_000, 2_000), 2_000)
})

test('one slow answer among many does not loosen it, several do', () => {
  const warmth = createWarmth(createManualClock())
  for (let seen = 0; seen < 31; seen++) warmth.sawFirstToken(4_000)
  warmth.sawFirstToken(100_000)
  assert.equal(warmth.limitMs(COLD_MS), 16_000)
  for (let seen = 0; seen < 4; seen++) warmth.sawFirstToken(20_000)
  assert.equal(warmth.limitMs(COLD_MS), 80_000)
})

test('after four minutes without an answer it may have been unloaded', () => {
  const clock = createManualClock()
  const warmth = createWarmth(clock)
  for (let seen = 0; seen < 10; seen++) warmth.sawFirstToken(4_000)
  clock.advance(240_000)
  assert.equal(warmth.limitMs(COLD_MS), 16_000)
  clock.advance(1)
  assert.equal(warmth.limitMs(COLD_MS), COLD_MS)
})
