/**
 * The bytes of a frame that has not ended yet. Chunks that hold whole frames are never copied; a frame that
 * arrives in many pieces is copied a constant number of times, not once a piece (one-byte chunks of a 1 MiB
 * frame would otherwise move 500 GB).
 */
import { RouterError } from '../errors.ts'

/** Longest frame of a stream: an image that OpenAI made comes as one event of some megabytes. */
export const MAX_FRAME_BYTES = 8_388_608

const EMPTY = Buffer.alloc(0)

export function frameTooLong(): RouterError {
  return new RouterError('upstream_error', 'The backend sent a stream frame over 8 MiB.')
}

export class PendingBytes {
  #storage: Buffer = EMPTY
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was kept, and `chunk` behind it. The view is good until the next call of `join`. */
  join(chunk: Buffer): Buffer {
    if (this.#length === 0) {
      this.#storage = chunk
      return chunk
    }
    const needed = this.#length + chunk.length
    if (needed > this.#storage.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#length * 2))
      this.#storage.copy(grown, 0, 0, this.#length)
      this.#storage = grown
    }
    chunk.copy(this.#storage, this.#length)
    return this.#storage.subarray(0, needed)
  }

  /** Keeps `joined` from `start` on. */
  keep(joined: Buffer, start: number): void {
    const length = joined.length - start
    if (length > MAX_FRAME_BYTES) throw frameTooLong()
    // Once a frame was handed out the storage is the receiver's: a view of exact length makes the next join copy.
    if (length === 0) this.#storage = EMPTY
    else if (start > 0) this.#storage = joined.subarray(start)
    this.#length = length
  }

  /** Hands over what is left and forgets it. */
  take(): Buffer {
    const rest = this.#storage.subarray(0, this.#length)
    this.#storage = EMPTY
    this.#length = 0
    return rest
  }
}
