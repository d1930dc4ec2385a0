import type { Accepted } from '../accept/accepted.ts'
import { passThroughChatRequest } from '../wire/chat/pass-through.ts'
import type { Backend } from './backend.ts'

/** True when client and backend speak the same protocol, so that fields we have never heard of survive. */
export function isPassThrough(accepted: Accepted, backend: Backend): boolean {
  return accepted.protocol === backend.codec.protocol
}

/**
 * The body for a backend, serialised from the parsed object: client bytes are never forwarded (DESIGN 2.3).
 * Throws RouterError when the protocol of the backend has no form for something in the request.
 */
export function outboundBody(accepted: Accepted, backend: Backend, model: string, stream: boolean): string {
  const body = isPassThrough(accepted, backend)
    ? passThroughChatRequest(accepted.body, model, stream)
    : backend.codec.encodeRequest(
        accepted.request.stream === stream ? accepted.request : { ...accepted.request, stream },
        model,
      )
  const limit = body['max_completion_tokens']
  const needsMaxTokens = backend.wantsMaxTokens && limit !== undefined && body['max_tokens'] === undefined
  return JSON.stringify(needsMaxTokens ? { ...body, max_tokens: limit } : body)
}
