// Over 250 lines, because it is one vocabulary: what these types say of each other is what every codec is read by.
/**
 * The one canonical exchange every protocol is translated to and from (DESIGN 2.1): what was asked
 * ({@link ChatRequest}), the whole answer ({@link ChatReply}) and the answer in pieces ({@link ChatEvent}).
 * Codecs know their protocol and this file, never each other.
 */
import type { JsonObject, JsonValue } from './json.ts'

export type Role = 'system' | 'user' | 'assistant' | 'tool'

export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** `url` is a `data:` URL or a remote reference. */
export interface ImagePart {
  readonly type: 'image'
  readonly url: string
  readonly detail?: string | undefined
}

/** A document or a sound: kept as the client wrote it (chat shape), since few backends take one. */
export interface OpaquePart {
  readonly type: 'file' | 'audio'
  readonly value: JsonObject
}

export type ContentPart = TextPart | ImagePart | OpaquePart

/** `arguments` is JSON text as a model wrote it: it may be invalid JSON. */
export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
  /** Responses namespaces (`{type:"namespace"}`), kept so that the way back can un-flatten. */
  readonly namespace?: string | undefined
  readonly kind?: 'function' | 'custom' | undefined
}

/**
 * A provider's opaque proof of a piece of thinking, which it wants back unchanged: the `signature` of an Anthropic
 * thinking block, the `encrypted_content` of a Responses reasoning item. Good for its own protocol only; towards
 * every other one it is dropped.
 */
export interface ReasoningSeal {
  readonly origin: 'messages' | 'responses'
  readonly value: string
  /** The thinking is inside the seal alone (`redacted_thinking`). */
  readonly redacted?: boolean | undefined
}

export interface ChatMessage {
  readonly role: Role
  readonly content: readonly ContentPart[]
  readonly name?: string | undefined
  readonly reasoning?: string | undefined
  /** Of `reasoning` as one piece; left out when the thinking came in several, since it would not fit them joined. */
  readonly reasoningSeal?: ReasoningSeal | undefined
  readonly refusal?: string | undefined
  readonly toolCalls?: readonly ToolCall[] | undefined
  /** On `role: 'tool'`: the call this message answers. */
  readonly toolCallId?: string | undefined
  /** On `role: 'tool'`: the tool failed. */
  readonly isError?: boolean | undefined
}

export interface ToolDefinition {
  readonly name: string
  readonly description?: string | undefined
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject | undefined
  readonly strict?: boolean | null | undefined
  readonly namespace?: string | undefined
  readonly kind?: 'function' | 'custom' | undefined
}

export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string }

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema'
      readonly name: string
      readonly schema: JsonObject
      readonly description?: string | undefined
      readonly strict?: boolean | null | undefined
    }

/**
 * A prompt that is to be continued rather than answered (`/v1/completions`, `/api/generate` with `raw` or
 * `suffix`). `messages` hold the prompt as one user message, for classifying and for backends that only chat.
 */
export interface CompletionAsk {
  readonly prompt: string
  /** Text behind the gap: fill in the middle. */
  readonly suffix?: string | undefined
  /** A chat answer would be something else than what was asked for; only a completion will do. */
  readonly strict: boolean
}

/** Texts to turn into vectors; `messages` hold them as user messages, for classifying. */
export interface EmbeddingAsk {
  /** Texts, or token ids of the model's own vocabulary. */
  readonly inputs: readonly (string | readonly number[])[]
  readonly dimensions?: number | undefined
}

/** Fields of {@link ChatRequest} that some protocol has no form for; told to the client under its own name for it. */
export type DroppableField =
  | 'tools'
  | 'toolChoice'
  | 'parallelToolCalls'
  | 'responseFormat'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'seed'
  | 'stop'
  | 'choiceCount'
  | 'logprobs'
  | 'topLogprobs'
  | 'reasoningEffort'
  | 'dimensions'

