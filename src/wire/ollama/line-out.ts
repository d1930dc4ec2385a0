/** One object as a line of NDJSON. */
import type { JsonObject } from '../json.ts'

/** Line ends to Python's `splitlines`, on which its HTTP clients cut lines; JSON escapes the others by itself. */
const OTHER_LINE_ENDS = /[\u0085\u2028\u2029]/g

export function encodeLine(value: JsonObject): string {
  return `${JSON.stringify(value).replaceAll(OTHER_LINE_ENDS, escaped)}\n`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
