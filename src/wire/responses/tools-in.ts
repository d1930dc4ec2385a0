/** `tools` and `tool_choice` of a Responses request (reference 1.4). */
import { CUSTOM_TOOL_PARAMETERS } from '../custom-tool.ts'
import type { ChatRequest, ToolChoice, ToolDefinition } from '../exchange.ts'
import { asObject, invalid, optionalArray, optionalString, requiredString } from '../fields.ts'
import { decodeFunctionTool } from '../function-tool.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { flatName } from './tool-names.ts'

interface Restricted {
  readonly tools: readonly ToolDefinition[]
  readonly toolChoice: ToolChoice | undefined
  readonly nativeOnly?: ChatRequest['nativeOnly']
}

export interface DecodedTools extends Restricted {
  readonly dropped: readonly string[]
}

const CHOICES = 'none, auto, required or an object that names a tool'

export function decodeTools(body: JsonObject): DecodedTools {
  const tools: ToolDefinition[] = []
  const dropped: string[] = []
  const decode = (value: JsonValue, param: string, namespace: string | undefined) => {
    const tool = asObject(value, param)
    if (tool['type'] === 'namespace') {
      const name = requiredString(tool, 'name', `${param}.name`)
      const inner = optionalArray(tool, 'tools', `${param}.tools`) ?? []
      inner.forEach((value, index) => decode(value, `${param}.tools[${index}]`, name))
    } else if (tool['type'] === 'function' || tool['type'] === 'custom') {
      tools.push(decodeTool(tool, param, namespace))
    } else {
      // Run by OpenAI itself. codex sends `web_search` whatever the backend: a 400 would lock it out (rule 11).
      dropped.push(param)
    }
  }
  optionalArray(body, 'tools')?.forEach((value, index) => decode(value, `tools[${index}]`, undefined))
  return { ...restrict(tools, dropped.length > 0, body['tool_choice']), dropped }
}

function decodeTool(tool: JsonObject, param: string, namespace: string | undefined): ToolDefinition {
  const decoded = decodeFunctionTool(tool, param)
  const named = { ...decoded, name: flatName(decoded.name, namespace), namespace }
  if (tool['type'] !== 'custom') return named
  return { ...named, parameters: CUSTOM_TOOL_PARAMETERS, strict: undefined, kind: 'custom' }
}

function restrict(
  tools: readonly ToolDefinition[],
  anyDropped: boolean,
  choice: JsonValue | undefined,
): Restricted {
  if (choice === undefined || choice === null) return { tools, toolChoice: undefined }
  if (choice === 'none' || choice === 'auto') return { tools, toolChoice: choice }
  if (choice === 'required') {
    if (anyDropped && tools.length === 0) return hostedForced(tools)
    return { tools, toolChoice: choice }
  }
  if (!isJsonObject(choice)) throw invalid('tool_choice', CHOICES)
  if (choice['type'] === 'allowed_tools') return allowedOnly(tools, choice)
  const name = calledName(choice)
  if (name === undefined) return hostedForced(tools)
  return { tools, toolChoice: { name } }
}

/** The provider of the protocol runs such a tool itself; anybody else could only answer without it. */
function hostedForced(tools: readonly ToolDefinition[]): Restricted {
  const why = 'tool_choice asks for a hosted tool, which only a provider of the Responses API can run'
  return { tools, toolChoice: undefined, nativeOnly: { param: 'tools', why } }
}

/** A hard constraint, enforced here: the backend never sees the others (reference 1.4). */
function allowedOnly(tools: readonly ToolDefinition[], choice: JsonObject): Restricted {
  const listed = optionalArray(choice, 'tools', 'tool_choice.tools') ?? []
  const names = new Set(listed.map((tool) => (isJsonObject(tool) ? calledName(tool) : undefined)))
  const allowed = tools.filter((tool) => names.has(tool.name))
  const required = choice['mode'] === 'required'
  if (required && allowed.length === 0) return hostedForced(tools)
  return { tools: allowed, toolChoice: required ? 'required' : 'auto' }
}

/** Undefined for a hosted tool, which is chosen by its type alone. */
function calledName(choice: JsonObject): string | undefined {
  if (choice['type'] !== 'function' && choice['type'] !== 'custom') return undefined
  const name = requiredString(choice, 'name', 'tool_choice.name')
  return flatName(name, optionalString(choice, 'namespace', 'tool_choice.namespace'))
}
