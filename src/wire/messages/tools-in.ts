/** `tools` and `tool_choice` of a Messages request. */
import type { ToolChoice, ToolDefinition } from '../exchange.ts'
import {
  asObject,
  invalid,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredString,
} from '../fields.ts'
import type { JsonObject } from '../json.ts'
import type { Losses } from './losses.ts'

export interface DecodedTools {
  readonly tools: readonly ToolDefinition[]
  readonly toolChoice?: ToolChoice | undefined
  readonly parallelToolCalls?: boolean | undefined
}

export function decodeTools(body: JsonObject, losses: Losses): DecodedTools {
  const tools: ToolDefinition[] = []
  const hosted = new Set<string>()
  optionalArray(body, 'tools')?.forEach((value, index) => {
    const param = `tools[${index}]`
    const tool = asObject(value, param)
    if (isHosted(tool)) {
      losses.drop(param)
      hosted.add(optionalString(tool, 'name', `${param}.name`) ?? '')
    } else tools.push(decodeTool(tool, param))
  })
  const choice = optionalObject(body, 'tool_choice')
  if (choice === undefined) return { tools }
  const toolChoice = decodeChoice(choice)
  const forced =
    typeof toolChoice === 'object'
      ? hosted.has(toolChoice.name)
      : toolChoice === 'required' && tools.length === 0 && hosted.size > 0
  if (forced) losses.needNative('tools', 'tool_choice asks for a tool that only its own provider has')
  const alone = optionalBoolean(choice, 'disable_parallel_tool_use', 'tool_choice.disable_parallel_tool_use')
  return { tools, toolChoice, parallelToolCalls: alone === undefined ? undefined : !alone }
}

/** Known by its type alone: run by the provider, or described to its models by it (`bash_20250124`). */
function isHosted(tool: JsonObject): boolean {
  const type = tool['type']
  return type !== undefined && type !== null && type !== 'custom'
}

function decodeTool(tool: JsonObject, param: string): ToolDefinition {
  return {
    name: requiredString(tool, 'name', `${param}.name`),
    description: optionalString(tool, 'description', `${param}.description`),
    parameters: optionalObject(tool, 'input_schema', `${param}.input_schema`),
    strict: optionalBoolean(tool, 'strict', `${param}.strict`),
  }
}

function decodeChoice(choice: JsonObject): ToolChoice {
  switch (requiredString(choice, 'type', 'tool_choice.type')) {
    case 'auto':
      return 'auto'
    case 'any':
      return 'required'
    case 'none':
      return 'none'
    case 'tool':
      return { name: requiredString(choice, 'name', 'tool_choice.name') }
    default:
      throw invalid('tool_choice.type', 'auto, any, tool or none')
  }
}
