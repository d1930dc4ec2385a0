import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { closedPort, ollamaScript, startBackend } from '../../test/support/backend.ts'
import { systemClock } from '../clock.ts'
import { discover, ollamaEndpoint } from './discover.ts'

describe('OLLAMA_HOST, as Ollama reads it', () => {
  for (const [host, endpoint] of [
    [undefined, 'http://localhost:11434'],
    ['', 'http://localhost:11434'],
    ['  ', 'http://localhost:11434'],
    ['0.0.0.0', 'http://localhost:11434'],
    ['0.0.0.0:8080', 'http://localhost:8080'],
    ['[::]', 'http://localhost:11434'],
    ['[::]:8080', 'http://localhost:8080'],
    [':8080', 'http://localhost:8080'],
    ['box', 'http://box:11434'],
    ['box:1234', 'http://box:1234'],
    ['192.168.1.5', 'http://192.168.1.5:11434'],
    ['[::1]:1234', 'http://[::1]:1234'],
    ['http://box', 'http://box:11434'],
    ['http://box:80', 'http://box'],
    ['http://box/', 'http://box:11434'],
    ['http://box:1234/ollama/', 'http://box:1234/ollama'],
    ['HTTP://Box:1234', 'http://box:1234'],
    ['https://box:443', 'https://box'],
    ['http://user:secret@box', 'http://localhost:11434'],
    ['http://box?x=1', 'http://localhost:11434'],
    ['not a host', 'http://localhost:11434'],
  ] as const) {
    test(`${JSON.stringify(host)} → ${endpoint}`, () => assert.equal(ollamaEndpoint(host), endpoint))
  }
})

describe('discover', () => {
  test('an Ollama with its models, and which keys are set', async (t) => {
    const fake = await startBackend(
      ollamaScript('x', ['a:7b', { name: 'b', remote_host: 'https://ollama.com' }]),
    )
    t.after(() => fake.close())
    const found = await discover(
      { OLLAMA_HOST: fake.origin, OPENAI_API_KEY: ' k ', SARMALINK_API_KEY: '  ', ANTHROPIC_API_KEY: 'k' },
      systemClock,
    )
    assert.deepEqual(found, {
      ollama: {
        endpoint: fake.origin,
        models: [
          { name: 'a:7b', sizeBytes: 1, remote: false },
          { name: 'b', sizeBytes: 0, remote: true },
        ],
      },
      hasOpenaiKey: true,
      hasSarmalinkKey: false,
      hasAnthropicKey: true,
    })
    assert.equal(fake.seen.length, 1)
    assert.match(fake.seen[0] ?? '', /^GET \/api\/tags\n/)
  })

  test('nothing on the machine', async () => {
    const found = await discover({ OLLAMA_HOST: `127.0.0.1:${await closedPort()}` }, systemClock)
    assert.deepEqual(found, {
      ollama: null,
      hasOpenaiKey: false,
      hasSarmalinkKey: false,
      hasAnthropicKey: false,
    })
  })
})
