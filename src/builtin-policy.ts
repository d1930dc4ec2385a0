/** The policy for whoever has none: written for what was found on this machine (SPEC 9.11), and by `llr init`. */

export interface FoundModel {
  readonly name: string
  readonly sizeBytes: number
  /** Served by someone else through this Ollama; never used as local. */
  readonly remote: boolean
}

export interface Found {
  readonly ollama: { readonly endpoint: string; readonly models: readonly FoundModel[] } | null
  readonly hasOpenaiKey: boolean
  readonly hasSarmalinkKey: boolean
  readonly hasAnthropicKey: boolean
}

// Names of models that answer nothing: embedders, rerankers, and guards that only say "safe".
const NOT_CHAT = /embed|rerank|minilm|bge-|paraphrase|(?:^|[-/])(?:e5|gte)-|guard|shield/i
/** Of those, the ones that make vectors; the most widely indexed first. */
const EMBEDDER = /embed|minilm|bge-|(?:^|[-/])(?:e5|gte)-/i
const EMBEDDER_FIRST = /nomic-embed/i
const CLOUD = /[:-]cloud$/i
const CODER = /code|devstral/i
// gemma3 has eyes from 4b up; gemma3n and the two smallest have none.
const VISION =
  /gemma-?3(?!n|:1b|:270m)|gemma-?4|llava|[-.\d]vl\b|vision|minicpm-v|moondream|pixtral|internvl|llama-?4/i
const VISION_FIRST = /gemma/i
/** Made to describe pictures: they chat, but badly. */
const VISION_ONLY = /llava|moondream|vision|[-.\d]vl\b|ocr/i
const LLAMA = /llama-?[345]/i
const OTHER_CHAT = /qwen|mistral|gemma|phi|gpt-oss|granite|deepseek|command|olmo/i

/** Larger models answer better, until they no longer fit beside one another on the machines people have. */
const COMFORTABLE_BYTES = 20e9
const LONGEST_NAME = 256

function preferred(models: readonly FoundModel[]): FoundModel | undefined {
  const bySize = models.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1))
  return bySize.find(({ sizeBytes }) => sizeBytes <= COMFORTABLE_BYTES) ?? bySize.at(-1)
}

/** The best of the first kind that there is any of. */
function pick(
  models: readonly FoundModel[],
  ...kinds: readonly ((name: string) => boolean)[]
): string | null {
  for (const isKind of kinds) {
    const model = preferred(models.filter(({ name }) => isKind(name)))
    if (model !== undefined) return model.name
  }
  return null
}

export interface PickedModels {
  readonly coder: string | null
  readonly vision: string | null
  readonly general: string
  readonly embedder: string | null
}

/** null: none of these can chat. */
export function pickModels(models: readonly FoundModel[]): PickedModels | null {
  const own = models.filter(({ name, remote }) => !remote && !CLOUD.test(name) && name.length <= LONGEST_NAME)
  const usable = own.filter(({ name }) => !NOT_CHAT.test(name))
  const isPlainChat = (name: string): boolean => !CODER.test(name) && !VISION_ONLY.test(name)
  const general = pick(
    usable,
    (name) => isPlainChat(name) && LLAMA.test(name),
    (name) => isPlainChat(name) && OTHER_CHAT.test(name),
    isPlainChat,
    (name) => !CODER.test(name),
    () => true,
  )
  if (general === null) return null
  return {
    coder: pick(
      usable,
      (name) => CODER.test(name) && /qwen/i.test(name),
      (name) => CODER.test(name),
    ),
    vision: pick(
      usable,
      (name) => VISION.test(name) && VISION_FIRST.test(name),
      (name) => VISION.test(name),
    ),
    general,
    embedder: pick(
      own,
      (name) => EMBEDDER_FIRST.test(name),
      (name) => EMBEDDER.test(name) && !/rerank/i.test(name),
    ),
  }
}

interface Parts {
  readonly local: { readonly endpoint: string; readonly picked: PickedModels } | null
  readonly frontier: boolean
  readonly sarmalink: boolean
  readonly claude: boolean
}

/** YAML reads JSON strings, so no name can break out of its quotes. */
const quote = (text: string): string => JSON.stringify(text)

function isOnThisMachine(endpoint: string): boolean {
  const host = URL.parse(endpoint)?.hostname ?? ''
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}

