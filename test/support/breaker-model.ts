/** The breaker of reference 1.2 once more, from its text alone: a list of answers instead of buckets, no clock. */
import type { BreakerLimits } from '../../src/dispatch/breaker-settings.ts'
import type { BreakerSnapshot, Verdict } from '../../src/dispatch/breaker.ts'

/** What an admittance is good for: while the model is still in the same life. */
export interface Ticket {
  readonly life: object
  readonly probe: boolean
}

export class BreakerModel {
  nowMs = 0
  life: object = {}
  answers: { readonly atMs: number; readonly ok: boolean }[] = []
  run = 0
  closedAtMs: number | null = 0
  openUntilMs = 0
  pauseUntilMs = 0
  doublings = 0
  probe: Ticket | null = null
  readonly limits: BreakerLimits
  readonly random: () => number

  constructor(limits: BreakerLimits, random: () => number) {
    this.limits = limits
    this.random = random
  }

  shutMs(): number {
    return Math.ceil(
      Math.max(0, this.pauseUntilMs - this.nowMs, this.probe ? 0 : this.openUntilMs - this.nowMs),
    )
  }

  admit(): Ticket | number {
    if (this.shutMs() > 0) return this.shutMs()
    if (this.closedAtMs !== null) return { life: this.life, probe: false }
    if (this.probe !== null) return this.limits.openMs
    this.life = {}
    return (this.probe = { life: this.life, probe: true })
  }

  settle(ticket: Ticket, verdict: Verdict | 'released', retryAfterMs: number): void {
    const counts = ticket.life === this.life
    if (verdict === 'released' || verdict === 'ignored') {
      if (counts && ticket.probe) this.#live({ probe: null })
      return
    }
    if (counts && ticket.probe) {
      if (verdict === 'success') {
        this.#live({ probe: null, closedAtMs: this.nowMs, openUntilMs: 0, answers: [], run: 0 })
      } else this.#open()
    } else if (counts) {
      this.answers.push({ atMs: this.nowMs, ok: verdict === 'success' })
      if (verdict === 'success') this.run = 0
      if (verdict === 'failure') this.run++
      const { samples, rate } = this.#window()
      const isLow = samples >= this.limits.minSamples && rate !== null && rate < this.limits.minSuccessRate
      if (verdict !== 'success' && (isLow || this.run >= this.limits.consecutiveFailures)) this.#open()
    }
    const isOpen = this.closedAtMs === null && this.probe === null
    if (retryAfterMs > 0 && (verdict === 'throttled' || (verdict === 'failure' && isOpen))) {
      this.pauseUntilMs = Math.max(this.pauseUntilMs, this.nowMs + Math.min(600_000, retryAfterMs))
    }
  }

  snapshot(): BreakerSnapshot {
    const { samples, rate } = this.#window()
    const openForMs = this.shutMs()
    const state = openForMs > 0 ? 'open' : this.closedAtMs === null ? 'half-open' : 'closed'
    return {
      state,
      openForMs,
      consecutiveFailures: this.run,
      windowSamples: samples,
      windowSuccessRate: rate,
    }
  }

  #open(): void {
    if (this.closedAtMs !== null && this.nowMs - this.closedAtMs >= this.limits.windowMs) this.doublings = 0
    const { openMs, maxOpenMs, jitter } = this.limits
    const lengthMs = Math.min(openMs * 2 ** this.doublings++, maxOpenMs)
    const openUntilMs = this.nowMs + lengthMs * (1 - jitter * this.random())
    this.#live({ probe: null, closedAtMs: null, openUntilMs })
  }

  #live(
    change: Partial<Pick<BreakerModel, 'probe' | 'closedAtMs' | 'openUntilMs' | 'answers' | 'run'>>,
  ): void {
    Object.assign(this, change, { life: {} })
  }

  #window(): { readonly samples: number; readonly rate: number | null } {
    const bucketMs = this.limits.windowMs / 10
    const bucket = (ms: number): number => Math.floor(ms / bucketMs)
    const recent = this.answers.filter(({ atMs }) => bucket(this.nowMs) - bucket(atMs) < 10)
    const good = recent.filter(({ ok }) => ok).length
    return { samples: recent.length, rate: recent.length === 0 ? null : good / recent.length }
  }
}
