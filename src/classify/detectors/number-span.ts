import { isDigit } from '../characters.ts'
import type { Context } from './context.ts'

const SPACE = 32
const NOT_DIGITS = /\D/g

/**
 * One number as read so far; shortened group by group while nothing is found. What it says is put together only when
 * a detector asks for it: most numbers are ruled out by how many digits they have.
 */
export class NumberSpan {
  readonly text: string
  readonly start: number
  readonly context: Context
  end: number
  digitCount = 0
  #blanks = 0
  #allDigits: string | undefined

  constructor(text: string, start: number, end: number, context: Context) {
    this.text = text
    this.start = start
    this.end = end
    this.context = context
    for (let i = start; i < end; i += 1) {
      const code = text.charCodeAt(i)
      if (isDigit(code)) this.digitCount += 1
      else if (code === SPACE) this.#blanks += 1
    }
  }

  /** As written, separators included. */
  get written(): string {
    return this.text.slice(this.start, this.end)
  }

  get digits(): string {
    // Asked for the first time, the span may be shorter than it was; what it has by then is all that is needed.
    this.#allDigits ??= this.#separated ? this.written.replace(NOT_DIGITS, '') : this.written
    return this.#allDigits.slice(0, this.digitCount)
  }

  /** Digits with something between them that is no blank, as dates and addresses of machines have. */
  get isPunctuated(): boolean {
    return this.#blanks === 0 && this.#separated
  }

  get #separated(): boolean {
    return this.end - this.start > this.digitCount
  }

  /** Drops what stands behind the last blank; nothing is left when there is none. */
  shorten(): void {
    const { text, start } = this
    let end = this.end - 1
    let dropped = 0
    for (; end > start; end -= 1) {
      const code = text.charCodeAt(end)
      if (isDigit(code)) dropped += 1
      else if (code === SPACE) {
        this.#blanks -= 1
        if (isDigit(text.charCodeAt(end - 1))) break
      }
    }
    this.end = end
    this.digitCount = end > start ? this.digitCount - dropped : 0
  }
}
