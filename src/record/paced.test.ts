import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createPaced } from './paced.ts'

function setUp(costMs: number) {
  const clock = createManualClock()
  let running = 0
  let most = 0
  const computed: string[] = []
  const paced = createPaced(clock, async (key: string) => {
    running += 1
    most = Math.max(most, running)
    await settled()
    clock.advance(costMs)
    running -= 1
    computed.push(key)
    if (key === 'bad') throw new Error('bad')
    return `${key}${computed.length}`
  })
  return { clock, computed, paced, most: () => most }
}

describe('paced computation', () => {
  test('is shared by all who ask meanwhile, one at a time', async () => {
    const { paced, computed, most } = setUp(10)
    assert.deepEqual(await Promise.all([paced('a'), paced('a'), paced('b'), paced('a')]), [
      'a1',
      'a1',
      'b2',
      'a1',
    ])
    assert.deepEqual(computed, ['a', 'b'])
    assert.equal(most(), 1)
  })

  test('is done again after ten times what it took', async () => {
    const { clock, paced } = setUp(10)
    assert.equal(await paced('a'), 'a1')
    clock.advance(99)
    assert.equal(await paced('a'), 'a1')
    clock.advance(1)
    assert.equal(await paced('a'), 'a2')
  })

  test('is always fresh when it costs nothing', async () => {
    const { paced } = setUp(0)
    assert.equal(await paced('a'), 'a1')
    assert.equal(await paced('a'), 'a2')
  })

  test('does not remember a failure, nor is held up by it', async () => {
    const { paced, computed } = setUp(10)
    await assert.rejects(paced('bad'))
    await assert.rejects(paced('bad'))
    assert.equal(computed.length, 2)
    assert.equal(await paced('a'), 'a3')
  })
})
