/** What goes over the wire in the benchmarks: request bodies of a set size, the backend's fixed answers. */

const ASKS = [
  'Write a Python function that merges two sorted lists.',
  'What is the capital of Australia, and since when?',
  'Summarise the text above in three sentences for a busy reader.',
  'Search the web for the latest release notes of Node.js.',
  'Prove that the square root of two is irrational, step by step.',
  'Translate the last paragraph into French.',
  'Send the contract to maria.keller@keller-logistics.de and call +49 30 901820 to confirm.',
  'Why does this SQL query scan the whole table although there is an index?',
] as const

const PROSE =
  'The harbour office keeps a ledger of every ship that comes in, its cargo and the hour of the tide. Most entries are short; a few tell of storms, repairs and crews that stayed over winter. '

/** Chat bodies of `bytes` bytes that differ in what is asked, so that several routes of the policy are taken. */
export function requestBodies(bytes: number, stream: boolean): readonly string[] {
  return ASKS.map((ask) => {
    const turns = Math.max(1, Math.floor(bytes / 4000))
    const missing = bytes - Buffer.byteLength(encode(ask, [...Array<string>(turns).fill('')], stream))
    const each = Math.floor(missing / turns)
    const history = Array.from({ length: turns }, (_, i) =>
      prose(i === 0 ? missing - each * (turns - 1) : each),
    )
    return encode(ask, history, stream)
  })
}

function prose(characters: number): string {
  return PROSE.repeat(Math.ceil(characters / PROSE.length)).slice(0, characters)
}

/** `stream` stands near the front: the backend looks for it in the first chunk only. */
function encode(ask: string, history: readonly string[], stream: boolean): string {
  const [system, ...turns] = history
  const past = turns.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }))
  return JSON.stringify({
    model: 'auto',
    stream,
    messages: [{ role: 'system', content: system }, ...past, { role: 'user', content: ask }],
    temperature: 0.2,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  })
}

const ENVELOPE = { id: 'chatcmpl-bench', created: 1_750_000_000, model: 'bench-model' }
const USAGE = { prompt_tokens: 250, completion_tokens: 24, total_tokens: 274 }
const WORDS =
  'Here is an answer of ordinary length , made of ordinary words , as a small model gives it to a plain question .'.split(
    ' ',
  )

/** A buffered answer: about 450 bytes. */
export const ANSWER = Buffer.from(
  JSON.stringify({
    ...ENVELOPE,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: WORDS.join(' '), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
  }),
)

function chunk(delta: object, finish: string | null): Buffer {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
  return event({ ...ENVELOPE, object: 'chat.completion.chunk', choices, usage: null })
}

function event(body: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(body)}\n\n`)
}

/** A streamed answer, event by event: the role, a word each, the finish, the usage, the end. */
export const EVENTS: readonly Buffer[] = [
  chunk({ role: 'assistant', content: '', refusal: null }, null),
  ...WORDS.map((word, i) => chunk({ content: i === 0 ? word : ` ${word}` }, null)),
  chunk({}, 'stop'),
  event({ ...ENVELOPE, object: 'chat.completion.chunk', choices: [], usage: USAGE }),
  Buffer.from('data: [DONE]\n\n'),
]

/** In the first event with content and in no earlier one. */
export const FIRST_TOKEN = Buffer.from(`"content":"${WORDS[0] ?? ''}"`)
/** The end of the last event. */
export const LAST_EVENT = 'data: [DONE]\n\n'

/** Six routes of the kind a house has: privacy first, then by task and complexity, then the default. */
export function policyYaml(backendOrigin: string): string {
  return `
backends:
  local:
    type: openai-compatible
    admission: { parallel: 128 }
    endpoint: ${backendOrigin}/v1
    attest: local
    families: { qwen-coder: 'qwen2.5-coder:7b', gemma: 'gemma3:12b', llama: 'llama4:16x17b' }
    p50Ms: 1800
  hosted: { type: openai-compatible, endpoint: '${backendOrigin}/v1', model: smart, p50Ms: 600, admission: { parallel: 128 } }
routes:
  - match: { sensitivity: high }
    backend: local
    reason: 'Privacy: never leave the machine'
  - match: { task: code, complexity: low }
    backend: local
    fallback: hosted
    latencyBudgetMs: 2500
  - match: { task: vision }
    backend: local
    fallback: hosted
  - match: { task: web_search }
    backend: hosted
  - match: { complexity: high }
    backend: hosted
    fallback: local
  - default: local
    fallback: hosted
    latencyBudgetMs: 1200
ab: { enabled: false }
`
}
