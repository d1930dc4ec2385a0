import type { IncomingHttpHeaders } from 'node:http'
import { RouterError } from '../errors.ts'
import { parseJson } from '../wire/json.ts'
import {
  abortReason,
  callOf,
  ended,
  MAX_ERROR_BYTES,
  MAX_REPLY_BYTES,
  type AttemptEnd,
  type AttemptInput,
} from './attempt.ts'
import { fail, fromCall, fromStatus, type AttemptFailure } from './failure.ts'
import { startCall } from './transport.ts'

/** One try at one target for a whole answer. Resolves always; rejects never. */
export function runBufferedAttempt(input: AttemptInput): Promise<AttemptEnd> {
  const { backend, clock, signal } = input
  return new Promise((resolve) => {
    let status: number | null = null
    let headers: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    let size = 0

    const settle = (end: AttemptEnd): void => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(end)
    }
    const call = startCall(
      callOf(input),
      {
        onResponse(code, received) {
          status = code
          headers = received
        },
        onData(chunk) {
          size += chunk.length
          const limit = isSuccess(status) ? MAX_REPLY_BYTES : MAX_ERROR_BYTES
          if (size <= limit) chunks.push(chunk)
          else {
            // What an error has to say is said by now; some never end.
            if (!isSuccess(status)) settle(conclude(input, status ?? 0, headers, Buffer.concat(chunks)))
            call.abort(tooLong(backend.name))
          }
        },
        onEnd: () => settle(conclude(input, status ?? 0, headers, Buffer.concat(chunks))),
        onFailure: (failure) => settle(ended(fromCall(failure, status))),
      },
      clock,
    )
    const timer = clock.setTimer(input.timeouts.totalMs, () => call.abort(timeout(input)))
    const onAbort = (): void => call.abort(abortReason(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300
}

function tooLong(backend: string): RouterError {
  return new RouterError(
    'upstream_error',
    `Backend "${backend}" answered with more than ${MAX_REPLY_BYTES} bytes.`,
  )
}

function timeout({ backend, timeouts }: AttemptInput): RouterError {
  return new RouterError(
    'upstream_timeout',
    `Backend "${backend.name}" did not finish its answer within ${timeouts.totalMs} ms.`,
  )
}

function conclude(
  input: AttemptInput,
  status: number,
  headers: IncomingHttpHeaders,
  bytes: Buffer,
): AttemptEnd {
  const { backend, target, outbound } = input
  const { codec } = outbound
  const body = parseJson(bytes.toString('utf8'))
  if (!isSuccess(status)) {
    return ended(fromStatus(backend, status, headers, codec.decodeFailure(body)))
  }
  if (body === undefined) return ended(notAnAnswer(backend.name, status))
  try {
    const reply = codec.decodeReply(body)
    const { vectorCount } = outbound
    if (vectorCount !== null && reply.vectors?.length !== vectorCount) {
      return ended(notAnAnswer(backend.name, status))
    }
    return {
      result: 'success',
      status,
      error: null,
      disposition: 'final',
      firstTokenMs: null,
      committed: false,
      answer: { target, reply, body, bytes, outbound },
      finish: reply.choices[0]?.finish ?? null,
      usage: reply.usage ?? null,
    }
  } catch {
    // A 200 whose body is an error, or not of the protocol at all, is a failure of the backend like any other.
    const details = codec.decodeFailure(body)
    if (details.contextOverflow || details.incapable) {
      return ended(fromStatus(backend, 400, headers, details))
    }
    return ended(notAnAnswer(backend.name, status))
  }
}

function notAnAnswer(backend: string, status: number): AttemptFailure {
  return fail(
    'upstream_error',
    `Backend "${backend}" sent something that is not an answer.`,
    status,
    'next-target',
  )
}
