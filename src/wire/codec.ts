/**
 * What a protocol must offer. A client-side codec speaks to whoever called us, a backend-side codec to whom we
 * call; any pairing works because both meet at the canonical exchange (DESIGN 2.1).
 */
import type { RouterError } from '../errors.ts'
import type { ChatEvent, ChatReply, ChatRequest } from './exchange.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** The protocols that codecs exist for. */
export type ProtocolName = 'chat' | 'responses' | 'ollama'

/** One complete frame of a stream as it came (`raw`, its terminator included) and what it means. */
export interface Frame {
  readonly raw: Buffer
  readonly events: readonly ChatEvent[]
}

/** Feed it the bytes of a stream, however they were cut; it gives back whole frames only. */
export interface StreamDecoder {
  /** Throws RouterError `upstream_error` on a frame over 1 MiB or one that is not of the protocol. */
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

export interface BackendCodec {
  readonly protocol: ProtocolName
  /** Appended to the backend's endpoint. */
  readonly path: string
  /** The body to send, built from empty. */
  encodeRequest(request: ChatRequest, model: string): JsonObject
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
  /** Token estimate of the input, used when the backend reports no usage. */
  readonly estimatedInputTokens: number
}

export interface StreamEncoder {
  /** Bytes for the client, '' when the event has no form in this protocol. Each SSE event is whole. */
  encode(event: ChatEvent): string
  /** The well-formed error that ends a stream that was already committed. */
  fail(error: RouterError): string
}

export interface ClientCodec {
  readonly protocol: ProtocolName
  readonly streamContentType: string
  /** Loose on what it does not need, RouterError 4xx with `param` on what it does. */
  decodeRequest(body: JsonObject): ChatRequest
  encodeReply(reply: ChatReply, context: ReplyContext): string
  createStreamEncoder(context: ReplyContext): StreamEncoder
  encodeError(error: RouterError): string
}
