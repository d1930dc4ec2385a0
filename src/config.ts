/** Policy file → frozen {@link Config}, or one {@link ConfigError} that names every mistake by line and key. */
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { MAX_POLICY_BYTES, readDocument } from './config/document.ts'
import { explainIssues } from './config/issues.ts'
import { ConfigError, type Problem } from './config/problem.ts'
import { checkReferences } from './config/references.ts'
import { resolve, type Settings } from './config/resolve.ts'
import { policyJsonSchema, policySchema } from './config/schema.ts'
import { fileWarnings, warningsOf } from './config/warnings.ts'

export { ConfigError, type Problem, renderProblem } from './config/problem.ts'
export type { Settings } from './config/resolve.ts'

export interface Config extends Settings {
  readonly source: {
    /** null when the text came from elsewhere than a file. */
    readonly path: string | null
    /** What messages call it. */
    readonly label: string
  }
  /** Allowed, but hardly meant. */
  readonly warnings: readonly string[]
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

function whole(label: string, message: string): ConfigError {
  return new ConfigError(label, [{ line: 1, column: 1, key: '', message }])
}

function tooLarge(label: string): ConfigError {
  return whole(label, `the file is larger than ${MAX_POLICY_BYTES / 1024} KiB; a policy is a page or two`)
}

/** By place in the file; a mistake that two checks found is told once. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const seen = new Set<string>()
  return sorted.filter(({ line, column, key, message }) => {
    const id = JSON.stringify([line, column, key, message])
    if (seen.has(id)) return false
    seen.add(id)
    return true
  })
}

function read(text: string, label: string): Settings {
  const document = readDocument(text)
  // Past a syntax error the rest of the file is guesswork; a second list of follow-up errors would only confuse.
  if (document.broken) throw new ConfigError(label, inOrder(document.problems))
  if (document.value === null) throw whole(label, 'the policy is empty; it needs `backends` and `routes`')

  const root = document.value
  const parsed = policySchema.safeParse(root)
  const findings = [
    ...(parsed.success ? [] : explainIssues(parsed.error.issues, { root, schema: policyJsonSchema() })),
    ...checkReferences(root),
  ]
  const problems = [...document.problems, ...findings.map((finding) => document.place(finding))]
  if (!parsed.success || problems.length > 0) throw new ConfigError(label, inOrder(problems))
  return resolve(parsed.data)
}

function load(text: string, source: Config['source'], mode: number | null = null): Config {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) throw tooLarge(source.label)
  // What PowerShell's `>` writes, mostly.
  if (text.includes('\0')) throw whole(source.label, 'is not UTF-8 text; save it as UTF-8')
  const settings = read(text, source.label)
  const ofFile = mode === null ? [] : fileWarnings(mode, settings)
  return deepFreeze({ ...settings, source, warnings: [...ofFile, ...warningsOf(settings)] })
}

/** `label` stands for the file name in messages. */
export function parseConfig(text: string, label: string): Config {
  return load(text, { path: null, label })
}

function whyUnreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT') {
    return `there is no file ${path}; write one with \`llr init\`, or copy policy.example.yaml to it`
  }
  if (code === 'EISDIR') return `${path} is a folder; name the policy file in it`
  if (code === 'EACCES') return `${path} may not be read by this user; change its permissions`
  return `${path} cannot be read (${code === '' ? 'unknown reason' : code})`
}

export function loadConfigFile(path: string): Config {
  const label = basename(path)
  let text: string
  let mode: number
  try {
    // Of the file itself: a link to it is how Kubernetes mounts one.
    const found = statSync(path)
    mode = found.mode
    if (found.size > MAX_POLICY_BYTES) throw tooLarge(label)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(label, [{ line: 0, column: 0, key: '', message: whyUnreadable(path, error) }])
  }
  return load(text, { path, label }, mode)
}
