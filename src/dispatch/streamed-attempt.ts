/** Over 250 lines, because it is one state machine: every step reads and moves the same dozen fields. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Timer } from '../clock.ts'
import { RouterError } from '../errors.ts'
import type { Frame, StreamDecoder } from '../wire/codec.ts'
import { isContent, type ChatEvent, type FinishReason, type Usage } from '../wire/exchange.ts'
import { parseJson } from '../wire/json.ts'
import { abortReason, callOf, ended, MAX_ERROR_BYTES, type AttemptEnd, type AttemptInput } from './attempt.ts'
import { fail, fromCall, fromStatus, overflow, type AttemptFailure } from './failure.ts'
import type { StreamSink } from './sink.ts'
import { StreamTimers } from './stream-timers.ts'
import { startCall, type Call, type CallFailure } from './transport.ts'

/** How long a backend may hold its connection open behind the protocol's own terminal. */
const LINGER_MS = 1_000

/** One try at one target for a streamed answer, written to `sink` from its commit point on. Never rejects. */
export function runStreamedAttempt(input: AttemptInput, sink: StreamSink): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    new StreamedAttempt(input, sink, resolve).start()
  })
}

class StreamedAttempt {
  readonly #input: AttemptInput
  readonly #sink: StreamSink
  readonly #resolve: (end: AttemptEnd) => void
  readonly #decoder: StreamDecoder
  readonly #startedAtMs: number
  readonly #onAbort: () => void
  #call: Call | null = null
  #timers: StreamTimers | null = null
  /** Frames before the first content: an envelope alone commits to nothing, so a failure can still fall back. */
  #held: Frame[] = []
  #committed = false
  #settled = false
  #paused = false
  #firstTokenMs: number | null = null
  #status: number | null = null
  #headers: IncomingHttpHeaders = {}
  #errorBody: Buffer[] = []
  #errorBytes = 0
  #finish: FinishReason | null = null
  #usage: Usage | null = null
  #sawEnd = false
  #linger: Timer | null = null

  constructor(input: AttemptInput, sink: StreamSink, resolve: (end: AttemptEnd) => void) {
    this.#input = input
    this.#sink = sink
    this.#resolve = resolve
    this.#decoder = input.outbound.codec.createStreamDecoder()
    this.#startedAtMs = input.clock.nowMs()
    this.#onAbort = () => this.#call?.abort(abortReason(input.signal))
  }

  start(): void {
    const { clock, signal } = this.#input
    this.#call = startCall(
      callOf(this.#input),
      {
        onResponse: (status, headers) => {
          this.#status = status
          this.#headers = headers
        },
        onData: (chunk) => this.#onData(chunk),
        onEnd: () => this.#onEnd(),
        onFailure: (failure) => this.#onFailure(failure),
      },
      clock,
    )
    this.#timers = this.#createTimers()
    if (signal.aborted) this.#onAbort()
    else signal.addEventListener('abort', this.#onAbort)
  }

  #createTimers(): StreamTimers {
    const { backend, clock, target, failed, outbound, timeouts } = this.#input
    return new StreamTimers({
      clock,
      timeouts,
      backend: backend.name,
      isCommitted: () => this.#committed,
      isPaused: () => this.#paused,
      lastSignAtMs: () => this.#sink.lastSignAtMs,
      onExpiry: (error) => this.#call?.abort(error),
      keepAlive: () => this.#sink.keepAlive(target, failed, outbound),
    })
  }

  #onData(chunk: Buffer): void {
    if (this.#settled) return
    this.#timers?.sawByte()
    if (!this.#isStream()) {
      this.#errorBytes += chunk.length
      if (this.#errorBytes <= MAX_ERROR_BYTES) this.#errorBody.push(chunk)
      else this.#cutErrorBody()
      return
    }
    try {
      this.#take(this.#decoder.push(chunk))
    } catch (error) {
      this.#call?.abort(
        error instanceof RouterError
          ? error
          : new RouterError('internal_error', 'The stream could not be read.', { cause: error }),
      )
    }
  }

