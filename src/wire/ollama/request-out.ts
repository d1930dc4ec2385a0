/**
 * The canonical request → Ollama's native `/api/chat`: its `/v1` forces sampling values and drops half of what
 * is asked (reference rule 14). No `num_ctx`: another value than last time reloads the model (rule 15).
 */
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type { ChatRequest, ToolDefinition } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { encodeMessages } from './messages-out.ts'
import { encodeSettings } from './settings-out.ts'

export function encodeOllamaRequest(request: ChatRequest, model: string): EncodedRequest {
  // `none` is fulfilled by showing no tools; that a tool must be called cannot be said.
  const unsupported = request.toolChoice === 'none' ? [] : (['toolChoice', 'parallelToolCalls'] as const)
  return { body: encodeBody(request, model), dropped: droppedOf(request, unsupported) }
}

function encodeBody(request: ChatRequest, model: string): JsonObject {
  const tools = offeredTools(request)
  return {
    model,
    messages: encodeMessages(request.messages),
    tools: tools.length > 0 ? tools.map(encodeTool) : undefined,
    ...encodeSettings(request),
  }
}

/** There is no `tool_choice`: what may not be called is not shown (1.4). */
function offeredTools({ tools, toolChoice }: ChatRequest): readonly ToolDefinition[] {
  if (toolChoice === 'none') return []
  return typeof toolChoice === 'object' ? tools.filter((tool) => tool.name === toolChoice.name) : tools
}

function encodeTool({ name, description, parameters }: ToolDefinition): JsonObject {
  const schema = parameters ?? { type: 'object', properties: {} }
  return { type: 'function', function: { name, description: description ?? '', parameters: schema } }
}
