/** The client's end of one answer: bytes go out as slowly and in as small pieces as the faults want, until it is cut. */
import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { CutKind } from './body.ts'
import type { FullFault } from './fault.ts'
import { seeded } from './seeded.ts'

/** The client has closed the connection, or it was cut. */
export class Gone extends Error {}

/** How often a second something is sent under a limit of bandwidth. */
const PER_SECOND = 20

export class Wire {
  readonly #socket: Socket
  readonly #closed: Promise<never>
  readonly #onClose: () => void
  readonly #departure = new AbortController()
  readonly #draw: () => number
  readonly #most: number
  readonly #bytesPerSecond: number
  #isSilent = false
  sent = 0

  constructor(socket: Socket, faults: readonly FullFault[], seed: number) {
    this.#socket = socket
    this.#draw = seeded(seed)
    const of = (read: (fault: FullFault) => number): number =>
      faults.reduce((least, fault) => Math.min(least, read(fault)), Infinity)
    this.#most = of((fault) => (fault.kind === 'slice' ? Math.max(1, fault.most) : Infinity))
    this.#bytesPerSecond = of((fault) =>
      fault.kind === 'bandwidth' ? Math.max(1, fault.bytesPerSecond) : Infinity,
    )
    const { promise, reject } = Promise.withResolvers<never>()
    this.#closed = promise
    this.#onClose = () => {
      this.#departure.abort()
      reject(new Gone())
    }
    if (socket.destroyed) this.#onClose()
    socket.once('close', this.#onClose)
    this.#closed.catch(() => undefined)
  }

  /** Resolves when the bytes have left; rejects with {@link Gone} when nobody takes them any more. */
  async send(bytes: Buffer): Promise<void> {
    const perTurn = Math.max(1, Math.floor(this.#bytesPerSecond / PER_SECOND))
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + Math.min(this.#pieceSize(), perTurn))
      at += piece.length
      if (this.#isSilent) return await this.#closed
      await this.#write(piece)
      if (this.#bytesPerSecond !== Infinity) await this.wait((piece.length / this.#bytesPerSecond) * 1_000)
      else if (this.#most !== Infinity) await nextTurn()
    }
  }

  /** The connection lives on, and this answer is done with it. */
  release(): void {
    this.#socket.off('close', this.#onClose)
  }

  /** Waits; rejects with {@link Gone} when the client does not. */
  async wait(ms: number): Promise<void> {
    if (ms <= 0) return
    await pause(ms, undefined, { signal: this.#departure.signal }).catch(() => {
      throw new Gone()
    })
  }

  /** Breaks the answer off. Never returns but by throwing. */
  async cut(how: CutKind): Promise<never> {
    this.strike(how)
    if (how === 'silence') return await this.#closed
    throw new Gone()
  }

  /** The same, for a timer. */
  strike(how: CutKind): void {
    if (how === 'reset') this.#socket.resetAndDestroy()
    else if (how === 'silence') this.#isSilent = true
    else this.#socket.end()
  }

  #pieceSize(): number {
    return this.#most === Infinity ? Infinity : 1 + Math.floor(this.#draw() * this.#most)
  }

  async #write(piece: Buffer): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableEnded) throw new Gone()
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(piece, (error) => (error ? reject(new Gone()) : resolve()))
    })
    this.sent += piece.length
  }
}
