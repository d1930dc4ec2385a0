import { isUtf8 } from 'node:buffer'
import { RouterError } from '../errors.ts'
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../wire/json.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Keys of a body; a normal agent's request has some hundreds, its tool schemas included. */
const MAX_KEYS = 50_000

/** Fields that decide where a request goes or what is scanned; another case of one of them is an attack or a bug. */
const ROUTING_KEYS = new Set([
  'model',
  'messages',
  'input',
  'instructions',
  'tools',
  'stream',
  'metadata',
  'prompt',
])

/**
 * Parses a request body, refusing what two parsers could read in two ways: invalid UTF-8, duplicate keys at any
 * level, another case of a routing key (Go servers match keys case-insensitively, last one wins), and what would
 * stall us: depth is checked on the bytes, because `JSON.parse` of 10 MB of `[` blocks for seconds.
 */
export function parseBody(bytes: Buffer, maxDepth: number): JsonObject {
  if (bytes.length === 0) throw new RouterError('invalid_json', 'The request body is empty.')
  if (!isUtf8(bytes)) throw new RouterError('invalid_json', 'The request body is not valid UTF-8.')
  const pairs = scan(bytes, maxDepth)
  const body = parseJson(bytes.toString('utf8'))
  if (body === undefined) throw new RouterError('invalid_json', 'The request body is not valid JSON.')
  if (!isJsonObject(body)) throw new RouterError('invalid_json', 'The request body must be a JSON object.')
  if (countKeys(body) !== pairs) {
    throw new RouterError('invalid_json', 'The request body has an object with a duplicate key.')
  }
  for (const key of Object.keys(body)) {
    const lower = key.toLowerCase()
    if (lower !== key && ROUTING_KEYS.has(lower)) {
      throw new RouterError('invalid_value', `A field is written in another case than "${lower}".`, {
        param: lower,
      })
    }
  }
  return body
}

/** One pass over the bytes outside of strings; returns the number of key-value pairs. */
function scan(bytes: Buffer, maxDepth: number): number {
  let depth = 0
  let pairs = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i = endOfString(bytes, i)
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > maxDepth) {
        throw new RouterError('invalid_json', `The request body is nested deeper than ${maxDepth} levels.`)
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--
    } else if (byte === COLON && ++pairs > MAX_KEYS) {
      throw new RouterError('invalid_json', `The request body has more than ${MAX_KEYS} keys.`)
    }
  }
  return pairs
}

/** Index of the closing quote. Long strings are skipped by native `indexOf`, not byte by byte. */
function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1)
  while (end !== -1) {
    let backslashes = 0
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
    end = bytes.indexOf(QUOTE, end + 1)
  }
  return bytes.length
}

function countKeys(value: JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) count += countKeys(item)
    return count
  }
  const object = value as JsonObject
  for (const key of Object.keys(object)) count += 1 + countKeys(object[key])
  return count
}
