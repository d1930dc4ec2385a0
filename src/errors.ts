/**
 * Every error the router can answer with: one table, classified once (DESIGN 2.12).
 *
 * `type` is the OpenAI error type that clients switch on; `retryable` says whether another try, here or at
 * another target, could succeed. Messages never contain request text: `JSON.parse`, `URL` and `Headers` put
 * their input into theirs, so those are dropped, not wrapped.
 */
export const ERRORS = {
  invalid_json: { status: 400, type: 'invalid_request_error', retryable: false },
  invalid_value: { status: 400, type: 'invalid_request_error', retryable: false },
  missing_required_parameter: { status: 400, type: 'invalid_request_error', retryable: false },
  unsupported_parameter: { status: 400, type: 'invalid_request_error', retryable: false },
  unsupported_value: { status: 400, type: 'invalid_request_error', retryable: false },
  previous_response_not_found: { status: 400, type: 'invalid_request_error', retryable: false },
  context_length_exceeded: { status: 400, type: 'invalid_request_error', retryable: false },
  // Not 503: agents repeat a 5xx for half a minute and show nothing, whatever the headers say (docs/clients.md).
  no_target: { status: 400, type: 'invalid_request_error', retryable: false },
  privacy_no_local_target: { status: 400, type: 'invalid_request_error', retryable: false },
  upstream_rejected: { status: 400, type: 'invalid_request_error', retryable: false },
  invalid_api_key: { status: 401, type: 'invalid_request_error', retryable: false },
  model_not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  not_allowed: { status: 403, type: 'invalid_request_error', retryable: false },
  not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  method_not_allowed: { status: 405, type: 'invalid_request_error', retryable: false },
  request_timeout: { status: 408, type: 'invalid_request_error', retryable: true },
  request_too_large: { status: 413, type: 'invalid_request_error', retryable: false },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', retryable: false },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retryable: true },
  client_closed_request: { status: 499, type: 'invalid_request_error', retryable: false },
  internal_error: { status: 500, type: 'server_error', retryable: false },
  upstream_error: { status: 502, type: 'server_error', retryable: true },
  upstream_truncated: { status: 502, type: 'server_error', retryable: true },
  upstream_misconfigured: { status: 502, type: 'server_error', retryable: false },
  backend_unavailable: { status: 503, type: 'server_error', retryable: true },
  overloaded: { status: 503, type: 'server_error', retryable: true },
  server_shutdown: { status: 503, type: 'server_error', retryable: true },
  upstream_timeout: { status: 504, type: 'server_error', retryable: true },
} as const

/** A key of {@link ERRORS}; also the `code` that a client sees. */
export type ErrorCode = keyof typeof ERRORS

export interface ContextTokens {
  readonly prompt: number
  readonly context: number
}

export interface RouterErrorDetails {
  /** The request parameter at fault, as a client would write it (`messages[2].content`). */
  readonly param?: string | undefined
  /** Seconds the client should wait, when known. */
  readonly retryAfterSeconds?: number | undefined
  /** Of `context_length_exceeded`: the size of the prompt and of the context, where known. */
  readonly tokens?: ContextTokens | undefined
  readonly cause?: unknown
}

/** The only error type that crosses a stage. `message` is safe to show to the client and to log. */
export class RouterError extends Error {
  override readonly name = 'RouterError'
  readonly code: ErrorCode
  readonly status: number
  readonly type: string
  readonly retryable: boolean
  readonly param: string | null
  readonly retryAfterSeconds: number | null
  readonly tokens: ContextTokens | null

  constructor(code: ErrorCode, message: string, details: RouterErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = ERRORS[code].status
    this.type = ERRORS[code].type
    this.retryable = ERRORS[code].retryable
    this.param = details.param ?? null
    this.retryAfterSeconds = details.retryAfterSeconds ?? null
    this.tokens = details.tokens ?? null
  }
}
