/** Arguments → command. Each command is a file of its own and returns its exit code. */
import { parseArgs } from 'node:util'
import { accessSync, constants, createReadStream, type ReadStream } from 'node:fs'
import { didYouMean } from '../src/config/did-you-mean.ts'
import { VERSION } from '../src/version.ts'
import { checkCommand } from './check.ts'
import { classifyCommand } from './classify.ts'
import { explainCommand } from './explain.ts'
import { initCommand } from './init.ts'
import { keyCommand } from './key.ts'
import { serveCommand } from './serve.ts'

const USAGE = `local-llm-router ${VERSION}

  llr [serve]                 start the router (LLR_HOST, LLR_PORT, LLR_POLICY, LLR_DB)
      --insecure-no-keys        listen beyond this machine without client keys
  llr check [policy]          validate a policy; exit 1 with line and key of every mistake
  llr explain [text]          show the whole decision for a prompt, sending nothing
      --request FILE            a request body instead of a prompt ("-" reads standard input)
      --sensitivity high        as if the header X-LLR-Sensitivity: high were sent
      --stream                  as if it were streamed
      --policy FILE             another policy than LLR_POLICY
      --json                    for programs
  llr classify [FILE]         JSON Lines {id, prompt} or {id, request} in, tags out
  llr init [policy]           look for Ollama and keys and write a commented policy
      --force                   overwrite without asking
  llr key [name]              make a client key and the policy's line for it
  llr help | version
`

const OPTIONS = {
  json: { type: 'boolean' },
  force: { type: 'boolean' },
  'insecure-no-keys': { type: 'boolean' },
  stream: { type: 'boolean' },
  request: { type: 'string' },
  sensitivity: { type: 'string' },
  policy: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

/** Exit codes: 0 done, 1 the thing asked about is wrong, 2 the call itself was wrong. */
export async function run(argv: readonly string[]): Promise<number> {
  let parsed
  try {
    parsed = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    process.stderr.write(`llr: ${badArguments(error)}\n\n${USAGE}`)
    return 2
  }
  const { values, positionals } = parsed
  const [command = 'serve', ...rest] = positionals
  if (values.version === true || command === 'version') {
    process.stdout.write(`${VERSION}\n`)
    return 0
  }
  if (values.help === true || command === 'help') {
    process.stdout.write(USAGE)
    return 0
  }
  const { env } = process
  const policyPath = values.policy ?? env['LLR_POLICY'] ?? './policy.yaml'
  const usage = misuse(command, rest, values)
  if (usage !== null) {
    process.stderr.write(`llr: ${usage}\n`)
    return 2
  }
  switch (command) {
    case 'serve':
      return serveCommand({ env, policyPath, allowWithoutKeys: values['insecure-no-keys'] === true })
    case 'check':
      return checkCommand(
        { path: rest[0] ?? policyPath, json: values.json === true },
        process.stdout,
        process.stderr,
      )
    case 'explain':
      return explainCommand({
        env,
        policyPath,
        isPolicyNamed: values.policy !== undefined || env['LLR_POLICY'] !== undefined,
        prompt: rest.join(' '),
        requestFile: values.request ?? null,
        markedSensitive: values.sensitivity === 'high',
        stream: values.stream === true,
        json: values.json === true,
      })
    case 'classify': {
      const [file] = rest
      const input = file === undefined || file === '-' ? process.stdin : openFile(file)
      if (input === null) {
        process.stderr.write(`llr: ${file} cannot be read.\n`)
        return 1
      }
      return classifyCommand(input, process.stdout, { unscannable: 'allow' })
    }
    case 'init':
      return initCommand({ env, path: rest[0] ?? policyPath, force: values.force === true })
    case 'key':
      return keyCommand(
        { name: rest[0] ?? 'client', json: values.json === true },
        process.stdout,
        process.stderr,
      )
    default:
      process.stderr.write(`llr: there is no command "${command}".\n\n${USAGE}`)
      return 2
  }
}

/** Node's own words end in advice about positional arguments, which is not what went wrong. */
function badArguments(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  const [, option] = /'(-[^' ]*)/.exec(message) ?? []
  if (option === undefined) return 'the arguments cannot be read.'
  if (!message.startsWith('Unknown option')) return `${option} is used in the wrong way.`
  const near = didYouMean(option.replace(/^-+/, ''), Object.keys(OPTIONS))
  return `there is no option ${option}${near === undefined ? '' : `; did you mean --${near}?`}`
}

interface Checked {
  readonly sensitivity?: string | undefined
  readonly request?: string | undefined
}

/** Arguments that would otherwise be passed over in silence; a misspelt privacy option must not read as none. */
function misuse(command: string, rest: readonly string[], { sensitivity, request }: Checked): string | null {
  if (sensitivity !== undefined && sensitivity !== 'high') return '--sensitivity takes one value: high.'
  if (command === 'explain' && request !== undefined && rest.length > 0) {
    return 'explain takes a prompt or --request FILE, not both.'
  }
  const most = { serve: 0, check: 1, classify: 1, init: 1, key: 1 }[command]
  if (most === undefined || rest.length <= most) return null
  return `${command} takes at most ${most} argument${most === 1 ? '' : 's'}; there are ${rest.length}.`
}

function openFile(path: string): ReadStream | null {
  try {
    accessSync(path, constants.R_OK)
    return createReadStream(path)
  } catch {
    return null
  }
}
