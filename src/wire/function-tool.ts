/** What a function tool and a JSON schema look like: the same keys in Chat Completions (nested) and Responses (flat). */
import type { ResponseFormat, ToolDefinition } from './exchange.ts'
import { invalid, optionalObject, optionalString, requiredString } from './fields.ts'
import type { JsonObject } from './json.ts'

function strictness(value: JsonObject): boolean | undefined {
  return typeof value['strict'] === 'boolean' ? value['strict'] : undefined
}

export function decodeFunctionTool(tool: JsonObject, param: string): ToolDefinition {
  return {
    name: requiredString(tool, 'name', `${param}.name`),
    description: optionalString(tool, 'description', `${param}.description`),
    parameters: optionalObject(tool, 'parameters', `${param}.parameters`),
    strict: strictness(tool),
  }
}

/** `format` at `param`; a schema's keys are in `schemaKey` of it, or beside `type` when that is undefined. */
export function decodeResponseFormat(format: JsonObject, param: string, schemaKey?: string): ResponseFormat {
  const type = format['type']
  if (type === 'text' || type === 'json_object') return { type }
  if (type !== 'json_schema') throw invalid(`${param}.type`, 'text, json_object or json_schema')
  const place = schemaKey === undefined ? param : `${param}.${schemaKey}`
  const schema = schemaKey === undefined ? format : optionalObject(format, schemaKey, place)
  if (schema === undefined) throw invalid(place, 'an object')
  return {
    type,
    name: requiredString(schema, 'name', `${place}.name`),
    schema: optionalObject(schema, 'schema', `${place}.schema`) ?? {},
    description: optionalString(schema, 'description', `${place}.description`),
    strict: strictness(schema),
  }
}
