import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Target } from '../decide/decision.ts'
import type { Attempt } from '../dispatch/outcome.ts'
import type { Outbound } from '../dispatch/outbound.ts'
import type { StreamSink } from '../dispatch/sink.ts'
import type { RouterError } from '../errors.ts'
import type { ClientCodec, Frame, ReplyContext, StreamEncoder } from '../wire/codec.ts'
import type { JsonObject } from '../wire/json.ts'
import { SSE_KEEP_ALIVE } from '../wire/sse.ts'
import { droppedHeader } from './dropped-header.ts'

export interface StreamReplyOptions {
  readonly response: ServerResponse
  readonly codec: ClientCodec
  /** Known only at the commit point, because fallback decides who answers. */
  readonly contextOf: (target: Target) => ReplyContext
  readonly headersOf: (target: Target, failed: readonly Attempt[]) => Record<string, string>
  /** When the request arrived. */
  readonly startedAtMs: number
  readonly clock: Clock
}

export interface StreamReply extends StreamSink {
  /** JSON text of the whole answer once it has ended, for protocols whose clients ask for it again. */
  answer(): string | null
}

/**
 * Writes a streamed answer straight to the socket (DESIGN 2.9). Frames of a backend that speaks the client's
 * protocol go out as they came, each whole in one write; others are encoded event by event.
 */
export function createStreamReply(options: StreamReplyOptions): StreamReply {
  return new SocketStream(options)
}

class SocketStream implements StreamReply {
  lastSignAtMs: number
  readonly #options: StreamReplyOptions
  readonly #response: ServerResponse
  #encoder: StreamEncoder | null = null
  /** The encoder has opened the answer by itself, to keep the client waiting: it must write the rest as well. */
  #encoderBegan = false
  #passThrough = false
  #keepUsage = true
  #sawEnd = false
  #answer: JsonObject | null = null

  constructor(options: StreamReplyOptions) {
    this.#options = options
    this.#response = options.response
    this.lastSignAtMs = options.startedAtMs
  }

  isOpen(): boolean {
    return this.#response.headersSent
  }

  keepAlive(target: Target, failed: readonly Attempt[], outbound: Outbound): void {
    const { codec } = this.#options
    if (!this.isOpen()) this.#open(target, failed, { outbound, pending: true })
    // What opens an answer must not stand before a backend's own opening, nor in the middle of its frames.
    const opens = codec.keepAliveOpens === true
    const isForeign = opens && outbound.passThrough && !this.#encoderBegan
    this.#encoder ??= this.#createEncoder(target)
    if (isForeign) return void this.#send(SSE_KEEP_ALIVE)
    if (opens) this.#encoderBegan = true
    this.#send(this.#encoder.keepAlive())
  }

  commit(target: Target, failed: readonly Attempt[], outbound: Outbound): void {
    const { codec } = this.#options
    if (!this.isOpen()) this.#open(target, failed, { outbound, pending: false })
    if (this.#encoder === null || !this.#encoderBegan) this.#encoder = this.#createEncoder(target)
    this.#passThrough = outbound.passThrough && !this.#encoderBegan
    const { includeUsage } = this.#options.contextOf(target).request
    this.#keepUsage = includeUsage || codec.usageIsOptional !== true
  }

  write(frames: readonly Frame[]): boolean {
    for (const frame of frames) {
      if (frame.answer !== undefined) this.#answer = frame.answer
      if (frame.events.some((event) => event.type === 'end')) this.#sawEnd = true
      if (this.#passThrough) this.#encoder?.passedThrough?.(frame)
    }
    const bytes = this.#render(frames)
    // Frames that mean nothing in the client's protocol are no sign of life.
    return bytes.length === 0 ? true : this.#send(bytes)
  }

  onDrain(resume: () => void): void {
    this.#response.once('drain', resume)
  }

  end(): void {
    // Some backends close without their protocol's terminal; clients wait for it.
    if (this.#sawEnd) return void this.#response.end()
    const { bareTerminal } = this.#options.codec
    this.#finish(() =>
      this.#passThrough && bareTerminal !== undefined ? bareTerminal : this.#encoder?.encode({ type: 'end' }),
    )
  }

  fail(error: RouterError): void {
    this.#finish(() => this.#encoder?.fail(error))
  }

  /** A defect in writing the end must not leave the client waiting for it. */
  #finish(write: () => string | undefined): void {
    let last: string | undefined
    try {
      last = write()
    } catch (error) {
      this.#response.destroy()
      throw error
    }
    this.#response.end(last)
  }

  answer(): string | null {
    if (!this.#passThrough) return this.#encoder?.answer?.() ?? null
    return this.#answer === null ? null : JSON.stringify(this.#answer)
  }

  #send(bytes: Buffer | string): boolean {
    this.lastSignAtMs = this.#options.clock.nowMs()
    return this.#response.write(bytes)
  }

  #createEncoder(target: Target): StreamEncoder {
    return this.#options.codec.createStreamEncoder(this.#options.contextOf(target))
  }

  #open(
    target: Target,
    failed: readonly Attempt[],
    { outbound, pending }: { readonly outbound: Outbound; readonly pending: boolean },
  ): void {
    const { codec, contextOf, headersOf } = this.#options
    const headers = headersOf(target, failed)
    headers['content-type'] = codec.streamContentType
    headers['cache-control'] = 'no-cache'
    // Asks a reverse proxy in front of us not to collect the stream.
    headers['x-accel-buffering'] = 'no'
    // Who is being waited for; another may answer in the end.
    if (pending) headers['x-llr-pending'] = 'true'
    Object.assign(headers, droppedHeader(contextOf(target).request, outbound, codec))
    this.#response.writeHead(200, headers)
  }

  #render(frames: readonly Frame[]): Buffer | string {
    if (!this.#passThrough) {
      let text = ''
      for (const frame of frames) for (const event of frame.events) text += this.#encoder?.encode(event) ?? ''
      return text
    }
    const kept = this.#keepUsage ? frames : frames.filter((frame) => !isUsageOnly(frame))
    const [first] = kept
    return kept.length === 1 && first !== undefined
      ? first.raw
      : Buffer.concat(kept.map((frame) => frame.raw))
  }
}

/** We always ask backends for usage; a client that did not must not get the chunk it does not expect. */
function isUsageOnly(frame: Frame): boolean {
  return frame.events.length > 0 && frame.events.every((event) => event.type === 'usage')
}
