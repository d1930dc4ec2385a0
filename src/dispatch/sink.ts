import type { Target } from '../decide/decision.ts'
import type { RouterError } from '../errors.ts'
import type { Frame } from '../wire/codec.ts'
import type { Attempt } from './outcome.ts'
import type { Outbound } from './outbound.ts'

/** Where a streamed answer goes. Owned by dispatch, implemented by the reply stage. */
export interface StreamSink {
  /** When the client last heard of us, on the monotonic clock. */
  readonly lastSignAtMs: number
  /**
   * Tells the client that it is worth waiting. Before the commit point this sends the status, 200, and no more: any
   * target can still answer, only an error can then no longer be a status.
   */
  keepAlive(target: Target, failed: readonly Attempt[], outbound: Outbound): void
  /** The status has been sent. */
  isOpen(): boolean
  /**
   * The first content is here: from now on no other target can answer (the commit point, DESIGN 2.7).
   * `failed` are the attempts before this one.
   */
  commit(target: Target, failed: readonly Attempt[], outbound: Outbound): void
  /** Whole frames in their order. `false`: the client is slower than the backend, wait for `onDrain`. */
  write(frames: readonly Frame[]): boolean
  onDrain(resume: () => void): void
  /** The answer is complete. */
  end(): void
  /** The answer broke off after the status was sent: ends the stream with an error, never with a clean end. */
  fail(error: RouterError): void
}
