/** Errors as Messages clients know them (reference 4 and 5). */
import type { ErrorCode, RouterError } from '../../errors.ts'

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** What a moment's waiting may cure. */
const OVERLOADED: ReadonlySet<ErrorCode> = new Set(['backend_unavailable', 'overloaded', 'server_shutdown'])

export function messagesErrorStatus(error: RouterError): number {
  return OVERLOADED.has(error.code) ? 529 : error.status
}

export function encodeMessagesError(error: RouterError, requestId: string): string {
  const status = messagesErrorStatus(error)
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return JSON.stringify({
    type: 'error',
    error: { type, message: messageOf(error), details: error.param === THREAD ? NO_THREADS : undefined },
    request_id: requestId,
  })
}

/**
 * Anthropic's SDK keeps conversations with the provider where it can (its tool runner does by itself), and goes on
 * without when it is told so in these words.
 */
const THREAD = 'thread'
const NO_THREADS = { error_code: 'thread_unsupported_request', unsupported: [THREAD] } as const

/** Claude Code compacts its conversation when it reads these words, and by how much from the numbers. */
function messageOf({ code, message, tokens }: RouterError): string {
  if (code !== 'context_length_exceeded') return message
  if (tokens === null) return `prompt is too long: ${message}`
  return `prompt is too long: ${tokens.prompt} tokens > ${tokens.context} maximum. ${message}`
}
