/** Stop sequences as every protocol writes them: one string, or a list of them. */
import { invalid, optionalArray } from './fields.ts'
import type { JsonObject } from './json.ts'

export function decodeStop(body: JsonObject, key: string, param = key): readonly string[] | undefined {
  const stop = body[key]
  if (typeof stop === 'string') return [stop]
  const list = optionalArray(body, key, param)
  if (list === undefined || list.length === 0) return undefined
  return list.map((value, index) => {
    if (typeof value !== 'string') throw invalid(`${param}[${index}]`, 'a string')
    return value
  })
}
