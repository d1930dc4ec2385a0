/** The canonical request → a Chat Completions body: built from empty, so that nothing unknown slips through. */
import { argumentsText } from '../call-arguments.ts'
import type { EncodedRequest } from '../codec.ts'
import { droppedOf } from '../dropped.ts'
import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  ResponseFormat,
  ToolChoice,
  ToolDefinition,
} from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { partsText, prepareMessages } from '../prepare-messages.ts'

export function encodeChatRequest(request: ChatRequest, model: string): EncodedRequest {
  // OpenAI refuses keys it does not know, and `top_k` is none of its own.
  return { body: encodeBody(request, model), dropped: droppedOf(request, ['topK']) }
}

function encodeBody(request: ChatRequest, model: string): JsonObject {
  const hasTools = request.tools.length > 0
  return {
    model,
    messages: prepareMessages(request.messages).map(encodeMessage),
    stream: request.stream,
    // Always asked for: it is what records and Responses clients count with.
    stream_options: request.stream ? { include_usage: true } : undefined,
    tools: hasTools ? request.tools.map(encodeTool) : undefined,
    // Servers reject both of these without tools.
    tool_choice: hasTools ? encodeToolChoice(request.toolChoice) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    response_format: encodeResponseFormat(request.responseFormat),
    // OpenAI's reasoning models reject `max_tokens`, and OpenAI rejects both at once; other servers know both.
    max_completion_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    seed: request.seed,
    stop: request.stop,
    n: request.choiceCount,
    logprobs: request.logprobs,
    top_logprobs: request.topLogprobs,
    reasoning_effort: encodeEffort(request.reasoningEffort),
    user: request.user,
  }
}

/** OpenAI's own top level is `xhigh`; what a server does not know it may refuse (reference 1.6). */
function encodeEffort(effort: string | undefined): string | undefined {
  return effort === 'max' || effort === 'ultra' ? 'xhigh' : effort
}

function encodeMessage(message: ChatMessage): JsonObject {
  const { role, content, name, toolCalls } = message
  if (role === 'tool') return { role, content: partsText(content), tool_call_id: message.toolCallId }
  if (role !== 'assistant') return { role, content: encodeContent(content), name }
  // A refusal goes back as what was said: only OpenAI's own models know the field. Reasoning stays here, since
  // strict servers reject a message with a key they do not know.
  const text = partsText(content) || message.refusal || ''
  const calls = toolCalls?.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: argumentsText(call.arguments) },
  }))
  return { role, content: text === '' && calls ? null : text, name, tool_calls: calls }
}

/** Text alone goes as a string: small servers take nothing else. */
function encodeContent(content: readonly ContentPart[]): JsonValue {
  return content.every((part) => part.type === 'text') ? partsText(content) : content.map(encodePart)
}

function encodePart(part: ContentPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image':
      return { type: 'image_url', image_url: { url: part.url, detail: part.detail } }
    case 'file':
    case 'audio':
      break
  }
  return part.value
}

function encodeTool(tool: ToolDefinition): JsonObject {
  return {
    type: 'function',
    function: {
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters,
      strict: tool.strict ?? undefined,
    },
  }
}

function encodeToolChoice(choice: ToolChoice | undefined): JsonValue | undefined {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice
}

function encodeResponseFormat(format: ResponseFormat | undefined): JsonObject | undefined {
  if (format === undefined || format.type === 'text') return undefined
  if (format.type === 'json_object') return { type: 'json_object' }
  const { name, schema, description, strict } = format
  return { type: 'json_schema', json_schema: { name, schema, description, strict: strict ?? undefined } }
}
