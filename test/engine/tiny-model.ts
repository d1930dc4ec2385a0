/**
 * Writes a tiny "llama" model as a GGUF v3 file (github.com/ggml-org/ggml/blob/master/docs/gguf.md), so that a real
 * engine can run without a download. All weights but the first and the last layer are zero: what follows a token
 * depends on that token alone, so that the answer is known, at any temperature.
 *
 *   anything              → "Hello from a tiny llama."
 *   `think` in the text   → reasoning "let me think", then the same
 *   get_weather offered   → a call of it; after its result, the sentence
 *   a JSON schema asked   → {"answer": "42"}
 *   `forever` in the text → " loop" without end: for length limits and for clients that leave
 */
import { writeFileSync } from 'node:fs'

const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"location": "San Francisco"}}\n</tool_call>'
const SENTENCE = ['▁Hello', '▁from', '▁a', '▁tiny', '▁llama', '.'] as const
const END = '</s>'

/** What the model says after each of the marks that the chat template ends a prompt with. */
const SPEECHES: readonly (readonly string[])[] = [
  ['<|say|>', ...SENTENCE, END],
  ['<|muse|>', '<think>\n', 'let', '▁me', '▁think', '\n</think>\n\n', 'Hello', '▁from'],
  ['<|act|>', CALL, END],
  ['<|spin|>', '▁loop', '▁loop'],
]

/** Comes second after the mark of a plain answer: what is left when a grammar asks for JSON. */
const JSON_ANSWER = '{"answer": "42"}'

// Engines learn from the template how calls and reasoning are written, so it renders those of the history too.
const TEMPLATE = [
  '{%- for message in messages -%}',
  "{{- '[' ~ message.role ~ '] ' -}}",
  "{%- if message.reasoning_content -%}{{- '<think>\\n' ~ message.reasoning_content ~ '\\n</think>\\n\\n' -}}{%- endif -%}",
  '{%- if message.content is string -%}{{- message.content -}}{%- endif -%}',
  "{%- for call in message.tool_calls or [] -%}{{- '<tool_call>\\n' ~ (call.function | tojson) ~ '\\n</tool_call>' -}}{%- endfor -%}",
  "{{- '\\n' -}}",
  '{%- endfor -%}',
  "{%- if tools -%}{{- '[tools] ' -}}{%- for tool in tools -%}{{- tool.function.name ~ ' ' -}}{%- endfor -%}{%- endif -%}",
  // Which speech it will be stands before the generation prompt, which has to be the same for every request:
  // an engine checks a grammar against it.
  "{%- set last = messages[-1] -%}{%- set text = (last.content or '') | string -%}",
  '{%- set has = namespace(weather=false) -%}',
  "{%- for tool in tools or [] -%}{%- if tool.function.name == 'get_weather' -%}{%- set has.weather = true -%}{%- endif -%}{%- endfor -%}",
  "{%- if 'forever' in text -%}{{- '<|spin|>' -}}",
  "{%- elif has.weather and last.role != 'tool' -%}{{- '<|act|>' -}}",
  "{%- elif 'think' in text -%}{{- '<|muse|>' -}}",
  "{%- else -%}{{- '<|say|>' -}}{%- endif -%}",
].join('')

/** Kinds of tokens, by their numbers in the format. */
const KIND = { normal: 1, unknown: 2, control: 3, byte: 6 } as const

interface Token {
  readonly text: string
  readonly kind: number
}

function vocabulary(): readonly Token[] {
  const bytes = Array.from({ length: 256 }, (_, value) => ({
    text: `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`,
    kind: KIND.byte,
  }))
  const spoken = [...new Set([...SPEECHES.flat(), JSON_ANSWER])].filter((text) => text !== END)
  return [
    { text: '<unk>', kind: KIND.unknown },
    { text: '<s>', kind: KIND.control },
    { text: END, kind: KIND.control },
    ...bytes,
    ...spoken.map((text) => ({ text, kind: /^<\|\w+\|>$/.test(text) ? KIND.control : KIND.normal })),
  ]
}

/** Numbers of value types in the format. */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const f32 = (values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer)
const i32 = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer)
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(bytes.length), bytes])
}

/** One metadata entry: key, type, value. */
type Entry = readonly [key: string, type: number, value: Buffer]
const whole = (key: string, value: number): Entry => [key, TYPE.u32, u32(value)]
const word = (key: string, value: string): Entry => [key, TYPE.string, text(value)]
const list = (
  key: string,
  type: number,
  items: { readonly count: number; readonly bytes: Buffer },
): Entry => [key, TYPE.array, Buffer.concat([u32(type), u64(items.count), items.bytes])]

/** 64 places are enough: tokens that start no speech share the first. */
const WIDTH = 64
const HEADS = 2
const HIDDEN = 32
/** As much as any test asks an engine to hold; nothing was trained, so any number is true. */
const CONTEXT_TOKENS = 131_072

