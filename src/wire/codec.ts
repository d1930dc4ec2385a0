/**
 * What a protocol must offer. A client-side codec speaks to whoever called us, a backend-side codec to whom we
 * call; any pairing works because both meet at the canonical exchange (DESIGN 2.1).
 */
import type { RouterError } from '../errors.ts'
import type { ChatEvent, ChatReply, ChatRequest, DroppableField } from './exchange.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** The protocols that codecs exist for. */
export type ProtocolName =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'messages'
  | 'ollama'
  | 'ollama-generate'
  | 'embeddings'
  | 'ollama-embed'
  | 'ollama-embeddings'

/** One complete frame of a stream as it came (`raw`, its terminator included) and what it means. */
export interface Frame {
  readonly raw: Buffer
  readonly events: readonly ChatEvent[]
  /** The whole answer, where the protocol repeats it in its last frame (Responses). */
  readonly answer?: JsonObject | undefined
}

/** Feed it the bytes of a stream, however they were cut; it gives back whole frames only. */
export interface StreamDecoder {
  /** Throws RouterError `upstream_error` on a frame over 8 MiB or one that is not of the protocol. */
  push(chunk: Buffer): readonly Frame[]
  /** What was left without a terminator when the stream ended. */
  end(): readonly Frame[]
}

/** What a backend's error status or body tells, in our terms and without its text. */
export interface UpstreamFailure {
  readonly contextOverflow: boolean
  /** The backend cannot do what was asked (tools, images, thinking): another one may. */
  readonly incapable: boolean
  /** The backend's own error code or type, letters, digits and `_.-` only, at most 64 characters. */
  readonly code: string | null
  /** Numbers of an overflow, when the backend gave them. */
  readonly promptTokens?: number | undefined
  readonly contextTokens?: number | undefined
}

/** A body built from empty, and what of the request it has no form for although the answer may differ without. */
export interface EncodedRequest {
  readonly body: JsonObject
  readonly dropped: readonly DroppableField[]
}

export interface BackendCodec {
  readonly protocol: ProtocolName
  /** Appended to the backend's endpoint. */
  readonly path: string
  /** A request gets one choice: for `n` of them it is asked `n` times, each time with a `choiceCount` of 1. */
  readonly oneChoice?: boolean
  /** Throws RouterError `unsupported_value` where leaving something out would be a lie: another target may do it. */
  encodeRequest(request: ChatRequest, model: string): EncodedRequest
  /**
   * For a client of the same protocol: its own body with the model replaced, fields we never heard of included
   * (DESIGN 2.2). Mends only what is known to break backends.
   */
  passThrough(body: JsonObject, model: string, stream: boolean): JsonObject
  /** Throws RouterError `upstream_error` when the body is not an answer. */
  decodeReply(body: JsonValue): ChatReply
  createStreamDecoder(): StreamDecoder
  decodeFailure(body: JsonValue | undefined): UpstreamFailure
}

/** Facts about this answer that a client-side codec needs and the exchange does not carry. */
export interface ReplyContext {
  readonly requestId: string
  /** The client's own body, for protocols that echo it (Responses). */
  readonly body: JsonObject
  readonly request: ChatRequest
  /** Backend model that answers. */
  readonly model: string
  readonly nowSeconds: number
  /** Milliseconds since the request arrived, for protocols that tell how long an answer took. */
  readonly elapsedMs: () => number
  /** Token estimate of the input, used when the backend reports no usage. */
  readonly estimatedInputTokens: number
}

export interface StreamEncoder {
  /** Bytes for the client, '' when the event has no form in this protocol. Each SSE event is whole. */
  encode(event: ChatEvent): string
  /** The well-formed error that ends a stream that was already committed. */
  fail(error: RouterError): string
  /**
   * A sign of life that every client of the protocol accepts, for the time in which a model loads or thinks. May
   * come before the first event and between any two.
   */
  keepAlive(): string
  /** JSON text of the whole answer once it has ended, where the protocol has such a thing (Responses); else null. */
  answer?(): string | null
  /** A frame of the backend's went to the client as it came; what `fail` needs to go on from there. */
  passedThrough?(frame: Frame): void
}

export interface ClientCodec {
  readonly protocol: ProtocolName
  readonly streamContentType: string
  /** Under which header this protocol's SDKs look for the id of a request, beside `x-llr-request-id`. */
  readonly requestIdHeader: 'x-request-id' | 'request-id'
  /** What the client calls these fields; the others are the snake case of their canonical name. */
  readonly fieldNames: Readonly<Partial<Record<DroppableField, string>>>
  /** Clients post JSON without saying so (Ollama's examples do). */
  readonly acceptsUntypedBody?: boolean
  /** The first `keepAlive()` opens the answer: a backend's own opening cannot follow it. */
  readonly keepAliveOpens?: boolean
  /** Clients get usage in a stream only when they ask for it. */
  readonly usageIsOptional?: boolean
  /** Ends a stream that passed through and came without its terminal, where that needs nothing of the stream. */
  readonly bareTerminal?: string
  /** For the protocol's endpoint that counts the tokens of a request without answering it. */
  readonly tokenCount?: {
    decodeRequest(body: JsonObject): ChatRequest
    encodeReply(inputTokens: number): string
  }
  /** Loose on what it does not need, RouterError 4xx with `param` on what it does. */
  decodeRequest(body: JsonObject): ChatRequest
  encodeReply(reply: ChatReply, context: ReplyContext): string
  createStreamEncoder(context: ReplyContext): StreamEncoder
  encodeError(error: RouterError, requestId: string): string
  /** The HTTP status of an error in this protocol; most are those of `errors.ts`. */
  errorStatus(error: RouterError): number
}
