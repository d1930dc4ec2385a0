/**
 * A tool call's arguments in the history are what some model once wrote, and may be no JSON: clients replay them
 * as they are. The next model is shown them; nobody is refused for them (reference rule 12).
 */
import type { JsonObject } from './json.ts'
import { isJsonObject, parseJson } from './json.ts'

/** For backends that take an object. */
export function argumentsObject(text: string): JsonObject {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return isJsonObject(value) ? value : { arguments: value ?? text }
}

/** For backends that take text and parse it: llama.cpp answers 500 to a whole request over one invalid call. */
export function argumentsText(text: string): string {
  return isJsonObject(parseJson(text)) ? text : JSON.stringify(argumentsObject(text))
}
