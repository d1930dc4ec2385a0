import type { IncomingMessage } from 'node:http'
import type { Clock } from '../clock.ts'
import { RouterError } from '../errors.ts'
import type { Limits } from './settings.ts'

/**
 * Reads the whole body, bounded in size and time. Rejects with `unsupported_media_type`, `request_too_large`,
 * `request_timeout` or `client_closed_request`.
 */
export function readBody(
  incoming: IncomingMessage,
  limits: Limits,
  clock: Clock,
  acceptsUntyped = false,
): Promise<Buffer> {
  const refusal = refuseByHeaders(incoming, limits, acceptsUntyped)
  if (refusal !== null) return Promise.reject(refusal)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = clock.setTimer(limits.bodyTimeoutMs, () =>
      fail(
        new RouterError(
          'request_timeout',
          `The request body did not arrive within ${limits.bodyTimeoutMs} ms.`,
        ),
      ),
    )
    const finish = (): void => {
      timer.cancel()
      incoming.removeListener('data', onData).removeListener('end', onEnd)
      incoming.removeListener('error', onGone).removeListener('close', onGone)
    }
    const fail = (error: RouterError): void => {
      finish()
      // The rest of the body is read and thrown away, so that the client can read the answer.
      incoming.on('error', ignore).resume()
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limits.maxBodyBytes) fail(tooLarge(limits))
      else chunks.push(chunk)
    }
    const onEnd = (): void => {
      finish()
      const [first] = chunks
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size))
    }
    const onGone = (): void =>
      fail(new RouterError('client_closed_request', 'The client left before its request was complete.'))
    incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

function ignore(): void {}

function tooLarge(limits: Limits): RouterError {
  return new RouterError(
    'request_too_large',
    `The request body is larger than ${limits.maxBodyBytes} bytes (limits.maxBodyBytes).`,
  )
}

/**
 * Ollama's own examples post JSON with curl and no type, which curl calls a form. A web page can do that too,
 * without being asked for permission first; but then its browser says where it comes from.
 */
function isPlainPost({ headers }: IncomingMessage, mediaType: string | undefined): boolean {
  const isFromPage = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
  return !isFromPage && (mediaType === '' || mediaType === 'application/x-www-form-urlencoded')
}

/** What the headers alone can tell, before a byte of the body is read. */
function refuseByHeaders(
  incoming: IncomingMessage,
  limits: Limits,
  acceptsUntyped: boolean,
): RouterError | null {
  const type = incoming.headers['content-type'] ?? ''
  const mediaType = type.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json' && !(acceptsUntyped && isPlainPost(incoming, mediaType))) {
    return new RouterError(
      'unsupported_media_type',
      'Send the body as JSON with "Content-Type: application/json".',
    )
  }
  const charset = /charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1]?.toLowerCase()
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    return new RouterError('unsupported_media_type', 'Send the body as UTF-8; JSON has no other encoding.')
  }
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new RouterError('unsupported_media_type', 'Send the body uncompressed, without Content-Encoding.')
  }
  const length = Number(incoming.headers['content-length'] ?? 0)
  return length > limits.maxBodyBytes ? tooLarge(limits) : null
}
