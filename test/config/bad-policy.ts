/** Policies with mistakes in them, and what must be said of each: line, key, and the nearest right word. */

export interface BadPolicy {
  readonly what: string
  readonly text: string
  /** Each problem as `line key`, with ` -> suggestion` when there must be one; in order, none missing. */
  readonly problems: readonly string[]
  /** What the messages must say somewhere. */
  readonly says?: RegExp
}

/** A right policy, line by line, for one line to be made wrong. */
const LINES = [
  'backends:', //                                        1
  '  local:', //                                         2
  '    type: ollama', //                                 3
  '    model: llama3.2', //                              4
  '  cloud: { type: openai, model: gpt-4o }', //         5
  'routes:', //                                          6
  '  - match: { sensitivity: high }', //                 7
  '    backend: local', //                               8
  '  - match: { task: code, complexity: low }', //       9
  '    backend: local', //                              10
  '    fallback: cloud', //                             11
  '  - default: local', //                              12
  'ab:', //                                             13
  '  candidates: { local: cloud }', //                  14
]

/** That policy with one line put in another's place; line breaks in `line` shift what follows. */
export function line(number: number, replacement: string): string {
  return LINES.with(number - 1, replacement).join('\n')
}

export const GOOD = LINES.join('\n')
