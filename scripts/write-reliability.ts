/**
 * Writes docs/reliability.md: for each row of test/reliability/rows.ts the tests whose names begin with its number,
 * and how they went, by running them. `--check` runs nothing: it fails when rows or tests are not those of the page.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ROWS, type Row } from '../test/reliability/rows.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = 'docs/reliability.md'
const TIMEOUT_MS = 120_000

/** A test as the source has it. */
interface Named {
  readonly row: string
  readonly file: string
  readonly name: string
}

type Result = 'pass' | 'fail' | 'skip'

const HEAD = `<!-- Written by scripts/write-reliability.ts, which runs the tests. Do not edit by hand. -->

# Reliability

What can go wrong around the router and what can be tried on it, what it has to do then, and the test that proves it. Tests are in \`test/reliability/\`; most put a fault proxy between the running router and a backend on real sockets ([Faults by hand](../CONTRIBUTING.md#faults-by-hand)).
`
const TABLES = [
  ['A', 'Faults'],
  ['B', 'Attacks and bad input'],
] as const

function namedTests(): readonly Named[] {
  const files = globSync('test/reliability/**/*.test.ts', { cwd: ROOT }).toSorted()
  return files.flatMap((file) => {
    const source = readFileSync(`${ROOT}${file}`, 'utf8')
    const calls = source.matchAll(/\b(?:test|it)\(\s*(['"`])([AB] \d\d): ([\s\S]*?[^\\])\1/g)
    return [...calls].map(([, , row = '', name = '']) => ({
      row,
      file,
      name: name.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
    }))
  })
}

/** How the tests of each row went. A file that cannot be run at all is a failure of every row in it. */
async function runTests(named: readonly Named[]): Promise<ReadonlyMap<string, readonly Result[]>> {
  const files = [...new Set(named.map(({ file }) => file))]
  const results = new Map<string, Result[]>()
  const add = (row: string, result: Result): void => {
    const before = results.get(row) ?? []
    results.set(row, [...before, result])
  }
  const stream = run({
    files: files.map((file) => `${ROOT}${file}`),
    concurrency: 1,
    timeout: TIMEOUT_MS,
    // A test that fails may leave something open, which would keep its file from ever ending.
    execArgv: ['--test-force-exit'],
  })
  for await (const event of stream) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, file = '', details, skip } = event.data
    const row = /^([AB] \d\d): /.exec(name)?.[1]
    const isSkipped = skip !== undefined && skip !== false
    const result = event.type === 'test:fail' ? 'fail' : isSkipped ? 'skip' : 'pass'
    if (row !== undefined && details.type !== 'suite') {
      add(row, result)
      if (result === 'fail') process.stderr.write(`fails: ${name} (${relative(ROOT, file)})\n`)
    } else if (result === 'fail' && name.endsWith('.test.ts')) {
      const own = named.filter((one) => name.endsWith(one.file))
      // A file also fails when one of its tests does; only one that told of no test could not be run.
      for (const one of own) if (!results.has(one.row)) add(one.row, 'fail')
    }
  }
  return results
}

function verdict(row: Row, results: readonly Result[] | undefined, hasTests: boolean): string {
  if (!hasTests) return row.notHere === null ? 'open: no test' : `not done here: ${row.notHere}`
  if (results === undefined) return 'did not run'
  const count = (wanted: Result): number => results.filter((result) => result === wanted).length
  if (count('fail') > 0) return `**fails**: ${count('fail')} of ${results.length}`
  if (count('skip') > 0) return `passes, ${count('skip')} of ${results.length} skipped on this machine`
  return 'passes'
}

/** The row of the page but for its last column. */
function rowStart(row: Row, named: readonly Named[]): string {
  const files = new Map<string, string[]>()
  for (const { file, name } of named.filter((one) => one.row === row.id)) {
    const names = files.get(file) ?? []
    if (!names.includes(name)) files.set(file, [...names, name])
  }
  const tests = [...files].map(
    ([file, names]) => `[${file.replace('test/reliability/', '')}](../${file}): ${names.join('; ')}`,
  )
  const cells = [row.id, row.fault, row.behaviour, tests.join('<br>')].map((cell) =>
    cell.replaceAll('|', '\\|').replaceAll(/<(?!br>)/g, '&lt;'),
  )
  return `| ${cells.join(' | ')} |`
}

function render(named: readonly Named[], results: ReadonlyMap<string, readonly Result[]>): string {
  const sections = TABLES.map(([letter, title]) => {
    const rows = ROWS.filter(({ id }) => id.startsWith(letter)).map((row) => {
      const hasTests = named.some((one) => one.row === row.id)
      return `${rowStart(row, named)} ${verdict(row, results.get(row.id), hasTests)} |`
    })
    const head = '| row | what happens | what has to happen | test | result |\n|---|---|---|---|---|'
    return `\n## ${title}\n\n${head}\n${rows.join('\n')}\n`
  })
  return HEAD + sections.join('')
}

function strangers(named: readonly Named[]): readonly string[] {
  const known = new Set(ROWS.map(({ id }) => id))
  return named.filter(({ row }) => !known.has(row)).map(({ row, file }) => `${file}: there is no row ${row}`)
}

/** What differs between the page and the rows and tests of now. */
function differences(named: readonly Named[]): readonly string[] {
  if (!existsSync(`${ROOT}${PAGE}`)) return [`${PAGE} is not there`]
  const lines = readFileSync(`${ROOT}${PAGE}`, 'utf8').split('\n')
  const shown = lines.filter((line) => /^\| [AB] \d\d \|/.test(line))
  const missing = ROWS.filter((row) => {
    const isOpen = !named.some((one) => one.row === row.id)
    const start = isOpen
      ? `${rowStart(row, named)} ${verdict(row, undefined, false)} |`
      : rowStart(row, named)
    return !shown.some((line) => line.startsWith(start))
  })
  const stale = missing.map(({ id }) => `${PAGE}: ${id} is out of date`)
  return shown.length === ROWS.length
    ? stale
    : [...stale, `${PAGE}: ${shown.length} rows, not ${ROWS.length}`]
}

const named = namedTests()
const isCheck = process.argv.includes('--check')
const problems = [...strangers(named), ...(isCheck ? differences(named) : [])]
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\nThen run node scripts/write-reliability.ts\n`)
  process.exitCode = 1
} else if (!isCheck) {
  const results = await runTests(named)
  writeFileSync(`${ROOT}${PAGE}`, render(named, results))
  const failed = [...results.values()].flat().filter((result) => result === 'fail').length
  process.stdout.write(`${PAGE}: ${ROWS.length} rows, ${results.size} with tests, ${failed} tests fail\n`)
}
