/** The canonical request → a Responses body: built from empty, so that nothing unknown slips through. */
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type { ChatRequest, DroppableField, ResponseFormat, ToolChoice, ToolDefinition } from '../exchange.ts'
import { unsupported } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { encodeInput } from './items-out.ts'

/** A smaller limit is refused (reference 1.2). */
const LEAST_OUTPUT_TOKENS = 16

const UNSUPPORTED: readonly DroppableField[] = ['seed', 'topK', 'presencePenalty', 'frequencyPenalty']

export function encodeResponsesRequest(request: ChatRequest, model: string): EncodedRequest {
  // They cannot be said here, and an answer that ignored them would not be what was asked for.
  if (request.stop?.length) throw unsupported('stop', 'the Responses API has no stop sequences.')
  return { body: encodeBody(request, model), dropped: droppedOf(request, UNSUPPORTED) }
}

function encodeBody(request: ChatRequest, model: string): JsonObject {
  const hasTools = request.tools.length > 0
  const { instructions, input } = encodeInput(request.messages)
  const format = encodeFormat(request.responseFormat)
  const { maxOutputTokens: limit, reasoningEffort: effort } = request
  return {
    model,
    instructions,
    input,
    tools: hasTools ? request.tools.map(encodeTool) : undefined,
    tool_choice: hasTools ? encodeToolChoice(request.toolChoice) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    text: format && { format },
    max_output_tokens: limit === undefined ? undefined : Math.max(limit, LEAST_OUTPUT_TOKENS),
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logprobs ? request.topLogprobs : undefined,
    // A model that does not think refuses the key.
    reasoning: effort === undefined ? undefined : { effort, summary: 'auto' },
    include: encodeInclude(request),
    // The client's protocol has no such thing as a kept answer, so nobody would ever ask for it.
    store: false,
    stream: request.stream,
    user: request.user,
  }
}

function encodeInclude({ logprobs, sealedReasoning }: ChatRequest): JsonValue | undefined {
  const include: string[] = []
  if (sealedReasoning) include.push('reasoning.encrypted_content')
  if (logprobs) include.push('message.output_text.logprobs')
  return include.length === 0 ? undefined : include
}

/** Left unsaid, `strict` is true here and false in every other protocol (reference 1.4). */
function encodeTool({ name, description, parameters, strict }: ToolDefinition): JsonObject {
  const schema = parameters ?? { type: 'object', properties: {} }
  return { type: 'function', name, description, parameters: schema, strict: strict ?? false }
}

function encodeToolChoice(choice: ToolChoice | undefined): JsonValue | undefined {
  return typeof choice === 'object' ? { type: 'function', name: choice.name } : choice
}

function encodeFormat(format: ResponseFormat | undefined): JsonObject | undefined {
  if (format === undefined || format.type === 'text') return undefined
  if (format.type === 'json_object') return { type: 'json_object' }
  const { name, schema, description, strict } = format
  return { type: 'json_schema', name, schema, description, strict: strict ?? undefined }
}
