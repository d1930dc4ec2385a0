/** What is wrong with a policy file, said so that it can be put right: where, which key, what instead. */

/** Keys and list indices from the top of the file. */
export type KeyPath = readonly (string | number)[]

export interface Problem {
  /** From 1; 0 where there is no file to look into. */
  readonly line: number
  /** Likewise. */
  readonly column: number
  /** `routes[1].match.task`; '' for the file as a whole. */
  readonly key: string
  readonly message: string
  readonly suggestion?: string
}

/** A problem before it has been given its place in the file. */
export interface Finding {
  readonly path: KeyPath
  /** What to point at: the key itself (an unknown one), or its value. */
  readonly at: 'key' | 'value'
  readonly message: string
  readonly suggestion?: string | undefined
}

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/
const LONGEST_KEY = 64
const LONGEST_RENDERED = 200

/** What JSON leaves as it is and a terminal or a reader of logs does not: the line separators, C1 controls (CSI). */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029]/g

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Also keeps a hostile or merely huge key from taking the message over. */
export function renderKey(path: KeyPath): string {
  let key = ''
  for (const step of path) {
    if (typeof step === 'number') key += `[${step}]`
    else if (PLAIN_KEY.test(step) && step.length <= LONGEST_KEY) key += key === '' ? step : `.${step}`
    else key += `[${quoted(step.slice(0, LONGEST_KEY))}]`
  }
  return key.length <= LONGEST_RENDERED ? key : `${key.slice(0, LONGEST_RENDERED)}…`
}

export function renderProblem(label: string, problem: Problem): string {
  const { line, column, key, message, suggestion } = problem
  const subject = key === '' ? '' : `${key}: `
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
  const place = line === 0 ? `${label}:` : `${label}:${line}:${column}`
  return `${place} ${subject}${message}${hint}`
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly label: string
  readonly problems: readonly Problem[]

  constructor(label: string, problems: readonly Problem[]) {
    super(problems.map((problem) => renderProblem(label, problem)).join('\n'))
    this.label = label
    this.problems = problems
  }
}
