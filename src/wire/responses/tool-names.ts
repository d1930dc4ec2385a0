/**
 * Namespaced tools: codex groups tools and only accepts calls back as name + namespace, while chat backends know
 * flat names of at most 64 characters. `ns__name` on the way out, looked up on the way back (reference rule 10).
 */
import { createHash } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'

const LONGEST_NAME = 64
const HASH_LENGTH = 8

export function flatName(name: string, namespace: string | undefined): string {
  if (namespace === undefined) return name
  const flat = `${namespace}__${name}`
  if (flat.length <= LONGEST_NAME) return flat
  const hash = createHash('sha256').update(flat).digest('hex').slice(0, HASH_LENGTH)
  return `${flat.slice(0, LONGEST_NAME - HASH_LENGTH - 1)}_${hash}`
}

/** What the client calls a tool that the model called by its flat name. */
export interface ToolOrigin {
  readonly name: string
  readonly namespace: string | undefined
  readonly isCustom: boolean
}

/** Built at the first tool call, not before: most answers have none. */
export class ToolNames {
  readonly #body: JsonObject
  #origins: Map<string, ToolOrigin> | undefined

  constructor(body: JsonObject) {
    this.#body = body
  }

  origin(flat: string): ToolOrigin {
    this.#origins ??= readOrigins(this.#body)
    return this.#origins.get(flat) ?? { name: flat, namespace: undefined, isCustom: false }
  }
}

function readOrigins(body: JsonObject): Map<string, ToolOrigin> {
  const origins = new Map<string, ToolOrigin>()
  const add = (tool: unknown, namespace: string | undefined) => {
    if (!isJsonObject(tool) || typeof tool['name'] !== 'string') return
    const name = tool['name']
    if (tool['type'] === 'namespace') {
      if (isJsonArray(tool['tools'])) for (const inner of tool['tools']) add(inner, name)
    } else {
      origins.set(flatName(name, namespace), { name, namespace, isCustom: tool['type'] === 'custom' })
    }
  }
  if (isJsonArray(body['tools'])) for (const tool of body['tools']) add(tool, undefined)
  return origins
}
