/** How errors leave that no request to a model made: the same envelopes and headers as on the inference paths. */
import { createRequestId } from './accept/request-id.ts'
import type { RouterError } from './errors.ts'
import type { Explanation } from './reply/headers.ts'
import { errorAnswer } from './reply/reply.ts'
import { clientCodec, type ClientProtocol } from './wire/codecs.ts'

export function refuse(error: RouterError, dialect: ClientProtocol): Response {
  const { status, headers, body } = errorAnswer(error, unrouted(), clientCodec(dialect))
  return new Response(body, { status, headers })
}

/** Of a request that needs no decision: an id, and `none` for the rest. */
export function unrouted(): Explanation {
  const requestId = createRequestId(Date.now())
  return { requestId, classification: null, decision: null, target: null, failed: [] }
}
