/** Writes policy.schema.json, for editors. `--check`: fails when the file is out of date instead. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { policyJsonSchema } from '../src/config/schema.ts'

export function renderSchema(): string {
  const { $schema, ...rest } = policyJsonSchema() as { $schema?: string }
  return `${JSON.stringify({ $schema, title: 'Policy of local-llm-router', ...rest }, null, 2)}\n`
}

/** What a generator does with its text. `file`: from the top of the repository. */
export function writeOrCheck(file: string, text: string): void {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text)
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${file} is out of date: run node scripts/${basename(process.argv[1] ?? '')}\n`)
    process.exitCode = 1
  }
}

if (import.meta.main) writeOrCheck('policy.schema.json', renderSchema())
