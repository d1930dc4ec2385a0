/** `llr init`: looks for Ollama and keys, writes a commented policy, never overwrites without asking. */
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { builtinPolicy } from '../src/builtin-policy.ts'
import { systemClock } from '../src/clock.ts'
import { discover, type Discovery } from '../src/dispatch/discover.ts'
import { COMMAND } from './command-name.ts'

export interface InitOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly path: string
  readonly force: boolean
}

export async function initCommand({ env, path, force }: InitOptions): Promise<number> {
  if (existsSync(path) && !force && !(await mayOverwrite(path))) {
    process.stderr.write(
      `llr: ${path} exists and was left as it is. To replace it: ${COMMAND} init --force ${path}\n`,
    )
    return 1
  }
  const found = await discover(env, systemClock)
  try {
    // `wx` fails if the file came into being since the look above.
    writeFileSync(path, builtinPolicy(found), { flag: existsSync(path) ? 'w' : 'wx' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    process.stderr.write(`llr: ${path} cannot be written (${code}).\n`)
    return 1
  }
  process.stdout.write(`${describe(found)}\nWrote ${path}. Check it with: ${COMMAND} check ${path}\n`)
  return 0
}

async function mayOverwrite(path: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const dialogue = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await dialogue.question(`${path} exists. Replace it? [y/N] `)
  dialogue.close()
  return /^y(es)?$/i.test(answer.trim())
}

function describe(found: Discovery): string {
  const { ollama } = found
  const local = ollama?.models.filter((model) => !model.remote).map((model) => model.name) ?? []
  return [
    ollama === null
      ? 'Ollama: not found (start it, or set OLLAMA_HOST)'
      : `Ollama: ${ollama.endpoint}, ${local.length === 0 ? 'no local model (ollama pull llama3.2)' : local.join(', ')}`,
    `OPENAI_API_KEY: ${found.hasOpenaiKey ? 'set' : 'not set'}`,
    `SARMALINK_API_KEY: ${found.hasSarmalinkKey ? 'set' : 'not set'}`,
    `ANTHROPIC_API_KEY: ${found.hasAnthropicKey ? 'set' : 'not set'}`,
  ].join('\n')
}
