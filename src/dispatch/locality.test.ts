import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import {
  ollamaScript,
  sendJson,
  startBackend,
  type Backend as Fake,
  type Script,
} from '../../test/support/backend.ts'
import { createSkewedClock, type SkewedClock } from '../../test/support/skewed-clock.ts'
import { createBackend, type Connection } from './backend.ts'
import { createLocality, isCloudName, withTag, type Locality } from './locality.ts'

describe('names', () => {
  for (const name of [
    'x:cloud',
    'gpt-oss:120b-cloud',
    'gpt-oss:120B-CLOUD',
    ' x:cloud ',
    'ns/x:cloud',
    'x: cloud',
    'x-cloud',
    'cloud',
  ]) {
    test(`"${name}" is a cloud name`, () => assert.ok(isCloudName(name)))
  }
  for (const name of [
    '',
    'x',
    'x:latest',
    'cloudy',
    'cloud:7b',
    'x:cloudy',
    'x-cloud:7b',
    'my-cloud-model:8b',
    'x:clouds',
  ]) {
    test(`"${name}" is none`, () => assert.ok(!isCloudName(name)))
  }
  for (const [name, tagged] of [
    ['m', 'm:latest'],
    ['m:7b', 'm:7b'],
    ['ns/m', 'ns/m:latest'],
    ['host:5000/ns/m', 'host:5000/ns/m:latest'],
    ['host:5000/ns/m:7b', 'host:5000/ns/m:7b'],
  ] as const) {
    test(`${name} is ${tagged}`, () => assert.equal(withTag(name), tagged))
  }
})

interface House {
  readonly fake: Fake
  readonly clock: SkewedClock
  readonly locality: Locality
}

async function house(t: TestContext, script: Script, connection: Partial<Connection> = {}): Promise<House> {
  const fake = await startBackend(script)
  const clock = createSkewedClock()
  const type = connection.type ?? 'ollama'
  const backend = createBackend(
    { name: 'b', connection: { endpoint: fake.origin, ...connection, type }, policyTimeouts: {}, env: {} },
    null,
  )
  const locality = createLocality([backend], clock)
  t.after(async () => {
    locality.stop()
    await backend.pool.close()
    await fake.close()
  })
  return { fake, clock, locality }
}

const LISTING = ollamaScript('x', [
  'm',
  'ns/deep:7b',
  { name: 'alias:latest', remote_host: 'https://ollama.com' },
  'big:cloud',
])

describe('a proof', () => {
  test('is of the models the daemon lists as its own', async (t) => {
    const { locality } = await house(t, LISTING)
    assert.ok(!locality.isProvenLocal('b', 'm'), 'nothing is known before the first look')
    assert.equal(locality.state('b'), 'down')
    await locality.refresh()
    assert.equal(locality.state('b'), 'up')
    for (const [model, proven] of [
      ['m', true],
      ['m:latest', true],
      ['ns/deep:7b', true],
      ['ns/deep', false],
      ['alias', false],
      ['big:cloud', false],
      ['other', false],
      ['', false],
    ] as const) {
      assert.equal(locality.isProvenLocal('b', model), proven, model)
    }
    assert.ok(!locality.isProvenLocal('unknown', 'm'))
  })

  test('lapses after a minute, and is renewed by a look before', async (t) => {
    const { locality, clock, fake } = await house(t, LISTING)
    await locality.refresh()
    clock.skip(60_001)
    assert.ok(!locality.isProvenLocal('b', 'm'))
    await locality.refresh()
    assert.ok(locality.isProvenLocal('b', 'm'))
    const looks = fake.seen.length
    await locality.refresh()
    assert.equal(fake.seen.length, looks, 'a fresh proof is not asked for again')
  })

  test('a look that fails takes the old proof away', async (t) => {
    const { locality, clock, fake } = await house(t, LISTING)
    await locality.refresh()
    fake.script((_request, response) => void response.destroy())
    clock.skip(20_001)
    await locality.refresh()
    assert.ok(!locality.isProvenLocal('b', 'm'))
    assert.equal(locality.state('b'), 'down')
  })

  test('a dead daemon is asked once a second, and many askers share one look', async (t) => {
    const { locality, clock, fake } = await house(t, (_request, response) => sendJson(response, 500, {}))
    await Promise.all([locality.refresh(), locality.refresh(), locality.refresh()])
    await locality.refresh()
    assert.equal(fake.seen.length, 1)
    clock.skip(1_001)
    await locality.refresh()
    assert.equal(fake.seen.length, 2)
  })

  for (const [what, body] of [
    ['a list of something else', { models: [1, null, 'm', []] }],
    ['models without names', { models: [{ size: 1 }] }],
    ['no list', { models: { m: true } }],
    ['remote_model alone', { models: [{ name: 'm', model: 'm', remote_model: 'gpt' }] }],
    ['a remote_host that is no text', { models: [{ name: 'm', model: 'm', remote_host: true }] }],
  ] as const) {
    test(`${what} proves nothing`, async (t) => {
      const { locality } = await house(t, (_request, response) => sendJson(response, 200, body))
      await locality.refresh()
      assert.ok(!locality.isProvenLocal('b', 'm'))
      assert.ok(!locality.isProvenLocal('b', ''))
    })
  }

  test('of a server that is not Ollama is the operator’s word', async (t) => {
    const other = { type: 'openai-compatible' } as const
    const plain = await house(t, LISTING, other)
    await plain.locality.refresh()
    assert.ok(!plain.locality.isProvenLocal('b', 'm'))
    const attested = await house(t, LISTING, { ...other, attest: 'local' })
    assert.ok(attested.locality.isProvenLocal('b', 'm'))
  })

  test('is not looked for at a hosted backend', async (t) => {
    const { locality, fake } = await house(t, LISTING, { endpoint: 'http://198.51.100.7:9', type: 'openai' })
    await locality.refresh()
    assert.equal(locality.state('b'), 'unprobed')
    assert.equal(fake.seen.length, 0)
  })
})
