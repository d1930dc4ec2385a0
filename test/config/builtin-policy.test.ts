import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { builtinPolicy, type FoundModel, pickModels } from '../../src/builtin-policy.ts'
import { parseConfig, type Config } from '../../src/config.ts'

const GB = 1e9
const model = (name: string, sizeBytes = 5 * GB, remote = false): FoundModel => ({ name, sizeBytes, remote })

const FLEETS: Readonly<Record<string, readonly FoundModel[] | null>> = {
  'no Ollama': null,
  'an Ollama without models': [],
  'only an embedder': [model('nomic-embed-text:latest'), model('bge-m3:latest'), model('all-minilm:22m')],
  'only cloud models': [model('gpt-oss:120b-cloud'), model('qwen3-coder:480b', 1, true)],
  'one chat model': [model('llama3.2:3b')],
  'one coder': [model('qwen2.5-coder:7b')],
  'one with eyes': [model('llava:7b')],
  'a full house': [
    model('nomic-embed-text:latest', 0.3 * GB),
    model('qwen2.5-coder:7b', 4.7 * GB),
    model('qwen2.5-coder:32b', 20.5 * GB),
    model('gemma3:12b', 8 * GB),
    model('gemma3:1b', 0.8 * GB),
    model('llama3.1:8b', 4.9 * GB),
    model('llama3.2:3b', 2 * GB),
    model('llama-guard3:8b', 4.9 * GB),
    model('kimi-k2:1t-cloud', 1, true),
  ],
}

interface Combination {
  readonly fleet: string
  readonly hasOpenaiKey: boolean
  readonly hasSarmalinkKey: boolean
  readonly hasAnthropicKey: boolean
}

const NO_KEYS = { hasOpenaiKey: false, hasSarmalinkKey: false, hasAnthropicKey: false } as const

const COMBINATIONS: readonly Combination[] = Object.keys(FLEETS).flatMap((fleet) =>
  [false, true].flatMap((hasOpenaiKey) =>
    [false, true].flatMap((hasSarmalinkKey) =>
      [false, true].map((hasAnthropicKey) => ({ fleet, hasOpenaiKey, hasSarmalinkKey, hasAnthropicKey })),
    ),
  ),
)

function written(
  { fleet, ...keys }: Combination,
  endpoint = 'http://localhost:11434',
): { text: string; config: Config } {
  const models = FLEETS[fleet] ?? null
  const text = builtinPolicy({ ollama: models === null ? null : { endpoint, models }, ...keys })
  return { text, config: parseConfig(text, 'builtin') }
}

describe('the built-in policy', () => {
  for (const combination of COMBINATIONS) {
    const { fleet, hasOpenaiKey, hasSarmalinkKey, hasAnthropicKey } = combination
    test(`${fleet}, openai ${hasOpenaiKey}, sarmalink ${hasSarmalinkKey}, anthropic ${hasAnthropicKey}`, () => {
      const { text, config } = written(combination)
      const usable = pickModels(FLEETS[fleet] ?? []) !== null
      const backends = [
        ...(usable ? ['local'] : []),
        ...(hasSarmalinkKey ? ['sarmalink'] : []),
        ...(hasOpenaiKey ? ['frontier'] : []),
        ...(hasAnthropicKey ? ['claude'] : []),
      ]
      assert.deepEqual(Object.keys(config.policy.backends), backends.length === 0 ? ['demo'] : backends)
      const { backend, fallback } = config.policy.routes.at(-1) ?? {}
      assert.deepEqual([backend, fallback], [backends[0] ?? 'demo', backends.slice(1)], 'local first')
      assert.deepEqual(config.warnings, [])
      assert.match(text, /^# yaml-language-server: \$schema=/)
    })
  }
  test('a model a family of the full house, as large as is comfortable', () => {
    const { config } = written({ fleet: 'a full house', ...NO_KEYS })
    assert.deepEqual(config.policy.backends['local']?.families, {
      'qwen-coder': 'qwen2.5-coder:7b',
      gemma: 'gemma3:12b',
      llama: 'llama3.1:8b',
    })
  })
  test('pictures go to a hosted model when none here has eyes', () => {
    const eyes = (fleet: string, keys: Partial<Combination>): unknown => {
      const { config } = written({ fleet, ...NO_KEYS, ...keys })
      const route = config.policy.routes.find(({ name }) => name === 'vision')
      return route === undefined ? null : [route.backend, ...route.fallback]
    }
    const both = { hasOpenaiKey: true, hasAnthropicKey: true }
    assert.deepEqual(eyes('one chat model', { hasOpenaiKey: true }), ['frontier'])
    assert.deepEqual(eyes('one chat model', { hasAnthropicKey: true }), ['claude'])
    assert.deepEqual(eyes('one chat model', both), ['frontier', 'claude'])
    assert.deepEqual(eyes('a full house', both), ['local', 'frontier', 'claude'])
    assert.deepEqual(eyes('no Ollama', { ...both, hasSarmalinkKey: true }), ['frontier', 'claude'])
    // The default has them in this order anyway.
    assert.equal(eyes('no Ollama', both), null)
  })
  test('with a key of Anthropic alone its model answers', () => {
    const { text, config } = written({ fleet: 'no Ollama', ...NO_KEYS, hasAnthropicKey: true })
    assert.match(text, /claude: \{ type: anthropic, model: claude-sonnet-4-5 \}/)
    assert.equal(config.connections['claude']?.type, 'anthropic')
  })
  test('an Ollama elsewhere is not called this machine, and is vouched for by nobody but its owner', () => {
    const combination = { fleet: 'one chat model', ...NO_KEYS }
    const { text, config } = written(combination, 'http://192.168.1.5:11434')
    assert.match(text, /# attest: local/)
    assert.equal(config.connections['local']?.attest, undefined)
    assert.doesNotMatch(config.policy.routes[0]?.reason ?? '', /machine/)
    assert.doesNotMatch(written(combination).text, /attest/)
  })
  test('no name of a model can break the file', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => pickModels([model(text)]) !== null)
    fc.assert(
      fc.property(name, (odd) => {
        const ollama = { endpoint: 'http://localhost:11434', models: [model(odd)] }
        const { policy } = parseConfig(builtinPolicy({ ollama, ...NO_KEYS }), 'odd')
        assert.equal(policy.backends['local']?.model, odd)
      }),
    )
  })
})

