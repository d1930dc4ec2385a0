/** The clocks that run while a backend streams: each says what it waited for when it runs out (faults 1.2). */
import type { Clock, Timer } from '../clock.ts'
import { RouterError } from '../errors.ts'
import type { Timeouts } from './settings.ts'

export interface StreamTimersOptions {
  readonly clock: Clock
  readonly timeouts: Timeouts
  /** Named in what is said. */
  readonly backend: string
  /** The first content is with the client. */
  readonly isCommitted: () => boolean
  /** The client is slower than the backend, which has been told to wait. */
  readonly isPaused: () => boolean
  /** When the client last heard of us. */
  readonly lastSignAtMs: () => number
  readonly onExpiry: (error: RouterError) => void
  readonly keepAlive: () => void
}

export class StreamTimers {
  readonly #options: StreamTimersOptions
  readonly #limits: Timer[]
  #silence: Timer
  #sign: Timer
  /** Any byte: pings count. */
  #lastByteAtMs: number
  /** Content, reasoning or a tool call: pings for ever are no progress. */
  #lastProgressAtMs: number
  #pausedAtMs = 0

  constructor(options: StreamTimersOptions) {
    const { clock, timeouts } = options
    const { firstTokenMs, idleMs, streamMs } = timeouts
    this.#options = options
    this.#lastByteAtMs = this.#lastProgressAtMs = clock.nowMs()
    this.#limits = [
      clock.setTimer(firstTokenMs, () => {
        if (!options.isCommitted()) this.#expire(`did not begin to answer within ${firstTokenMs} ms.`)
      }),
      clock.setTimer(streamMs, () => this.#expire(`took longer than ${streamMs} ms.`)),
    ]
    this.#silence = this.#watchSilence(idleMs)
    this.#sign = this.#keepClientWaiting()
  }

  sawByte(): void {
    this.#lastByteAtMs = this.#options.clock.nowMs()
  }

  sawContent(): void {
    this.#lastProgressAtMs = this.#lastByteAtMs
  }

  /** The client takes nothing more for now. */
  paused(): void {
    const { clock, timeouts } = this.#options
    this.#pausedAtMs = clock.nowMs()
    this.#silence.cancel()
    this.#silence = this.#watchSilence(timeouts.clientStallMs)
  }

  /** It does again: from here on the backend's own limits hold. */
  resumed(): void {
    const { clock, timeouts } = this.#options
    this.#lastByteAtMs = this.#lastProgressAtMs = clock.nowMs()
    this.#silence.cancel()
    this.#silence = this.#watchSilence(timeouts.idleMs)
  }

  cancel(): void {
    for (const timer of [...this.#limits, this.#silence, this.#sign]) timer.cancel()
  }

  /** One timer that is set again only when it fires: resetting one for every chunk would cost more than the chunk. */
  #watchSilence(inMs: number): Timer {
    const { clock, timeouts, isCommitted, isPaused } = this.#options
    const { idleMs, progressMs, clientStallMs } = timeouts
    return clock.setTimer(Math.max(1, inMs), () => {
      const nowMs = clock.nowMs()
      if (isPaused()) {
        const leftMs = this.#pausedAtMs + clientStallMs - nowMs
        if (leftMs <= 0) this.#clientStalled()
        else this.#silence = this.#watchSilence(leftMs)
        return
      }
      // Before the first content the first-token timer rules: a model that loads is silent.
      if (!isCommitted()) {
        this.#silence = this.#watchSilence(idleMs)
        return
      }
      const silentLeftMs = this.#lastByteAtMs + idleMs - nowMs
      const progressLeftMs = this.#lastProgressAtMs + progressMs - nowMs
      if (silentLeftMs <= 0) this.#expire(`went silent for ${idleMs} ms in the middle of its answer.`)
      else if (progressLeftMs <= 0) this.#expire(`sent nothing but signs of life for ${progressMs} ms.`)
      else this.#silence = this.#watchSilence(Math.min(silentLeftMs, progressLeftMs))
    })
  }

  /** A model that loads or thinks is silent for minutes; clients and the proxies before them give up in less. */
  #keepClientWaiting(): Timer {
    const { clock, timeouts, isPaused, lastSignAtMs, keepAlive } = this.#options
    const { keepAliveMs } = timeouts
    return clock.setTimer(Math.max(1, lastSignAtMs() + keepAliveMs - clock.nowMs()), () => {
      if (clock.nowMs() - lastSignAtMs() >= keepAliveMs && !isPaused()) keepAlive()
      this.#sign = this.#keepClientWaiting()
    })
  }

  #clientStalled(): void {
    const { clientStallMs } = this.#options.timeouts
    const message = `The client took nothing for ${clientStallMs} ms.`
    this.#options.onExpiry(new RouterError('client_closed_request', message))
  }

  #expire(what: string): void {
    this.#options.onExpiry(new RouterError('upstream_timeout', `Backend "${this.#options.backend}" ${what}`))
  }
}
