/** `tools` and `tool_choice` of a Chat Completions request, their predecessors `functions` and `function_call` too. */
import { CUSTOM_TOOL_PARAMETERS } from '../custom-tool.ts'
import type { ToolChoice, ToolDefinition } from '../exchange.ts'
import {
  asObject,
  invalid,
  optionalArray,
  optionalObject,
  optionalString,
  requiredString,
} from '../fields.ts'
import { decodeFunctionTool } from '../function-tool.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject } from '../json.ts'

export interface DecodedTools {
  readonly tools: readonly ToolDefinition[]
  readonly toolChoice: ToolChoice | undefined
  readonly dropped: readonly string[]
}

const NO_TOOLS: DecodedTools = { tools: [], toolChoice: undefined, dropped: [] }

export function decodeTools(body: JsonObject): DecodedTools {
  const list = optionalArray(body, 'tools')
  const legacy = optionalArray(body, 'functions')
  const choice = body['tool_choice'] ?? body['function_call']
  if (list === undefined && legacy === undefined && choice === undefined) return NO_TOOLS
  const tools: ToolDefinition[] = []
  const dropped: string[] = []
  list?.forEach((value, index) => {
    const param = `tools[${index}]`
    const tool = decodeTool(asObject(value, param), param)
    if (tool === undefined) dropped.push(param)
    else tools.push(tool)
  })
  legacy?.forEach((value, index) => {
    const param = `functions[${index}]`
    tools.push(decodeFunctionTool(asObject(value, param), param))
  })
  return { ...restrict(tools, choice), dropped }
}

/** Undefined for a kind of tool that only its own vendor can run. */
function decodeTool(tool: JsonObject, param: string): ToolDefinition | undefined {
  if (tool['type'] === 'custom') {
    const custom = asObject(tool['custom'], `${param}.custom`)
    return {
      name: requiredString(custom, 'name', `${param}.custom.name`),
      description: optionalString(custom, 'description', `${param}.custom.description`),
      parameters: CUSTOM_TOOL_PARAMETERS,
      kind: 'custom',
    }
  }
  if (tool['type'] !== 'function' && !isJsonObject(tool['function'])) return undefined
  return decodeFunctionTool(asObject(tool['function'], `${param}.function`), `${param}.function`)
}

type ToolsAndChoice = Pick<DecodedTools, 'tools' | 'toolChoice'>

function restrict(tools: readonly ToolDefinition[], choice: JsonValue | undefined): ToolsAndChoice {
  if (choice === undefined || choice === null) return { tools, toolChoice: undefined }
  if (choice === 'none' || choice === 'auto' || choice === 'required') return { tools, toolChoice: choice }
  // Mistral's word for it.
  if (choice === 'any') return { tools, toolChoice: 'required' }
  if (!isJsonObject(choice)) throw invalid('tool_choice', 'none, auto, required or an object')
  if (choice['type'] === 'allowed_tools') return allowedOnly(tools, choice)
  return { tools, toolChoice: { name: chosenName(choice) } }
}

/** A hard constraint, so it is enforced here: the backend never sees the others (reference 1.4). */
function allowedOnly(tools: readonly ToolDefinition[], choice: JsonObject): ToolsAndChoice {
  const param = 'tool_choice.allowed_tools'
  const allowed = optionalObject(choice, 'allowed_tools', param) ?? choice
  const names = new Set(
    (optionalArray(allowed, 'tools', `${param}.tools`) ?? []).map((tool) =>
      isJsonObject(tool) ? chosenName(tool) : '',
    ),
  )
  return {
    tools: tools.filter((tool) => names.has(tool.name)),
    toolChoice: allowed['mode'] === 'required' ? 'required' : 'auto',
  }
}

function chosenName(choice: JsonObject): string {
  for (const named of [choice['function'], choice['custom'], choice]) {
    if (isJsonObject(named) && typeof named['name'] === 'string') return named['name']
  }
  throw invalid('tool_choice', 'none, auto, required or an object that names a function')
}
