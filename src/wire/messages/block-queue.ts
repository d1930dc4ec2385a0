/**
 * Puts blocks on the wire one behind the other, as the protocol has them: the first is being said, what comes for
 * later ones waits until it is whole. Backends may interleave the arguments of parallel calls.
 */
import type { JsonObject } from '../json.ts'
import type { ContentBlock } from './content-block.ts'

export function messageEvent(type: string, fields: JsonObject = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

export class BlockQueue {
  readonly #blocks: ContentBlock[] = []
  /** Of the first of them. */
  #index = 0
  #isOpen = false

  /** The one that began last, said or not. */
  get last(): ContentBlock | undefined {
    return this.#blocks.at(-1)
  }

  begin(block: ContentBlock): void {
    this.#blocks.push(block)
  }

  /** Everything that may be said by now. */
  flush(): string {
    let events = ''
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      events += this.#say(block)
      if (this.#blocks.length === 1 || !block.isWhole) break
      events += this.#close(block)
    }
    return events
  }

  /** Nothing more comes. */
  closeAll(): string {
    let events = ''
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      events += this.#say(block) + this.#close(block)
    }
    return events
  }

  #say(block: ContentBlock): string {
    let events = ''
    if (!this.#isOpen) {
      this.#isOpen = true
      events = messageEvent('content_block_start', { index: this.#index, content_block: block.opening })
    }
    return events + this.#deltas(block.take())
  }

  #close(block: ContentBlock): string {
    const closing = this.#deltas(block.closing())
    const events = closing + messageEvent('content_block_stop', { index: this.#index })
    this.#blocks.shift()
    this.#index++
    this.#isOpen = false
    return events
  }

  #deltas(deltas: readonly JsonObject[]): string {
    return deltas.map((delta) => messageEvent('content_block_delta', { index: this.#index, delta })).join('')
  }
}
