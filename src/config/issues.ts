/** What zod found → what to tell the author of the file: in the file's words, one finding a mistake. */
import type { z } from 'zod'
import { didYouMean } from './did-you-mean.ts'
import type { Finding, KeyPath } from './problem.ts'
import type { JsonSchema } from './schema.ts'

type Issue = z.core.$ZodIssue

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
}

/** The kind only: values may be long, or a key that was pasted in the wrong place. */
function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? `the number ${value}` : value === true ? 'true' : 'false'
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** Keys that the schema allows at a path, over all branches of a union. */
function allowedKeys(schema: JsonSchema | undefined, path: KeyPath): readonly string[] {
  if (schema === undefined) return []
  if (schema.anyOf !== undefined)
    return [...new Set(schema.anyOf.flatMap((branch) => allowedKeys(branch, path)))]
  const [step, ...rest] = path
  if (step === undefined) return Object.keys(schema.properties ?? {})
  if (typeof step === 'number') return allowedKeys(schema.items, rest)
  const named = schema.properties?.[step]
  if (named !== undefined) return allowedKeys(named, rest)
  return typeof schema.additionalProperties === 'object' ? allowedKeys(schema.additionalProperties, rest) : []
}

function bound(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum
  const side = issue.code === 'too_small' ? 'at least' : 'at most'
  if (issue.origin === 'string')
    return limit === 1n || limit === 1 ? 'must not be empty' : `must have ${side} ${limit} characters`
  if (issue.origin === 'array') return `must have ${side} ${limit} ${limit === 1 ? 'entry' : 'entries'}`
  return `must be ${side} ${limit}`
}

/**
 * How far a branch of a union is from what was written; the nearest one is the one that was meant. Its own keys
 * count most: a route with three mistakes inside its `match` is still no `default`.
 */
function distance(issues: readonly Issue[], value: unknown): number {
  const isContainer = typeof value === 'object' && value !== null
  let sum = 0
  for (const issue of issues) {
    const isWhole = issue.path.length === 0
    const isMissing = issue.path.length === 1 && valueAt(value, issue.path as KeyPath) === undefined
    if (isWhole && (issue.code === 'invalid_type' || (issue.code === 'invalid_value' && isContainer)))
      sum += 1e6
    else if (isWhole && issue.code === 'unrecognized_keys') sum += issue.keys.length * 1e3
    else sum += isMissing ? 1e3 : 1
  }
  return sum
}

interface Reading {
  readonly root: unknown
  readonly schema: JsonSchema
}

function explainUnknownKeys(keys: readonly string[], path: KeyPath, reading: Reading): readonly Finding[] {
  const allowed = allowedKeys(reading.schema, path)
  const given = valueAt(reading.root, path)
  const free = allowed.filter((key) => valueAt(given, [key]) === undefined)
  return keys.map((key): Finding => {
    const at = { path: [...path, key], at: 'key' } as const
    // Known, but to another branch of the union: of a route's two forms, in practice.
    if (allowed.includes(key)) return { ...at, message: 'does not go with the other keys of this entry' }
    const suggestion = didYouMean(key, free)
    if (suggestion !== undefined) return { ...at, message: 'unknown key', suggestion }
    return {
      ...at,
      message: allowed.length === 0 ? 'unknown key' : `unknown key; allowed here: ${allowed.join(', ')}`,
    }
  })
}

function explainValue(issue: Issue, value: unknown): Pick<Finding, 'message' | 'suggestion'> {
  if (value === undefined) return { message: 'is required' }
  if (issue.code === 'too_small' || issue.code === 'too_big') return { message: bound(issue) }
  if (issue.code === 'invalid_type') {
    return { message: `expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${kindOf(value)}` }
  }
  if (issue.code !== 'invalid_value') return { message: issue.message }
  const options = issue.values.map(String)
  const message = options.length === 1 ? `must be ${options[0]}` : `must be one of ${options.join(', ')}`
  return { message, suggestion: typeof value === 'string' ? didYouMean(value, options) : undefined }
}

function explainOne(issue: Issue, path: KeyPath, reading: Reading): readonly Finding[] {
  if (issue.code === 'unrecognized_keys') return explainUnknownKeys(issue.keys, path, reading)
  if (issue.code === 'invalid_key') {
    return [{ path, at: 'key', message: issue.issues[0]?.message ?? 'is not a name that can be used' }]
  }
  return [{ path, at: 'value', ...explainValue(issue, valueAt(reading.root, path)) }]
}

function explainAll(issues: readonly Issue[], base: KeyPath, reading: Reading): readonly Finding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...(issue.path as KeyPath)]
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return explainOne(issue, path, reading)
    const value = valueAt(reading.root, path)
    const branches = issue.errors.map((errors) => ({ errors, far: distance(errors, value) }))
    const nearest = branches.reduce((best, branch) => (branch.far < best.far ? branch : best))
    return explainAll(nearest.errors, path, reading)
  })
}

export function explainIssues(issues: readonly Issue[], reading: Reading): readonly Finding[] {
  const findings = explainAll(issues, [], reading)
  // `bakend:` is one mistake, not two: no word of the missing key that it was meant to be.
  const meant = new Set(
    findings
      .filter(({ suggestion, at }) => suggestion !== undefined && at === 'key')
      .map(({ path, suggestion }) => JSON.stringify([...path.slice(0, -1), suggestion])),
  )
  return findings.filter(({ message, path }) => message !== 'is required' || !meant.has(JSON.stringify(path)))
}
