/**
 * Custom tools take free text where function tools take JSON. Only OpenAI's own models have them, so for every
 * other one they are functions with a single string argument, and are turned back on the way home
 * (reference 3.3). A grammar on the input is lost.
 */
import type { JsonObject } from './json.ts'
import { isJsonObject, parseJson } from './json.ts'

export const CUSTOM_TOOL_PARAMETERS: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input of the tool, as free text.' } },
  required: ['input'],
  additionalProperties: false,
}

export function wrapCustomInput(input: string): string {
  return JSON.stringify({ input })
}

/** A model that ignored the schema and wrote free text anyway meant just that text. */
export function unwrapCustomInput(argumentsText: string): string {
  const parsed = parseJson(argumentsText)
  return isJsonObject(parsed) && typeof parsed['input'] === 'string' ? parsed['input'] : argumentsText
}
