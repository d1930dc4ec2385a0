/** A request of Ollama's native chat → the canonical one. */
import type { ChatRequest, ToolDefinition } from '../exchange.ts'
import { asObject, optionalArray, optionalString } from '../fields.ts'
import { decodeFunctionTool } from '../function-tool.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { decodeMessages } from './messages-in.ts'
import { decodeSettings } from './settings-in.ts'

export function decodeOllamaRequest(body: JsonObject): ChatRequest {
  const settings = decodeSettings(body)
  const { tools, dropped } = decodeTools(body)
  return {
    model: optionalString(body, 'model') ?? '',
    messages: decodeMessages(body['messages']),
    tools,
    ...settings,
    dropped: [...dropped, ...settings.dropped],
  }
}

/** Written as in Chat Completions; a tool that is no function is one that only its own vendor can run. */
function decodeTools(body: JsonObject): { readonly tools: ToolDefinition[]; readonly dropped: string[] } {
  const tools: ToolDefinition[] = []
  const dropped: string[] = []
  optionalArray(body, 'tools')?.forEach((value, index) => {
    const param = `tools[${index}]`
    const named = asObject(value, param)['function']
    if (isJsonObject(named)) tools.push(decodeFunctionTool(named, `${param}.function`))
    else dropped.push(param)
  })
  return { tools, dropped }
}
