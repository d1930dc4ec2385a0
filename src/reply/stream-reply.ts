import type { ServerResponse } from 'node:http'
import type { Target } from '../decide/decision.ts'
import type { Attempt } from '../dispatch/outcome.ts'
import type { StreamSink } from '../dispatch/sink.ts'
import type { RouterError } from '../errors.ts'
import type { ClientCodec, Frame, ReplyContext, StreamEncoder } from '../wire/codec.ts'

export interface StreamReplyOptions {
  readonly response: ServerResponse
  readonly codec: ClientCodec
  /** Known only at the commit point, because fallback decides who answers. */
  readonly contextOf: (target: Target) => ReplyContext
  readonly headersOf: (target: Target, failed: readonly Attempt[]) => Record<string, string>
  readonly isPassThrough: (target: Target) => boolean
}

/**
 * Writes a streamed answer straight to the socket (DESIGN 2.9). Frames of a backend that speaks the client's
 * protocol go out as they came, each whole in one write; others are encoded event by event.
 */
export function createStreamReply(options: StreamReplyOptions): StreamSink {
  const { response, codec } = options
  let encoder: StreamEncoder | null = null
  let passThrough = false
  let keepUsage = true
  let sawEnd = false

  const render = (frames: readonly Frame[]): Buffer | string => {
    if (!passThrough) {
      let text = ''
      for (const frame of frames) for (const event of frame.events) text += encoder?.encode(event) ?? ''
      return text
    }
    const kept = keepUsage ? frames : frames.filter((frame) => !isUsageOnly(frame))
    const [first] = kept
    return kept.length === 1 && first !== undefined
      ? first.raw
      : Buffer.concat(kept.map((frame) => frame.raw))
  }

  return {
    commit(target, failed) {
      const context = options.contextOf(target)
      encoder = codec.createStreamEncoder(context)
      passThrough = options.isPassThrough(target)
      keepUsage = context.request.includeUsage
      const headers = options.headersOf(target, failed)
      headers['content-type'] = codec.streamContentType
      headers['cache-control'] = 'no-cache'
      // Asks a reverse proxy in front of us not to collect the stream.
      headers['x-accel-buffering'] = 'no'
      if (context.request.dropped.length > 0) headers['x-llr-dropped'] = context.request.dropped.join(',')
      response.writeHead(200, headers)
    },
    write(frames) {
      if (frames.some((frame) => frame.events.some((event) => event.type === 'end'))) sawEnd = true
      const bytes = render(frames)
      return bytes.length === 0 ? true : response.write(bytes)
    },
    onDrain(resume) {
      response.once('drain', resume)
    },
    end() {
      // Some backends close without their protocol's terminal; clients wait for it.
      response.end(sawEnd ? undefined : encoder?.encode({ type: 'end' }))
    },
    fail(error: RouterError) {
      response.end(encoder?.fail(error))
    },
  }
}

/** We always ask backends for usage; a client that did not must not get the chunk it does not expect. */
function isUsageOnly(frame: Frame): boolean {
  return frame.events.length > 0 && frame.events.every((event) => event.type === 'usage')
}
