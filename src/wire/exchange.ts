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

export interface ChatMessage {
  readonly role: Role
  readonly content: readonly ContentPart[]
  readonly name?: string | undefined
  readonly reasoning?: string | undefined
  readonly refusal?: string | undefined
  readonly toolCalls?: readonly ToolCall[] | undefined
  /** On `role: 'tool'`: the call this message answers. */
  readonly toolCallId?: string | undefined
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
  readonly presencePenalty?: number | undefined
  readonly frequencyPenalty?: number | undefined
  readonly seed?: number | undefined
  readonly stop?: readonly string[] | undefined
  readonly choiceCount?: number | undefined
  readonly logprobs?: boolean | undefined
  readonly topLogprobs?: number | undefined
  readonly reasoningEffort?: string | undefined
  readonly user?: string | undefined
  /** Fields that the client sent and the protocol has, but that this exchange cannot carry (declared, 3.3). */
  readonly dropped: readonly string[]
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** Token counts as the backend reported them. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens?: number | undefined
  readonly reasoningTokens?: number | undefined
}

export interface ChatChoice {
  readonly index: number
  readonly text: string | null
  readonly reasoning?: string | undefined
  readonly refusal?: string | undefined
  readonly toolCalls: readonly ToolCall[]
  readonly finish: FinishReason
  readonly logprobs?: JsonValue | undefined
}

export interface ChatReply {
  readonly id: string
  readonly createdAtSeconds: number
  /** The model that really answered, as the backend names it. */
  readonly model: string
  readonly choices: readonly ChatChoice[]
  readonly usage?: Usage | undefined
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
  | { readonly type: 'finish'; readonly choice: number; readonly reason: FinishReason }
  | { readonly type: 'usage'; readonly usage: Usage }
  /** The backend reported a failure inside a stream that had begun with status 200. `code` is the backend's own. */
  | { readonly type: 'error'; readonly code: string | null; readonly contextOverflow: boolean }
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
    case 'finish':
    case 'usage':
    case 'error':
    case 'end':
      break
  }
  return false
}
