import type { Duplex } from 'node:stream'
import { RouterError } from '../errors.ts'

/** HTTP that is none, a `Host` that is none: there is no request to answer, only a connection. */
export function malformedRequest(): RouterError {
  return new RouterError('invalid_value', 'The HTTP request is malformed, or its Host header is.')
}

/** Headers that did not arrive in time. */
export function lateRequest(): RouterError {
  return new RouterError('request_timeout', 'The headers of the request did not arrive in time.')
}

/** Node's codes for what its parser refuses, other than bad syntax. */
const LATE = 'ERR_HTTP_REQUEST_TIMEOUT'
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  [LATE]: '408 Request Timeout',
}

/** What is told of either, in the client's dialect. */
export interface MalformedEnvelopes {
  readonly malformed: string
  readonly late: string
}

/** Answers on the bare socket of a request that Node could not parse, and closes it. */
export function refuseMalformed(error: Error, socket: Duplex, envelopes: MalformedEnvelopes): void {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const envelope = code === LATE ? envelopes.late : envelopes.malformed
  const status = (typeof code === 'string' ? STATUS_LINES[code] : undefined) ?? '400 Bad Request'
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(envelope)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${envelope}`)
}
