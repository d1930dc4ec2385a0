/** The answer out: a whole one, or an error in the client's own dialect. Streams are in `stream-reply.ts`. */
import type { ServerResponse } from 'node:http'
import type { Accepted } from '../accept/accepted.ts'
import type { Classification } from '../classify/classification.ts'
import type { BufferedAnswer } from '../dispatch/outcome.ts'
import type { RouterError } from '../errors.ts'
import type { ClientCodec, ReplyContext } from '../wire/codec.ts'
import { explain, type Explanation } from './headers.ts'

/** What a client-side codec needs besides the exchange. */
export function replyContext(
  accepted: Accepted,
  classification: Classification,
  model: string,
  nowEpochMs: number,
): ReplyContext {
  return {
    requestId: accepted.id,
    body: accepted.body,
    request: accepted.request,
    model,
    nowSeconds: Math.floor(nowEpochMs / 1000),
    estimatedInputTokens: classification.tokens,
  }
}

/** `passThrough`: the backend spoke the client's protocol, so its bytes go back as they came (DESIGN 2.2). */
export function sendAnswer(
  response: ServerResponse,
  answer: BufferedAnswer,
  explanation: Explanation,
  encoding: { readonly codec: ClientCodec; readonly context: ReplyContext; readonly passThrough: boolean },
): void {
  const { codec, context, passThrough } = encoding
  const body = passThrough ? answer.bytes : Buffer.from(codec.encodeReply(answer.reply, context), 'utf8')
  const headers = explain(explanation)
  headers['content-type'] = 'application/json'
  headers['content-length'] = String(body.length)
  if (context.request.dropped.length > 0) headers['x-llr-dropped'] = context.request.dropped.join(',')
  response.writeHead(200, headers).end(body)
}

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Status, envelope and headers of an error, for whoever sends it. */
export function errorAnswer(error: RouterError, explanation: Explanation, codec: ClientCodec): ErrorAnswer {
  const body = codec.encodeError(error)
  const headers = explain(explanation)
  headers['content-type'] = 'application/json'
  headers['content-length'] = String(Buffer.byteLength(body))
  if (error.retryAfterSeconds !== null) headers['retry-after'] = String(error.retryAfterSeconds)
  // Clients repeat 408, 409, 429 and 5xx by themselves: not what we have tried already, nor what cannot succeed.
  if (explanation.failed.length > 0 || !error.retryable) headers['x-should-retry'] = 'false'
  // The rest of an unread body would be taken for the next request on this connection.
  if (error.status === 413 || error.status === 408) headers['connection'] = 'close'
  return { status: error.status, headers, body }
}

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
  response.writeHead(status, headers).end(body)
}