export interface ChatRequest {
  /** The model as the client wrote it; '' when absent. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream: boolean
  /** Chat clients ask for the usage chunk; on other protocols usage always comes. */
  readonly includeUsage: boolean
  readonly tools: readonly ToolDefinition[]
  readonly toolChoice?: ToolChoice | undefined
  readonly parallelToolCalls?: boolean | undefined
  readonly responseFormat?: ResponseFormat | undefined
  readonly maxOutputTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  readonly topK?: number | undefined
  readonly presencePenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
  readonly seed?: number | undefined
  readonly stop?: readonly string[] | undefined
  readonly choiceCount?: number | undefined
  readonly logprobs?: boolean | undefined
  readonly topLogprobs?: number | undefined
  readonly reasoningEffort?: string | undefined
  /** The client wants {@link ReasoningSeal}s, to send them back with the next turn. */
  readonly sealedReasoning?: boolean | undefined
  readonly user?: string | undefined
  readonly completion?: CompletionAsk | undefined
  readonly embedding?: EmbeddingAsk | undefined
  /** Set when only a backend of the client's own protocol can do this; elsewhere silence would lie (3.3). */
  readonly nativeOnly?: { readonly param: string; readonly why: string } | undefined
  /** The answer, where none is needed of a model: Ollama's clients send an empty conversation to load one. */
  readonly ready?: ((nowSeconds: number) => string) | undefined
  /** Fields that the client sent, by its own names, that this exchange cannot carry: declared when translated. */
  readonly dropped: readonly string[]
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** Token counts as the backend reported them. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Part of `inputTokens`. */
  readonly cachedInputTokens?: number | undefined
  /** Part of `inputTokens`. */
  readonly cacheWriteTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
}

export interface ChatChoice {
  readonly index: number
  readonly text: string | null
  readonly reasoning?: string | undefined
  readonly reasoningSeal?: ReasoningSeal | undefined
  readonly refusal?: string | undefined
  readonly toolCalls: readonly ToolCall[]
  readonly finish: FinishReason
  /** The one of `stop` that ended the answer, where the backend tells. */
  readonly stopSequence?: string | undefined
  readonly logprobs?: JsonValue | undefined
}

export interface ChatReply {
  readonly id: string
  readonly createdAtSeconds: number
  /** The model that really answered, as the backend names it. */
  readonly model: string
  readonly choices: readonly ChatChoice[]
  readonly usage?: Usage | undefined
  /** Answer to an {@link EmbeddingAsk}, one for each input in its order; `choices` is empty then. */
  readonly vectors?: readonly (readonly number[])[] | undefined
}

/** One step of a streamed answer. `choice` is the index of the choice (n > 1). */
export type ChatEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string; readonly createdAtSeconds: number }
  | {
      readonly type: 'text'
      readonly choice: number
      readonly text: string
      readonly logprobs?: JsonValue | undefined
    }
  | { readonly type: 'reasoning'; readonly choice: number; readonly text: string }
  /** Ends the piece of thinking before it. */
  | { readonly type: 'reasoning-seal'; readonly choice: number; readonly seal: ReasoningSeal }
  | { readonly type: 'refusal'; readonly choice: number; readonly text: string }
  | {
      readonly type: 'tool-start'
      readonly choice: number
      readonly index: number
      readonly id: string
      readonly name: string
    }
  | {
      readonly type: 'tool-arguments'
      readonly choice: number
      readonly index: number
      readonly text: string
    }
  | {
      readonly type: 'finish'
      readonly choice: number
      readonly reason: FinishReason
      readonly stopSequence?: string | undefined
    }
  | { readonly type: 'usage'; readonly usage: Usage }
  /** The backend reported a failure inside a stream that had begun with status 200. `code` is the backend's own. */
  | {
      readonly type: 'error'
      readonly code: string | null
      readonly contextOverflow: boolean
      readonly promptTokens?: number | undefined
      readonly contextTokens?: number | undefined
    }
  /** The protocol's own terminal was seen (`[DONE]`, `done: true`). */
  | { readonly type: 'end' }

/** True for the events that a user would see: the first of them is the commit point (DESIGN 2.7). */
export function isContent(event: ChatEvent): boolean {
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return event.text !== ''
    case 'tool-start':
    case 'tool-arguments':
      return true
    case 'start':
    case 'reasoning-seal':
    case 'finish':
    case 'usage':
    case 'error':
    case 'end':
      break
  }
  return false
}
