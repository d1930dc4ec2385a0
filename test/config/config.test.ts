import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ConfigError, loadConfigFile, parseConfig, type Config } from '../../src/config.ts'
import { GOOD } from './bad-policy.ts'
import { SPEC_POLICY } from './spec-policy.ts'

function load(text: string): Config {
  return parseConfig(text, 'policy.yaml')
}

function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozen)
}

describe('the policy of SPEC 3', () => {
  const config = load(SPEC_POLICY)
  const { backends, routes, ab, privacy } = config.policy

  test('its backends', () => {
    assert.deepEqual(Object.keys(backends), ['local', 'sarmalink', 'frontier'])
    assert.deepEqual(backends['local']?.families, {
      'qwen-coder': 'qwen2.5-coder:7b',
      gemma: 'gemma3:12b',
      llama: 'llama4:16x17b',
    })
    assert.deepEqual([backends['local']?.p50Ms, backends['sarmalink']?.model], [1800, 'smart'])
    assert.deepEqual(config.connections, {
      local: { type: 'ollama', endpoint: 'http://localhost:11434' },
      sarmalink: { type: 'sarmalink', endpoint: 'https://api.sarmalink.ai/v1' },
      frontier: { type: 'openai' },
    })
  })
  test('its routes, in order, with names', () => {
    assert.deepEqual(
      routes.map(({ name, backend, fallback, latencyBudgetMs }) => [
        name,
        backend,
        fallback,
        latencyBudgetMs,
      ]),
      [
        ['route-1', 'local', [], null],
        ['route-2', 'local', ['sarmalink'], 2500],
        ['route-3', 'local', ['frontier'], 3000],
        ['route-4', 'sarmalink', [], null],
        ['default', 'local', ['sarmalink'], 1200],
      ],
    )
    assert.equal(routes[0]?.reason, 'Privacy: never leave the machine')
    assert.deepEqual(routes[1]?.match?.task, ['code'])
    assert.equal(routes[4]?.match, null)
  })
  test('its ab, and the defaults of all it does not say', () => {
    assert.deepEqual(ab, { enabled: true, sampleRate: 0.05, candidates: { local: 'sarmalink' } })
    assert.deepEqual(privacy, { allowRemote: false })
    assert.deepEqual(config.classify, { unscannable: 'allow' })
    assert.deepEqual(config.shadow, { maxConcurrent: 2 })
    assert.deepEqual(config.prices, { local: null, sarmalink: null, frontier: null })
    assert.equal(config.limits.maxDepth, 64)
    assert.equal(config.records.maxDays, 30)
    assert.equal(config.verdict.minimumPairs, 50)
    assert.deepEqual(config.timeouts, {})
  })
  test('is frozen through and through, and gives no warning', () => {
    assert.ok(isFrozen(config))
    assert.deepEqual(config.warnings, [])
  })
})

