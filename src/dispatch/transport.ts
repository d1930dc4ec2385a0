/**
 * One HTTP call to one backend, on undici's `dispatch` with a handler object (its fast door). The only place
 * that opens a connection for a request.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock, Timer } from '../clock.ts'
import type { ProtocolName } from '../wire/codec.ts'
import { RouterError } from '../errors.ts'
import { PeerNotLocalError, type Backend } from './backend.ts'

/** Where a call stood when it failed: decides whether the same target may be tried once more. */
export type CallPhase = 'connect' | 'before-response' | 'response'

export interface CallFailure {
  readonly error: RouterError
  readonly phase: CallPhase
}

export interface CallHandlers {
  onResponse(status: number, headers: IncomingHttpHeaders): void
  onData(chunk: Buffer): void
  onEnd(): void
  /** Called once, and nothing after it. Also the answer to `abort`. */
  onFailure(failure: CallFailure): void
}

export interface Call {
  abort(error: RouterError): void
  pause(): void
  resume(): void
}

export interface CallRequest {
  readonly backend: Backend
  readonly method: 'GET' | 'POST'
  /** In which protocol the server is spoken to: decides the path before `path`, and the key's header. */
  readonly protocol: ProtocolName
  readonly path: string
  readonly body: string | null
  /** Added to the way's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Starts the call. Redirects are not followed: undici's `dispatch` does not, and a 3xx is a failure upstream. */
export function startCall(request: CallRequest, handlers: CallHandlers, clock: Clock): Call {
  const { backend } = request
  const way = backend.wayTo(request.protocol)
  let controller: Dispatcher.DispatchController | null = null
  let phase: CallPhase = 'connect'
  let ended = false

  let connectTimer: Timer | null = null

  const fail = (error: RouterError): void => {
    if (ended) return
    ended = true
    connectTimer?.cancel()
    // Before `onRequestStart` there is nothing to abort: that handler sees `ended` and ends the call.
    if (controller?.aborted === false) controller.abort(error)
    handlers.onFailure({ error, phase })
  }
  backend.pool.dispatch(
    {
      path: way.basePath + request.path,
      method: request.method,
      headers: request.headers === undefined ? way.headers : { ...way.headers, ...request.headers },
      body: request.body,
    },
    {
      onRequestStart(started) {
        controller = started
        connectTimer?.cancel()
        if (ended) started.abort(new RouterError('client_closed_request', 'The call was given up.'))
        else phase = 'before-response'
      },
      onResponseStart(_controller, status, headers) {
        if (ended || status < 200) return
        phase = 'response'
        handlers.onResponse(status, headers)
      },
      onResponseData(_controller, chunk) {
        if (!ended) handlers.onData(chunk)
      },
      onResponseEnd() {
        if (ended) return
        ended = true
        handlers.onEnd()
      },
      onResponseError(_controller, error) {
        fail(describe(error, backend.name, phase))
      },
    },
  )
  // undici has started the request by now when a connection was free; only a new connection can keep it waiting.
  if (controller === null && !ended) {
    connectTimer = clock.setTimer(backend.timeouts.connectMs, () =>
      fail(
        new RouterError(
          'backend_unavailable',
          `Backend "${backend.name}" did not accept a connection within ${backend.timeouts.connectMs} ms.`,
        ),
      ),
    )
  }

  return {
    abort: fail,
    pause: () => controller?.pause(),
    resume: () => {
      if (controller?.paused === true) controller.resume()
    },
  }
}

/** OpenSSL's and Node's words for a certificate that is no good; trying again does not make it one. */
const TLS_FAULT =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY|DECODE|DECRYPT)_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)/

/** Our own words for what went wrong: an error's text may hold addresses, credentials or heap. */
function describe(error: unknown, backend: string, phase: CallPhase): RouterError {
  if (error instanceof RouterError) return error
  if (error instanceof PeerNotLocalError) {
    return new RouterError(
      'privacy_no_local_target',
      `Backend "${backend}" is meant to be local, but its connection ended at another machine.`,
    )
  }
  const code = errorCode(error)
  if (TLS_FAULT.test(code)) {
    const message = `Backend "${backend}" shows a certificate that is not trusted (${code}).`
    return new RouterError('upstream_misconfigured', message)
  }
  if (phase === 'connect') {
    return new RouterError('backend_unavailable', `Backend "${backend}" cannot be reached (${code}).`)
  }
  if (phase === 'before-response') {
    return new RouterError(
      'upstream_error',
      `Backend "${backend}" closed the connection before answering (${code}).`,
    )
  }
  return new RouterError('upstream_truncated', `Backend "${backend}" broke off its answer (${code}).`)
}

function errorCode(error: unknown): string {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'unknown cause'
}
