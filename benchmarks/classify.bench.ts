/**
 * How long `classify` takes: prose, code and texts made to be slow, at two sizes, each against its target. The texts
 * take turns in every round, so that what else the machine does falls on all of them, and the median round counts.
 */
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { classify, type ClassifyInput } from '../src/classify/classify.ts'

const KILOBYTE = 1024
const SIZES = [1, 64] as const
const ROUNDS = 7
const ROUND_MS = 30
const LEAST_CALLS = 5
const WARM_UP_MS = 80
const MICROSECONDS_A_MILLISECOND = 1000

/** Microseconds at the median, by kilobytes: 25 at 1 KB, a millisecond at 64 KB. */
const TARGETS: ReadonlyMap<number, number> = new Map([
  [1, 25],
  [64, 1000],
])
/** However a text is made, a kilobyte of it may cost no more than this. */
const ADVERSARIAL_TARGET_A_KILOBYTE = 1000

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
  'single digits': '1 ',
  'single digits of a card': '4 ',
  digits: '4929 1234-5678 90 12 ',
  'at signs': 'a.b@c.d@e-f.',
  assignments: 'password:=token=api_key=',
  'key prefixes': 'sk-ant-api03-ghp_eyJeyJ.eyJAKIA',
  capitals: '12 Aa Bb Cc Dd ',
  identifiers: 'GB00 ',
  'PEM headers': '-----BEGIN RSA ',
  ligatures: 'ﬃ\u200b１２３ ',
}

interface Case {
  readonly name: string
  readonly kilobytes: number
  readonly target: number | null
  readonly input: ClassifyInput
  readonly rounds: Timing[]
}

interface Timing {
  readonly p50: number
  readonly p99: number
}

export async function run(): Promise<string> {
  const cases = SIZES.flatMap((kilobytes) => casesOf(kilobytes))
  for (const { input } of cases) timeCalls(input, WARM_UP_MS)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { input, rounds } of cases) rounds.push(timeCalls(input, ROUND_MS))
    // Lets whoever awaits other things breathe between rounds.
    await Promise.resolve()
  }
  return [
    '## Classification',
    '',
    `One call of \`classify\` on one user message, microseconds: p50 and p99 of ${ROUNDS} rounds, the median round.`,
    '',
    '| text | size | p50 | p99 | target p50 | met |',
    '|---|---:|---:|---:|---:|---|',
    ...cases.map((one) => toRow(one)),
    '',
  ].join('\n')
}

function casesOf(kilobytes: number): readonly Case[] {
  const size = kilobytes * KILOBYTE
  const honest = Object.entries({ prose: PROSE, code: CODE }).map(([name, unit]) => ({
    name,
    kilobytes,
    target: TARGETS.get(kilobytes) ?? null,
    input: toInput(unit, size),
    rounds: [],
  }))
  const adversarial = Object.entries(ADVERSARIAL).map(([name, unit]) => ({
    name: `adversarial: ${name}`,
    kilobytes,
    target: ADVERSARIAL_TARGET_A_KILOBYTE * kilobytes,
    input: toInput(unit, size),
    rounds: [],
  }))
  return [...honest, ...adversarial]
}

function toInput(unit: string, size: number): ClassifyInput {
  const content = unit.repeat(Math.ceil(size / unit.length)).slice(0, size)
  // A prompt comes out of `JSON.parse`, whose strings lie in one piece; a cut of a repeated one is read more slowly.
  const body = JSON.parse(JSON.stringify({ model: 'auto', messages: [{ role: 'user', content }] })) as {
    readonly model: string
    readonly messages: readonly [{ readonly role: 'user'; readonly content: string }]
  }
  const [{ content: text }] = body.messages
  return {
    request: {
      model: 'auto',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      stream: false,
      includeUsage: false,
      tools: [],
      dropped: [],
    },
    body,
    markedSensitive: false,
  }
}

function timeCalls(input: ClassifyInput, forMs: number): Timing {
  const times: number[] = []
  const stop = performance.now() + forMs
  while (performance.now() < stop || times.length < LEAST_CALLS) {
    const begin = performance.now()
    classify(input, { unscannable: 'allow' })
    times.push((performance.now() - begin) * MICROSECONDS_A_MILLISECOND)
  }
  times.sort((a, b) => a - b)
  return { p50: at(times, 0.5), p99: at(times, 0.99) }
}

function toRow({ name, kilobytes, target, rounds }: Case): string {
  const p50 = median(rounds.map((round) => round.p50))
  const p99 = median(rounds.map((round) => round.p99))
  const met = target === null ? '' : p50 <= target ? 'yes' : 'no'
  const cells = [name, `${kilobytes} KB`, show(p50), show(p99), target === null ? '' : `≤ ${target}`, met]
  return `| ${cells.join(' | ')} |`
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