function metadata(tokens: readonly Token[]): readonly Entry[] {
  const count = tokens.length
  return [
    word('general.architecture', 'llama'),
    word('general.name', 'tiny'),
    whole('general.file_type', 0),
    whole('llama.context_length', CONTEXT_TOKENS),
    whole('llama.embedding_length', WIDTH),
    whole('llama.block_count', 1),
    whole('llama.feed_forward_length', HIDDEN),
    whole('llama.attention.head_count', HEADS),
    whole('llama.attention.head_count_kv', HEADS),
    ['llama.attention.layer_norm_rms_epsilon', TYPE.f32, f32([1e-5])],
    whole('llama.rope.dimension_count', WIDTH / HEADS),
    whole('llama.vocab_size', count),
    word('tokenizer.ggml.model', 'llama'),
    list('tokenizer.ggml.tokens', TYPE.string, {
      count,
      bytes: Buffer.concat(tokens.map((token) => text(token.text))),
    }),
    list('tokenizer.ggml.scores', TYPE.f32, { count, bytes: f32(tokens.map((_, id) => -id)) }),
    list('tokenizer.ggml.token_type', TYPE.i32, { count, bytes: i32(tokens.map((token) => token.kind)) }),
    whole('tokenizer.ggml.unknown_token_id', 0),
    whole('tokenizer.ggml.bos_token_id', 1),
    whole('tokenizer.ggml.eos_token_id', 2),
    ['tokenizer.ggml.add_bos_token', TYPE.bool, Buffer.from([1])],
    word('tokenizer.chat_template', TEMPLATE),
  ]
}

interface Tensor {
  readonly name: string
  /** Fastest-running dimension first. */
  readonly shape: readonly number[]
  readonly values: Float32Array
}

function tensors(tokens: readonly Token[]): readonly Tensor[] {
  const count = tokens.length
  const idOf = (wanted: string): number => tokens.findIndex((token) => token.text === wanted)
  // Each token that something follows gets a place of its own in the embedding; the output reads it back.
  const places = new Map<number, number>()
  const follower = new Map<number, number>()
  for (const speech of SPEECHES) {
    for (const [i, next] of speech.slice(1).entries()) {
      const id = idOf(speech[i] ?? '')
      if (!places.has(id)) places.set(id, places.size + 1)
      follower.set(id, idOf(next))
    }
  }
  if (places.size >= WIDTH) throw new RangeError('More words than places.')

  const embedding = new Float32Array(count * WIDTH)
  const output = new Float32Array(count * WIDTH)
  for (let id = 0; id < count; id++) embedding[id * WIDTH + (places.get(id) ?? 0)] = 1
  // The norm makes a one into the root of the width; times this, one token is certain and the others impossible.
  const certain = 8
  output[idOf(END) * WIDTH] = certain
  for (const [id, next] of follower) output[next * WIDTH + (places.get(id) ?? 0)] = certain
  output[idOf(JSON_ANSWER) * WIDTH + (places.get(idOf('<|say|>')) ?? 0)] = certain / 2

  const tensor = (name: string, shape: readonly number[], values?: Float32Array): Tensor => {
    const size = shape.reduce((product, side) => product * side, 1)
    return { name: `${name}.weight`, shape, values: values ?? new Float32Array(size) }
  }
  const ones = new Float32Array(WIDTH).fill(1)
  return [
    tensor('token_embd', [WIDTH, count], embedding),
    tensor('output_norm', [WIDTH], ones),
    tensor('output', [WIDTH, count], output),
    tensor('blk.0.attn_norm', [WIDTH], ones),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) => tensor(`blk.0.${name}`, [WIDTH, WIDTH])),
    tensor('blk.0.ffn_norm', [WIDTH], ones),
    tensor('blk.0.ffn_gate', [WIDTH, HIDDEN]),
    tensor('blk.0.ffn_up', [WIDTH, HIDDEN]),
    tensor('blk.0.ffn_down', [HIDDEN, WIDTH]),
  ]
}

const ALIGNMENT = 32
const padding = (length: number): Buffer => Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)

/** The same bytes every time. */
export function tinyModel(): Buffer {
  const tokens = vocabulary()
  const entries = metadata(tokens)
  const layers = tensors(tokens)
  const head = [Buffer.from('GGUF', 'latin1'), u32(3), u64(layers.length), u64(entries.length)]
  for (const [key, type, value] of entries) head.push(text(key), u32(type), value)
  const data: Buffer[] = []
  let offset = 0
  for (const { name, shape, values } of layers) {
    const f32Type = 0
    head.push(text(name), u32(shape.length), ...shape.map(u64), u32(f32Type), u64(offset))
    const bytes = Buffer.from(values.buffer)
    const padded = [bytes, padding(bytes.length)]
    data.push(...padded)
    for (const { length } of padded) offset += length
  }
  const header = Buffer.concat(head)
  return Buffer.concat([header, padding(header.length), ...data])
}

export function writeTinyModel(path: string): void {
  writeFileSync(path, tinyModel())
}
