/**
 * The canonical request → Ollama's native `/api/chat`: its `/v1` forces sampling values and drops half of what
 * is asked (reference rule 14). No `num_ctx`: another value than last time reloads the model (rule 15).
 */
import { RouterError } from '../../errors.ts'
import type { ChatRequest, ResponseFormat, ToolDefinition } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { encodeMessages } from './messages-out.ts'

/** Reference 1.6. Ollama's top level is `max`; what it does not know is left to the model. */
const THINK: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
  ultra: 'max',
}

export function encodeOllamaRequest(request: ChatRequest, model: string): JsonObject {
  // One answer where two were asked for would be a lie that nothing tells; another target may give both.
  if ((request.choiceCount ?? 1) > 1) {
    throw new RouterError('unsupported_value', 'Ollama gives one choice a request; n must be 1.', {
      param: 'n',
    })
  }
  const tools = offeredTools(request)
  return {
    model,
    messages: encodeMessages(request.messages),
    // Ollama streams when nothing is said.
    stream: request.stream,
    tools: tools.length > 0 ? tools.map(encodeTool) : undefined,
    format: encodeFormat(request.responseFormat),
    think: encodeThink(request.reasoningEffort),
    // Its default drops the oldest messages without a word; this makes it answer 400 (6.4).
    truncate: false,
    logprobs: request.logprobs,
    top_logprobs: request.topLogprobs,
    options: encodeOptions(request),
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

function encodeFormat(format: ResponseFormat | undefined): JsonValue | undefined {
  if (format === undefined || format.type === 'text') return undefined
  return format.type === 'json_object' ? 'json' : format.schema
}

function encodeThink(effort: string | undefined): boolean | string | undefined {
  return effort !== undefined && Object.hasOwn(THINK, effort) ? THINK[effort] : undefined
}

function encodeOptions(request: ChatRequest): JsonObject | undefined {
  const options: JsonObject = {
    num_predict: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    seed: request.seed,
    stop: request.stop,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
  }
  return Object.values(options).some((value) => value !== undefined) ? options : undefined
}
