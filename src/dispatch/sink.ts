import type { Target } from '../decide/decision.ts'
import type { RouterError } from '../errors.ts'
import type { Frame } from '../wire/codec.ts'
import type { Attempt } from './outcome.ts'

/** Where a streamed answer goes. Owned by dispatch, implemented by the reply stage. */
export interface StreamSink {
  /**
   * The first content is here: from now on no other target can answer (the commit point, DESIGN 2.7).
   * `failed` are the attempts before this one.
   */
  commit(target: Target, failed: readonly Attempt[]): void
  /** Whole frames in their order. `false`: the client is slower than the backend, wait for `onDrain`. */
  write(frames: readonly Frame[]): boolean
  onDrain(resume: () => void): void
  /** The answer is complete. */
  end(): void
  /** The answer broke off after the commit point: ends the stream with an error, never with a clean end. */
  fail(error: RouterError): void
}
