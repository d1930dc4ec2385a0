/**
 * Runs the benchmarks, each as a process of its own, and keeps what it prints in its section of README.md:
 *   node benchmarks/run.ts [--only proxy] [--quick]
 * `--quick` shortens the rounds, prints the figures and leaves README.md as it is.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const SUFFIX = '.bench.ts'
const README = new URL('README.md', import.meta.url)

const { values } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const known = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
const chosen = known.filter((name) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  process.stderr.write(`There is no benchmark "${values.only}". Known: ${known.join(', ')}.\n`)
  process.exitCode = 1
}

for (const name of chosen) {
  const startedMs = performance.now()
  process.stderr.write(`${name} ...\n`)
  const text = await output(name)
  if (text === null) {
    process.stderr.write(`${name} failed; its section is left as it was.\n`)
    process.exitCode = 1
    continue
  }
  process.stdout.write(`${text.trim()}\n\n`)
  process.stderr.write(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`)
  if (!values.quick) writeSection(name, `${text.trim()}\n\n${provenance(name)}`)
}

/** What the file prints; null when it fails. */
function output(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    const file = fileURLToPath(new URL(`${name}${SUFFIX}`, import.meta.url))
    const child = spawn(process.execPath, [file, ...(values.quick ? ['--quick'] : [])], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
    child.on('close', (code) => resolve(code === 0 ? text : null))
  })
}

function provenance(name: string): string {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`
  return `_${machine}, ${new Date().toISOString().slice(0, 10)}; \`npm run bench -- --only ${name}\`_`
}

function writeSection(name: string, text: string): void {
  const begin = `<!-- begin: ${name} -->`
  const end = `<!-- end: ${name} -->`
  const readme = readFileSync(README, 'utf8')
  const section = `${begin}\n\n${text}\n\n${end}`
  const from = readme.indexOf(begin)
  const to = readme.indexOf(end)
  writeFileSync(
    README,
    from === -1 || to === -1
      ? `${readme.trimEnd()}\n\n${section}\n`
      : readme.slice(0, from) + section + readme.slice(to + end.length),
  )
}
