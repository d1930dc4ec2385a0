/**
 * Reading the few fields of a client's body that we need. Everything else is left alone: bodies are loose
 * (DESIGN 2.11). A message names the parameter and what it must be, never what it was.
 */
import { RouterError } from '../errors.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { isJsonArray, isJsonObject } from './json.ts'

export function invalid(param: string, expected: string): RouterError {
  return new RouterError('invalid_value', `'${param}' must be ${expected}.`, { param })
}

export function missing(param: string): RouterError {
  return new RouterError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
}

export function unsupported(param: string, why: string): RouterError {
  return new RouterError('unsupported_value', `'${param}' is not supported here: ${why}`, { param })
}

/** `null` means "not set" in every one of these: clients send it for their own unset options. */
export function optionalString(body: JsonObject, key: string, param = key): string | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw invalid(param, 'a string')
  return value
}

export function requiredString(body: JsonObject, key: string, param = key): string {
  const value = optionalString(body, key, param)
  if (value === undefined) throw missing(param)
  return value
}

export function optionalNumber(body: JsonObject, key: string, param = key): number | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number') throw invalid(param, 'a number')
  return value
}

/** 0 and -1 are how local servers' users write "no limit". */
export function optionalTokenLimit(body: JsonObject, key: string): number | undefined {
  const value = optionalNumber(body, key)
  return value === undefined || value < 1 ? undefined : Math.floor(value)
}

/** Where the protocol knows no such word: a limit of nothing is a mistake, not "no limit". */
export function positiveTokenLimit(body: JsonObject, key: string): number | undefined {
  const value = optionalNumber(body, key)
  if (value !== undefined && value < 1) throw invalid(key, 'at least 1')
  return value === undefined ? undefined : Math.floor(value)
}

export function optionalBoolean(body: JsonObject, key: string, param = key): boolean | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'boolean') throw invalid(param, 'true or false')
  return value
}

export function optionalObject(body: JsonObject, key: string, param = key): JsonObject | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw invalid(param, 'an object')
  return value
}

export function optionalArray(body: JsonObject, key: string, param = key): readonly JsonValue[] | undefined {
  const value = body[key]
  if (value === undefined || value === null) return undefined
  if (!isJsonArray(value)) throw invalid(param, 'an array')
  return value
}

export function asObject(value: JsonValue | undefined, param: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(param, 'an object')
  return value
}

/** A count as a backend reports it; anything else counts as not reported. */
export function tokenCount(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}

export function textOr(value: JsonValue | undefined, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}
