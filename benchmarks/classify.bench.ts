/** How long `classify` takes: prose, code and texts made to be slow, at three sizes. Several rounds, medians. */
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { classify, type ClassifyInput } from '../src/classify/classify.ts'

const SIZES = [1024, 20 * 1024, 64 * 1024] as const
const ROUNDS = 5
const ROUND_MS = 120
const LEAST_CALLS = 20
const WARM_UP_MS = 150

const PROSE =
  'The committee met on Tuesday to talk about the harbour, which has been silting up for years. Nobody could say ' +
  'what dredging would cost, and the two members who had read the report disagreed about what it meant. In the end ' +
  'they asked for a second opinion, and for a map that shows where the channel ran before the storm of last winter. '
const CODE = `export async function readLines(path: string, limit = 100): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (lines.length >= limit) break
    lines.push(line.replaceAll('\\t', '  ').trimEnd()) // keep the indentation
  }
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

`
/** Each makes a different detector look again and again. */
const ADVERSARIAL: Readonly<Record<string, string>> = {
  'adversarial: single digits': '1 ',
  'adversarial: digits': '4929 1234-5678 90 12 ',
  'adversarial: at signs': 'a.b@c.d@e-f.',
  'adversarial: assignments': 'password:=token=api_key=',
  'adversarial: key prefixes': 'sk-ant-api03-ghp_eyJeyJ.eyJAKIA',
  'adversarial: capitals': '12 Aa Bb Cc Dd ',
  'adversarial: PEM headers': '-----BEGIN RSA ',
  'adversarial: ligatures': 'ﬃ\u200b１２３ ',
}

interface Timing {
  readonly p50: number
  readonly p99: number
}

export async function run(): Promise<string> {
  const rows: string[] = []
  const texts: Readonly<Record<string, string>> = { prose: PROSE, code: CODE, ...ADVERSARIAL }
  for (const [name, unit] of Object.entries(texts)) {
    const timings = SIZES.map((size) => measure(toInput(unit, size)))
    rows.push(`| ${name} | ${timings.map(({ p50, p99 }) => `${show(p50)} / ${show(p99)}`).join(' | ')} |`)
    // Lets whoever awaits other things breathe between rows.
    await Promise.resolve()
  }
  return [
    '## Classification',
    '',
    `One call of \`classify\` on one user message, microseconds, p50 / p99, median of ${ROUNDS} rounds.`,
    '',
    '| text | 1 KB | 20 KB | 64 KB |',
    '|---|---:|---:|---:|',
    ...rows,
    '',
  ].join('\n')
}

function toInput(unit: string, size: number): ClassifyInput {
  const text = unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
  return {
    request: {
      model: 'auto',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      stream: false,
      includeUsage: false,
      tools: [],
      dropped: [],
    },
    body: { model: 'auto', messages: [{ role: 'user', content: text }] },
    markedSensitive: false,
  }
}

function measure(input: ClassifyInput): Timing {
  timeCalls(input, WARM_UP_MS)
  const rounds = Array.from({ length: ROUNDS }, () => timeCalls(input, ROUND_MS))
  return { p50: median(rounds.map(({ p50 }) => p50)), p99: median(rounds.map(({ p99 }) => p99)) }
}

function timeCalls(input: ClassifyInput, forMs: number): Timing {
  const times: number[] = []
  const stop = performance.now() + forMs
  while (performance.now() < stop || times.length < LEAST_CALLS) {
    const begin = performance.now()
    classify(input, { unscannable: 'allow' })
    times.push((performance.now() - begin) * 1000)
  }
  times.sort((a, b) => a - b)
  return { p50: at(times, 0.5), p99: at(times, 0.99) }
}

function median(values: readonly number[]): number {
  return at(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function show(microseconds: number): string {
  return microseconds >= 100 ? microseconds.toFixed(0) : microseconds.toFixed(1)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${await run()}\n`)
}