function localBackend({ endpoint, picked }: NonNullable<Parts['local']>): string[] {
  const { coder, vision, general, embedder } = picked
  const families = [
    ...(coder === null ? [] : [`qwen-coder: ${quote(coder)}`]),
    ...(vision === null ? [] : [`gemma: ${quote(vision)}`]),
    `llama: ${quote(general)}`,
  ]
  return [
    '  # Ollama. Each request has a family: qwen-coder for code, gemma for pictures, llama for the rest.',
    '  local:',
    '    type: ollama',
    `    endpoint: ${quote(endpoint)}`,
    `    families: { ${families.join(', ')} }`,
    '    # For the families that are not named above.',
    `    model: ${quote(general)}`,
    ...(embedder === null ? [] : ['    # For /v1/embeddings.', `    embeddings: ${quote(embedder)}`]),
    ...(coder === null ? ['    # No model for code is installed: ollama pull qwen2.5-coder:7b'] : []),
    ...(vision === null ? ['    # No model for pictures is installed: ollama pull gemma3:4b'] : []),
    ...(isOnThisMachine(endpoint)
      ? []
      : [
          '    # Another machine. If it is yours and forwards nothing, this lets it take sensitive requests:',
        ]),
    ...(isOnThisMachine(endpoint) ? [] : ['    # attest: local']),
  ]
}

function backends({ local, frontier, sarmalink, claude }: Parts): string[] {
  return [
    'backends:',
    ...(local === null ? [] : localBackend(local)),
    ...(sarmalink
      ? ['  # Hosted; the key is in SARMALINK_API_KEY.', '  sarmalink: { type: sarmalink, model: smart }']
      : []),
    ...(frontier
      ? ['  # Hosted; the key is in OPENAI_API_KEY.', '  frontier: { type: openai, model: gpt-4o }']
      : []),
    ...(claude
      ? [
          '  # Hosted; the key is in ANTHROPIC_API_KEY.',
          '  claude: { type: anthropic, model: claude-sonnet-4-5 }',
        ]
      : []),
  ]
}

/** One `key: value` of an entry, or none for an empty list. */
function fallbackLine(names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`    fallback: ${names.length === 1 ? names[0] : `[${names.join(', ')}]`}`]
}

function routes({ local, frontier, sarmalink, claude }: Parts): string[] {
  // Whether the general model of a hosted service reads pictures is known of these two only.
  const seeing = [...(frontier ? ['frontier'] : []), ...(claude ? ['claude'] : [])]
  const chain = [...(local === null ? [] : ['local']), ...(sarmalink ? ['sarmalink'] : []), ...seeing]
  const [first = 'demo', ...rest] = chain
  const lines = ['routes:']
  if (local !== null) {
    const place = isOnThisMachine(local.endpoint) ? 'never leave the machine' : 'proven local only'
    lines.push('  # Marked by the client, or found to hold private data.')
    lines.push('  - name: private', '    match: { sensitivity: high }', '    backend: local')
    lines.push(`    reason: "Privacy: ${place}"`)
  }
  if (seeing.length > 0 && (sarmalink || local !== null)) {
    const [first, ...rest] = local !== null && local.picked.vision !== null ? ['local', ...seeing] : seeing
    lines.push(
      '  - name: vision',
      '    match: { task: vision }',
      `    backend: ${first}`,
      ...fallbackLine(rest),
    )
  }
  if (sarmalink && chain.length > 1) {
    const others = chain.filter((name) => name !== 'sarmalink')
    lines.push('  # What needs the web goes to a service that has it.')
    lines.push(
      '  - name: web',
      '    match: { task: web_search }',
      '    backend: sarmalink',
      ...fallbackLine(others),
    )
  }
  lines.push('  # Everything else.', `  - default: ${first}`, ...fallbackLine(rest))
  if (local !== null && rest.length > 0) {
    lines.push('    # Let a hosted model go first when the local one is expected to need longer than this:')
    lines.push('    # latencyBudgetMs: 8000')
  }
  return lines
}

const HEAD = [
  '# yaml-language-server: $schema=./policy.schema.json',
  '# Policy of local-llm-router, written for what was found on this machine.',
  '# `llr check` tells whether it is right; docs/configuration.md explains every key.',
]

/** Nothing that could answer was found, and still the first start must serve a request. */
const DEMONSTRATION = [
  'backends:',
  '  # No Ollama with a model and no key was found. This answers by itself, and says that it is a demonstration.',
  '  # For real answers: install Ollama, `ollama pull llama3.2`, then `llr init --force`; or set OPENAI_API_KEY',
  '  # or ANTHROPIC_API_KEY.',
  '  demo: { type: demo }',
  'routes:',
  '  - default: demo',
]

export function builtinPolicy(found: Found): string {
  const picked = found.ollama === null ? null : pickModels(found.ollama.models)
  const local = found.ollama === null || picked === null ? null : { endpoint: found.ollama.endpoint, picked }
  const parts: Parts = {
    local,
    frontier: found.hasOpenaiKey,
    sarmalink: found.hasSarmalinkKey,
    claude: found.hasAnthropicKey,
  }
  if (local === null && !parts.frontier && !parts.sarmalink && !parts.claude)
    return `${[...HEAD, ...DEMONSTRATION].join('\n')}\n`

  const note =
    local === null
      ? [
          '# No Ollama with a model was found, so sensitive requests will be refused: none may leave this machine.',
        ]
      : []
  return `${[...HEAD, ...note, ...backends(parts), ...routes(parts)].join('\n')}\n`
}