  /** What an error has to say is said by now; some never end. */
  #cutErrorBody(): void {
    this.#onEnd()
    this.#call?.abort(new RouterError('upstream_error', 'The error was longer than anyone reads.'))
  }

  #isStream(): boolean {
    if (this.#status === null || this.#status < 200 || this.#status >= 300) return false
    const type = this.#headers['content-type'] ?? ''
    return type.includes('event-stream') || type.includes('ndjson')
  }

  #take(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    let hasContent = false
    for (const frame of frames) {
      for (const event of frame.events) {
        if (event.type === 'error') return this.#inBandError(event)
        if (event.type === 'finish') this.#finish ??= event.reason
        else if (event.type === 'usage') this.#usage = event.usage
        else if (event.type === 'end') this.#sawEnd = true
        else if (isContent(event)) hasContent = true
      }
    }
    if (this.#committed) this.#write(frames)
    else {
      for (const frame of frames) this.#held.push(frame)
      if (hasContent) this.#commit()
    }
    if (hasContent) this.#timers?.sawContent()
    // The answer is whole: whatever becomes of the connection now is no failure of it.
    if (this.#sawEnd) this.#complete()
  }

  #commit(): void {
    this.#committed = true
    this.#firstTokenMs = this.#input.clock.nowMs() - this.#startedAtMs
    const { target, failed, outbound } = this.#input
    this.#sink.commit(target, failed, outbound)
    const held = this.#held
    this.#held = []
    this.#write(held)
  }

  #write(frames: readonly Frame[]): void {
    if (this.#sink.write(frames) || this.#paused || this.#settled) return
    this.#paused = true
    this.#timers?.paused()
    this.#call?.pause()
    this.#sink.onDrain(() => {
      this.#paused = false
      if (this.#settled) return
      this.#timers?.resumed()
      this.#call?.resume()
    })
  }

  #inBandError(event: Extract<ChatEvent, { type: 'error' }>): void {
    const { backend } = this.#input
    const { code, contextOverflow, promptTokens, contextTokens } = event
    const details = { contextOverflow, incapable: false, code, promptTokens, contextTokens }
    const failure: AttemptFailure = contextOverflow
      ? overflow(backend.name, this.#status, details)
      : fail(
          'upstream_error',
          `Backend "${backend.name}" reported an error in its stream${code === null ? '' : ` (${code})`}.`,
          this.#status,
          'next-target',
        )
    this.#call?.abort(failure.error)
  }

  #onEnd(): void {
    const { backend } = this.#input
    this.#linger?.cancel()
    if (this.#settled) return
    if (!this.#isStream()) {
      const body = parseJson(Buffer.concat(this.#errorBody).toString('utf8'))
      const details = this.#input.outbound.codec.decodeFailure(body)
      const status = this.#status ?? 0
      if (status >= 200 && status < 300 && !details.contextOverflow && !details.incapable) {
        const message = `Backend "${backend.name}" did not answer with a stream.`
        return this.#settle(ended(fail('upstream_error', message, status, 'next-target')))
      }
      return this.#settle(ended(fromStatus(backend, status, this.#headers, details)))
    }
    try {
      this.#take(this.#decoder.end())
    } catch {
      // What is left has no terminator and no meaning; the checks below decide.
    }
    if (this.#settled) return
    if (this.#finish === null && !this.#sawEnd) {
      const message = `Backend "${backend.name}" ended its stream without finishing the answer.`
      return this.#finishFailed(fail('upstream_truncated', message, this.#status, 'next-target'))
    }
    this.#complete()
    this.#linger?.cancel()
  }

  #complete(): void {
    // An answer without any content is an answer: it commits here.
    if (!this.#committed) this.#commit()
    this.#firstTokenMs ??= this.#input.clock.nowMs() - this.#startedAtMs
    try {
      this.#sink.end()
    } catch (cause) {
      return this.#broken(cause)
    }
    this.#settle({
      result: 'success',
      status: this.#status,
      error: null,
      disposition: 'final',
      firstTokenMs: this.#firstTokenMs,
      committed: true,
      answer: null,
      finish: this.#finish,
      usage: this.#usage,
    })
    this.#linger = this.#input.clock.setTimer(LINGER_MS, () => {
      this.#call?.abort(new RouterError('upstream_error', 'The backend did not close its answer.'))
    })
  }

  #onFailure(failure: CallFailure): void {
    this.#linger?.cancel()
    if (this.#settled) return
    const failed = fromCall(failure, this.#status)
    this.#finishFailed(
      failed.error.code === 'context_length_exceeded' ? { ...failed, disposition: 'next-target' } : failed,
    )
  }

  #finishFailed(failure: AttemptFailure): void {
    try {
      if (this.#committed && failure.error.code !== 'client_closed_request') this.#sink.fail(failure.error)
    } catch (cause) {
      return this.#broken(cause)
    }
    const { firstTokenMs, committed } = { firstTokenMs: this.#firstTokenMs, committed: this.#committed }
    const end = ended(failure, { firstTokenMs, committed, usage: this.#usage, finish: this.#finish })
    this.#settle(committed ? { ...end, disposition: 'final' } : end)
  }

  /** A defect of ours in writing to the client: nothing well-formed can follow, but everyone is let go. */
  #broken(cause: unknown): void {
    const error = new RouterError('internal_error', 'The answer could not be written.', { cause })
    this.#settle(ended({ error, status: this.#status, disposition: 'final' }, { committed: this.#committed }))
    this.#call?.abort(error)
  }

  #settle(end: AttemptEnd): void {
    if (this.#settled) return
    this.#settled = true
    this.#timers?.cancel()
    this.#input.signal.removeEventListener('abort', this.#onAbort)
    this.#resolve(end)
  }
}