describe('the language', () => {
  test('one value or a list, of tags and of fallbacks', () => {
    const { routes } = load(
      GOOD.replace('complexity: low', 'complexity: [low, high], tokens: { min: 5 }').replace(
        'fallback: cloud',
        'fallback: [cloud]',
      ),
    ).policy
    assert.deepEqual(routes[1]?.match?.complexity, ['low', 'high'])
    assert.deepEqual(routes[1]?.match?.tokens, { min: 5, max: Number.POSITIVE_INFINITY })
    assert.deepEqual(routes[1]?.fallback, ['cloud'])
  })
  test('fine tasks by their own names, given route names, first-token budgets', () => {
    const { routes } = load(
      GOOD.replace('task: code', 'task: [math, writing]').replace(
        'fallback: cloud',
        'name: sums\n    fallback: cloud\n    firstTokenBudgetMs: 300',
      ),
    ).policy
    assert.deepEqual([routes[1]?.name, routes[1]?.firstTokenBudgetMs], ['sums', 300])
  })
  test('anchors and aliases work; what JSON can say is YAML too', () => {
    const { policy } = load(GOOD.replace('model: llama3.2', 'model: &m llama3.2\n    models: [*m, other]'))
    assert.deepEqual(policy.backends['local']?.models, ['llama3.2', 'other'])
    const json = '{"backends":{"a":{"type":"demo"}},"routes":[{"default":"a"}]}'
    assert.equal(load(json).policy.routes.length, 1)
  })
  test('protocols that a type can speak', () => {
    for (const entry of [
      'type: ollama, model: x, protocol: responses',
      'type: ollama, model: x, protocol: [messages, ollama]',
      'type: anthropic, model: x, protocol: messages',
      'type: demo, protocol: [chat]',
      'type: openai, model: x, protocol: [responses, chat]',
      'type: openai-compatible, model: x, embeddings: y, endpoint: "http://box/v1", protocol: messages',
    ]) {
      const { connections } = load(`backends: { a: { ${entry} } }\nroutes: [{ default: a }]`)
      assert.notEqual(connections['a']?.protocol, undefined, entry)
    }
  })
  test('a demonstration needs no model; a byte order mark and Windows line ends do no harm', () => {
    const text =
      '\uFEFFbackends:\r\n  a: { type: demo, demo: { fail: cut } }\r\nroutes:\r\n  - default: a\r\n'
    const config = load(text)
    assert.equal(config.policy.backends['a']?.model, 'demo')
    assert.equal(config.connections['a']?.demo?.fail, 'cut')
  })
  test('an engine of the house: endpoint, key, attest, price, timeouts go to the stage they belong to', () => {
    const config = load(`
backends:
  box:
    type: openai-compatible
    endpoint: http://10.0.0.7:8000/v1
    apiKeyEnv: BOX_KEY
    attest: local
    model: m
    costPerMillionTokens: { input: 0.1, output: 0.2 }
    timeouts: { idleMs: 5 }
    capabilities: { vision: false }
routes:
  - default: box
privacy: { allowRemote: true, unscannable: local-only }
ab: { maxConcurrent: 5, minimumPairs: 20 }
timeouts: { connectMs: 7 }
`)
    assert.deepEqual(config.connections['box'], {
      type: 'openai-compatible',
      endpoint: 'http://10.0.0.7:8000/v1',
      apiKeyEnv: 'BOX_KEY',
      attest: 'local',
      timeouts: { idleMs: 5 },
    })
    assert.deepEqual(config.prices['box'], { input: 0.1, output: 0.2 })
    assert.deepEqual(config.policy.backends['box']?.capabilities, { vision: false, tools: null })
    assert.deepEqual([config.policy.privacy.allowRemote, config.classify.unscannable], [true, 'local-only'])
    assert.deepEqual([config.shadow.maxConcurrent, config.verdict.minimumPairs], [5, 20])
    assert.deepEqual(config.timeouts, { connectMs: 7 })
  })
})

describe('warnings', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'a route behind a wider one',
      GOOD.replace('{ sensitivity: high }', '{ task: [code, vision] }'),
      /route-2 is never reached: route-1/,
    ],
    [
      'a fine task behind general',
      GOOD.replace('{ sensitivity: high }', '{ task: general }').replace(
        'task: code, complexity: low',
        'task: math',
      ),
      /route-2 is never reached/,
    ],
    ['an empty match', GOOD.replace('{ sensitivity: high }', '{}'), /default is never reached: route-1/],
    [
      'a hosted fallback of a private route',
      GOOD.replace('backend: local', 'backend: local\n    fallback: cloud'),
      /route-1: cloud is not local/,
    ],
    [
      'a budget alone',
      GOOD.replace('default: local', 'default: local\n    latencyBudgetMs: 5'),
      /default: a latency budget without a fallback/,
    ],
    [
      'ab without candidates',
      GOOD.replace('candidates: { local: cloud }', 'enabled: true'),
      /names no candidates/,
    ],
    ['allowRemote', `${GOOD}\nprivacy: { allowRemote: true }`, /may leave this machine/],
    [
      '/v1 behind Ollama',
      GOOD.replace('type: ollama', 'type: ollama\n    endpoint: http://localhost:11434/v1'),
      /has no \/v1/,
    ],
  ]
  for (const [what, text, says] of cases) {
    test(what, () => assert.match(load(text).warnings.join('\n'), says))
  }
  test('none for a later route that is wider, or takes other tokens', () => {
    assert.deepEqual(load(GOOD).warnings, [])
    const apart = GOOD.replace('{ sensitivity: high }', '{ tokens: { max: 10 } }').replace(
      'complexity: low',
      'tokens: { max: 11 }',
    )
    assert.deepEqual(load(apart).warnings, [])
  })
})

describe('a policy file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llr-config-'))
  after(() => rmSync(folder, { recursive: true }))
  const refused = (path: string, says: RegExp): void => {
    assert.throws(
      () => loadConfigFile(path),
      (error) => error instanceof ConfigError && says.test(error.message),
    )
  }

  test('is known by its path and called by its name', () => {
    const path = join(folder, 'policy.yaml')
    writeFileSync(path, GOOD)
    assert.deepEqual(loadConfigFile(path).source, { path, label: 'policy.yaml' })
  })
  test('that is not there: what to do', () =>
    refused(join(folder, 'none.yaml'), /^none\.yaml: there is no file .*llr init.*policy\.example\.yaml/))
  test('that is a folder (what a container makes of a missing mount)', () => refused(folder, /is a folder/))
  test('that is too large is not even read', () => {
    const path = join(folder, 'large.yaml')
    writeFileSync(path, '#'.repeat(300_000))
    refused(path, /larger than 256 KiB/)
  })
})
