/** What a failed attempt means for the next one: the classes of reference "retry, fallback" as one table. */
import type { IncomingHttpHeaders } from 'node:http'
import { RouterError, type ErrorCode } from '../errors.ts'
import type { UpstreamFailure } from '../wire/codec.ts'
import type { Backend } from './backend.ts'
import { httpDateEpochMs, parseRetryAfter } from './backoff.ts'
import type { CallFailure } from './transport.ts'

/** `same-target`: once more here; `next-target`: another may do it; `final`: the client has to change its request. */
export type Disposition = 'same-target' | 'next-target' | 'final'

export interface AttemptFailure {
  readonly error: RouterError
  readonly status: number | null
  readonly disposition: Disposition
}

/** A kept-alive socket may have been closed by the backend just as we wrote to it; nothing was lost by one retry. */
export function fromCall(failure: CallFailure, status: number | null): AttemptFailure {
  const { error, phase } = failure
  const isReset = phase === 'before-response' && error.code === 'upstream_error'
  return { error, status, disposition: isReset ? 'same-target' : 'next-target' }
}

/** An answer whose status is not 2xx. `details` come from the codec; the backend's text is not repeated. */
export function fromStatus(
  backend: Backend,
  status: number,
  headers: IncomingHttpHeaders,
  details: UpstreamFailure,
): AttemptFailure {
  const said = `Backend "${backend.name}" answered HTTP ${status}${details.code === null ? '' : ` (${details.code})`}`
  if (details.contextOverflow) return overflow(backend.name, status, details)
  if (details.incapable) {
    return fail('upstream_rejected', `${said}: its model cannot do what was asked.`, status, 'next-target')
  }
  if (status === 401 || status === 403 || status === 404) {
    return fail('upstream_misconfigured', `${said}: ${MISCONFIGURED[status]}`, status, 'next-target')
  }
  if (status === 429) {
    const error = new RouterError('rate_limit_exceeded', `${said}: it is rate-limited.`, {
      retryAfterSeconds: retryAfterSeconds(headers),
    })
    return { error, status, disposition: 'next-target' }
  }
  if (status === 503 || status === 529) {
    const error = new RouterError('backend_unavailable', `${said}: it is overloaded or loading.`, {
      retryAfterSeconds: retryAfterSeconds(headers),
    })
    return { error, status, disposition: 'next-target' }
  }
  if (status >= 500 || status === 408 || status === 409 || status < 400) {
    return fail('upstream_error', `${said}.`, status, 'next-target')
  }
  return fail('upstream_rejected', `${said}: it does not accept this request.`, status, 'final')
}

const MISCONFIGURED = {
  401: 'check the key that its apiKeyEnv names.',
  403: 'its key may not use this model.',
  404: 'check its endpoint, and that the model exists there.',
} as const

/** The prompt does not fit this model; a target with a larger context may take it. */
export function overflow(backend: string, status: number | null, details: UpstreamFailure): AttemptFailure {
  const { promptTokens: prompt, contextTokens: context } = details
  const tokens = prompt === undefined || context === undefined ? undefined : { prompt, context }
  const numbers =
    tokens === undefined ? '' : ` (${prompt} tokens, maximum context length is ${context} tokens)`
  const message = `The request exceeds the context window of backend "${backend}"${numbers}.`
  const error = new RouterError('context_length_exceeded', message, { tokens })
  return { error, status, disposition: 'next-target' }
}

export function fail(
  code: ErrorCode,
  message: string,
  status: number | null,
  disposition: Disposition,
): AttemptFailure {
  return { error: new RouterError(code, message), status, disposition }
}

/** A date is measured against the answer's own: by the backend's clock on both ends, whatever ours says. */
function retryAfterSeconds(headers: IncomingHttpHeaders): number | undefined {
  return parseRetryAfter(headers['retry-after'], httpDateEpochMs(headers.date ?? ''))
}
