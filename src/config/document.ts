/** YAML text → plain value, with the place of every key in the file kept. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml'
import { type Finding, type KeyPath, type Problem, renderKey } from './problem.ts'

/** A policy is a page; anything near this is a mistake or an attack. */
export const MAX_POLICY_BYTES = 256 * 1024
/** A policy needs six levels. */
const MAX_DEPTH = 64
/** Aliases may repeat a piece of the file; more than this is a billion laughs. */
const MAX_ALIASES = 100

export interface SourceDocument {
  readonly value: unknown
  /** Syntax errors, duplicate keys, tags and the like. */
  readonly problems: readonly Problem[]
  /** The text is not YAML, so `value` is guesswork from the first problem on. */
  readonly broken: boolean
  place(finding: Finding): Problem
}

interface Step {
  readonly key: Node | null
  readonly value: Node | null
}

function nameOf(key: Node | null): string {
  return isScalar(key) && typeof key.value === 'string' ? key.value : ''
}

/** The entry of `node` that a step of a path leads to; aliases are followed to what they stand for. */
function child(doc: Document, node: Node | null, step: string | number): Step | null {
  const container = isAlias(node) ? (node.resolve(doc) ?? null) : node
  if (isSeq<Node | null>(container) && typeof step === 'number') {
    const item = container.items[step]
    return item === undefined ? null : { key: item, value: item }
  }
  if (!isMap<Node, Node | null>(container)) return null
  // The last of a doubled key is the one whose value counts, as in `toJS`.
  const pair = container.items.findLast(({ key }) => nameOf(key) === step)
  return pair === undefined ? null : { key: pair.key, value: pair.value }
}

function offsetOf(doc: Document, { path, at }: Pick<Finding, 'path' | 'at'>): number {
  let step: Step = { key: null, value: doc.contents }
  for (const [index, name] of path.entries()) {
    const next = child(doc, step.value, name)
    // What is missing is pointed at by the key of what it is missing from.
    if (next === null) return (index === 0 ? step.value : (step.key ?? step.value))?.range?.[0] ?? 0
    step = next
  }
  const pointed = at === 'key' ? step.key : (step.value ?? step.key)
  return pointed?.range?.[0] ?? step.key?.range?.[0] ?? 0
}

/** The innermost entry that holds an offset: a syntax error is told with the key it happened under. */
function pathAt(doc: Document, offset: number): KeyPath {
  const path: (string | number)[] = []
  let node: Node | null = doc.contents
  while ((isMap<Node, Node | null>(node) || isSeq<Node | null>(node)) && path.length < MAX_DEPTH) {
    let next: Node | null = null
    let name: string | number | null = null
    for (const [index, item] of node.items.entries()) {
      const key = isMap(node) ? (item as { key: Node }).key : (item as Node | null)
      const start = key?.range?.[0]
      if (start === undefined || start > offset) break
      name = isMap(node) ? nameOf(key) : index
      next = isMap(node) ? (item as { value: Node | null }).value : (item as Node | null)
    }
    if (name === null) break
    path.push(name)
    node = next
  }
  return path
}

/** Errors of YAML after which the rest of the file still means what it says. */
const STILL_READABLE: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'MULTIPLE_DOCS'])

const IN_OTHER_WORDS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  DUPLICATE_KEY: 'duplicate key; each may be given once',
  NON_STRING_KEY: 'keys must be plain text; quote this one',
  TAG_RESOLVE_FAILED: 'unknown YAML tag; a policy uses none',
  MULTIPLE_DOCS: 'a second YAML document starts here; a policy is one',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab is no indentation in YAML; use spaces',
}

function explain(error: YAMLError): string {
  return IN_OTHER_WORDS[error.code] ?? `YAML: ${error.message.slice(0, 200)}`
}

function parse(text: string, lines: LineCounter): Document {
  // The core schema by name, so that a `%YAML 1.1` line cannot bring back `yes`, octals and merge keys.
  return parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    merge: false,
    stringKeys: true,
    uniqueKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
  })
}

/**
 * A bracket that is never closed is noticed at some later line, which is no help: the place to look at is where it
 * was opened. Null for every other error.
 */
function unclosedBracket(
  doc: Document,
  text: string,
  error: YAMLError,
): { offset: number; message: string } | null {
  const [, kind] = /^Flow (map|sequence)\b/.exec(error.message) ?? []
  if (kind === undefined) return null
  const [open, close] = kind === 'map' ? '{}' : '[]'
  let offset: number | null = null
  visit(doc, {
    Collection(_, node) {
      const [start, end] = node.range ?? [0, 0]
      if (text[start] === open && text[end - 1] !== close && start <= error.pos[0]) offset = start
    },
  })
  return offset === null
    ? null
    : { offset, message: `this ${open} is not closed; put the ${close} where it ends` }
}

type Report = (offset: number, message: string) => void

/** What YAML allows and a policy does not. False when the value must not even be looked at. */
function inspect(doc: Document, report: Report): boolean {
  let sound = true
  visit(doc, {
    Node(_, node, ancestors) {
      const offset = node.range?.[0] ?? 0
      if (ancestors.length > MAX_DEPTH) {
        report(offset, 'nested too deeply')
        sound = false
        return visit.BREAK
      }
      // `__proto__` is a key like any other to YAML and a trap to JavaScript.
      if (isScalar(node) && node.value === '__proto__') report(offset, 'this name cannot be used')
      if (isAlias(node) && node.resolve(doc) === undefined) {
        report(offset, `no anchor &${node.source.slice(0, 64)} above this alias`)
        sound = false
      }
      return undefined
    },
  })
  return sound
}

function valueOf(doc: Document, report: Report): { readonly value: unknown; readonly sound: boolean } {
  try {
    return { value: doc.toJS({ maxAliasCount: MAX_ALIASES }), sound: true }
  } catch {
    report(0, `more than ${MAX_ALIASES} aliases; write the values out`)
    return { value: null, sound: false }
  }
}

export function readDocument(text: string): SourceDocument {
  const lines = new LineCounter()
  const doc = parse(text, lines)
  const problems: Problem[] = []
  const placed = (offset: number, path: KeyPath, message: string): Problem => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col), key: renderKey(path), message }
  }
  const report: Report = (offset, message) => problems.push(placed(offset, pathAt(doc, offset), message))

  const errors = doc.errors.filter(({ code }) => !STILL_READABLE.has(code))
  // After the first error of syntax the others are mostly its echoes.
  const told = errors.length > 0 ? errors.slice(0, 1) : [...doc.errors, ...doc.warnings]
  for (const error of told) {
    const bracket = unclosedBracket(doc, text, error)
    report(bracket?.offset ?? error.pos[0], bracket?.message ?? explain(error))
  }
  const { value, sound } =
    errors.length === 0 && inspect(doc, report) ? valueOf(doc, report) : { value: null, sound: false }
  return {
    value,
    problems,
    broken: !sound,
    place: (finding) => {
      const problem = placed(offsetOf(doc, finding), finding.path, finding.message)
      return finding.suggestion === undefined ? problem : { ...problem, suggestion: finding.suggestion }
    },
  }
}