describe('picking models', () => {
  const cases: readonly (readonly [string, readonly string[], string | null, string | null, string])[] = [
    [
      'embedders, rerankers and guards answer nothing',
      ['mxbai-embed-large', 'qwen3-reranker:4b', 'shieldgemma:2b', 'phi4'],
      null,
      null,
      'phi4',
    ],
    [
      'any coder is better than none',
      ['deepseek-coder-v2:16b', 'mistral:7b'],
      'deepseek-coder-v2:16b',
      null,
      'mistral:7b',
    ],
    [
      'Qwen is the family’s own',
      ['codellama:13b', 'qwen2.5-coder:3b', 'llama3.2'],
      'qwen2.5-coder:3b',
      null,
      'llama3.2',
    ],
    ['the small Gemmas have no eyes', ['gemma3:1b', 'gemma3n:e4b', 'gemma3:270m'], null, null, 'gemma3:1b'],
    ['eyes of other makes', ['qwen2.5vl:7b', 'llama3.1'], null, 'qwen2.5vl:7b', 'llama3.1'],
    [
      'a describer of pictures chats only when nothing else does',
      ['llava:7b', 'qwen3:8b'],
      null,
      'llava:7b',
      'qwen3:8b',
    ],
    [
      'a coder chats before a start without an answer',
      ['qwen2.5-coder:7b'],
      'qwen2.5-coder:7b',
      null,
      'qwen2.5-coder:7b',
    ],
    [
      'names from a hub',
      ['hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M'],
      null,
      null,
      'hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M',
    ],
  ]
  for (const [what, names, coder, vision, general] of cases) {
    test(what, () => {
      const picked = pickModels(names.map((name) => model(name)))
      assert.deepEqual([picked?.coder, picked?.vision, picked?.general], [coder, vision, general])
    })
  }
  test('vectors come from the model that most indexes were made with, else from any that makes them', () => {
    const embedder = (...names: readonly string[]) => pickModels(names.map((name) => model(name)))?.embedder
    assert.equal(embedder('phi4', 'mxbai-embed-large', 'nomic-embed-text:latest'), 'nomic-embed-text:latest')
    assert.equal(embedder('phi4', 'qwen3-reranker:4b', 'bge-reranker', 'all-minilm:22m'), 'all-minilm:22m')
    assert.equal(embedder('phi4', 'shieldgemma:2b', 'bge-reranker'), null)
  })
  test('nothing to chat with', () => assert.equal(pickModels([model('nomic-embed-text')]), null))
  test('all too large: the smallest of them', () => {
    assert.equal(
      pickModels([model('llama3.1:405b', 230 * GB), model('llama3.1:70b', 40 * GB)])?.general,
      'llama3.1:70b',
    )
  })
})
