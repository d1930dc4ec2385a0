/** The answer out: a whole one, or an error in the client's own dialect. Streams are in `stream-reply.ts`. */
import type { ServerResponse } from 'node:http'
import type { Accepted } from '../accept/accepted.ts'
import type { Clock } from '../clock.ts'
import type { Classification } from '../classify/classification.ts'
import type { BufferedAnswer } from '../dispatch/outcome.ts'
import type { RouterError } from '../errors.ts'
import type { ClientCodec, ReplyContext } from '../wire/codec.ts'
import { isJsonObject } from '../wire/json.ts'
import { droppedHeader } from './dropped-header.ts'
import { explain, type Explanation } from './headers.ts'

/** What a client-side codec needs besides the exchange. */
export function replyContext(
  accepted: Accepted,
  classification: Classification,
  model: string,
  clock: Clock,
): ReplyContext {
  return {
    requestId: accepted.id,
    body: accepted.body,
    request: accepted.request,
    model,
    nowSeconds: Math.floor(clock.epochMs() / 1000),
    elapsedMs: () => clock.nowMs() - accepted.receivedAtMs,
    estimatedInputTokens: classification.tokens,
  }
}

/**
 * Returns what was sent. Bytes of a backend that speaks the client's protocol go back as they came (DESIGN 2.2),
 * but for an answer that names no model: that is written anew, with the one that was asked.
 */
export function sendAnswer(
  response: ServerResponse,
  answer: BufferedAnswer,
  explanation: Explanation,
  encoding: { readonly codec: ClientCodec; readonly context: ReplyContext },
): Buffer {
  const { codec, context } = encoding
  const namesModel = isJsonObject(answer.body) && typeof answer.body['model'] === 'string'
  const body =
    answer.outbound.passThrough && namesModel
      ? answer.bytes
      : Buffer.from(codec.encodeReply(answer.reply, context), 'utf8')
  const headers = headersFor(codec, explanation)
  headers['content-type'] = 'application/json'
  headers['content-length'] = String(body.length)
  Object.assign(headers, droppedHeader(context.request, answer.outbound, codec))
  response.writeHead(200, headers).end(body)
  return body
}

/** The headers of every answer; SDKs of this protocol look for the id under a name of their own. */
export function headersFor(codec: ClientCodec, explanation: Explanation): Record<string, string> {
  const headers = explain(explanation)
  headers[codec.requestIdHeader] = explanation.requestId
  return headers
}

/** An answer that took no model: a count of tokens, say. */
export function sendOwnAnswer(
  response: ServerResponse,
  body: string,
  explanation: Explanation,
  codec: ClientCodec,
): void {
  const headers = headersFor(codec, explanation)
  headers['content-type'] = 'application/json'
  headers['content-length'] = String(Buffer.byteLength(body))
  response.writeHead(200, headers).end(body)
}

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Status, envelope and headers of an error, for whoever sends it. */
export function errorAnswer(error: RouterError, explanation: Explanation, codec: ClientCodec): ErrorAnswer {
  const body = codec.encodeError(error, explanation.requestId)
  const headers = headersFor(codec, explanation)
  headers['content-type'] = 'application/json'
  headers['content-length'] = String(Buffer.byteLength(body))
  if (error.retryAfterSeconds !== null) headers['retry-after'] = String(error.retryAfterSeconds)
  // Clients repeat 408, 409, 429 and 5xx by themselves: not what we have tried already, nor what cannot succeed.
  if (explanation.failed.length > 0 || !error.retryable) headers['x-should-retry'] = 'false'
  // The rest of an unread body would be taken for the next request on this connection.
  if (error.status === 413 || error.status === 408) headers['connection'] = 'close'
  return { status: codec.errorStatus(error), headers, body }
}

/** Anthropic's own status, which Node would call "unknown". */
const OVERLOADED = 529

/** Sends an error straight to the socket; where an answer has begun, only breaking off is left. */
export function sendError(
  response: ServerResponse,
  error: RouterError,
  explanation: Explanation,
  codec: ClientCodec,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, headers, body } = errorAnswer(error, explanation, codec)
  if (status === OVERLOADED) response.statusMessage = 'Overloaded'
  response.writeHead(status, headers).end(body)
}
