/** The canonical request → a Messages body, built from empty. */
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type { ChatRequest, DroppableField, ToolDefinition } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { encodeEffort } from './effort.ts'
import { encodeConversation } from './messages-out.ts'

/** The protocol demands a limit; every current model of it can write as much. */
const DEFAULT_MAX_TOKENS = 8192
const LONGEST_USER_ID = 256
/** Less is refused while the model thinks. */
const SMALLEST_THINKING_TOP_P = 0.95

export function encodeMessagesRequest(request: ChatRequest, model: string): EncodedRequest {
  const dropped = new Set<DroppableField>([
    'presencePenalty',
    'frequencyPenalty',
    'seed',
    'logprobs',
    'topLogprobs',
  ])
  const { system, messages } = encodeConversation(request.messages)
  const { thinking, effort } = encodeThinking(request, dropped)
  const format = encodeFormat(request, dropped)
  const hasTools = request.tools.length > 0
  const body: JsonObject = {
    model,
    max_tokens: request.maxOutputTokens ?? DEFAULT_MAX_TOKENS,
    system,
    messages,
    stream: request.stream,
    tools: hasTools ? request.tools.map(encodeTool) : undefined,
    tool_choice: hasTools ? encodeChoice(request) : undefined,
    stop_sequences: encodeStop(request, dropped),
    ...encodeSampling(request, thinking?.['type'] === 'adaptive', dropped),
    thinking,
    output_config: effort === undefined && format === undefined ? undefined : { effort, format },
    metadata: encodeUser(request),
  }
  return { body, dropped: droppedOf(request, [...dropped]) }
}

/** A tool that must be called and thinking exclude each other; the call is what the client counts on. */
function encodeThinking(
  { reasoningEffort, tools, toolChoice }: ChatRequest,
  dropped: Set<DroppableField>,
): { readonly thinking?: JsonObject; readonly effort?: string } {
  const encoded = encodeEffort(reasoningEffort)
  const isForced = tools.length > 0 && (toolChoice === 'required' || typeof toolChoice === 'object')
  if (encoded.type === 'disabled') return { thinking: { type: 'disabled' } }
  if (encoded.type === 'adaptive' && !isForced)
    return { thinking: { type: 'adaptive' }, effort: encoded.effort }
  dropped.add('reasoningEffort')
  return {}
}

/** Values that a thinking model refuses, and the two that newer models refuse together. */
function encodeSampling(
  { temperature, topP, topK }: ChatRequest,
  isThinking: boolean,
  dropped: Set<DroppableField>,
): JsonObject {
  if (isThinking) {
    if (temperature !== 1) dropped.add('temperature')
    dropped.add('topK')
    if (topP !== undefined && topP >= SMALLEST_THINKING_TOP_P) return { top_p: topP }
    dropped.add('topP')
    return {}
  }
  // 1 is what they have by themselves, so leaving it out loses nothing.
  if (temperature === undefined || (temperature === 1 && topP !== undefined))
    return { top_p: topP, top_k: topK }
  if (topP !== 1) dropped.add('topP')
  // Goes to 1 here and to 2 elsewhere.
  return { temperature: Math.min(temperature, 1), top_k: topK }
}

function encodeFormat({ responseFormat }: ChatRequest, dropped: Set<DroppableField>): JsonObject | undefined {
  if (responseFormat?.type === 'json_schema') return { type: 'json_schema', schema: responseFormat.schema }
  dropped.add('responseFormat')
  return undefined
}

function encodeTool({ name, description, parameters }: ToolDefinition): JsonObject {
  // `type` is demanded; a tool without arguments often comes without it.
  return { name, description, input_schema: { ...parameters, type: 'object' } }
}

function encodeChoice({ toolChoice, parallelToolCalls }: ChatRequest): JsonObject | undefined {
  if (toolChoice === 'none') return { type: 'none' }
  const alone = parallelToolCalls === false ? true : undefined
  if (typeof toolChoice === 'object') {
    return { type: 'tool', name: toolChoice.name, disable_parallel_tool_use: alone }
  }
  if (toolChoice === undefined && alone === undefined) return undefined
  return { type: toolChoice === 'required' ? 'any' : 'auto', disable_parallel_tool_use: alone }
}

/** A line break alone, which is common elsewhere, is refused. */
function encodeStop({ stop }: ChatRequest, dropped: Set<DroppableField>): readonly string[] | undefined {
  const visible = stop?.filter((text) => text.trim() !== '')
  if (visible?.length !== stop?.length) dropped.add('stop')
  return visible?.length === 0 ? undefined : visible
}

function encodeUser({ user }: ChatRequest): JsonObject | undefined {
  return user === undefined || user.length > LONGEST_USER_ID ? undefined : { user_id: user }
}
