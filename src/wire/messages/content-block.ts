/** The kinds of content block of a streamed message, each while it is being said. */
import { argumentsObject } from '../call-arguments.ts'
import type { ReasoningSeal } from '../exchange.ts'
import type { JsonObject } from '../json.ts'
import { encodeSeal } from '../reasoning-seal.ts'
import { ObjectExtent } from './object-extent.ts'
import { toolUseBlock } from './reply-out.ts'
import { encodeThought } from './thinking-blocks.ts'

export interface ContentBlock {
  /** As `content_block_start` shows it. */
  readonly opening: JsonObject
  /** Nothing more can come, so the next block may begin. */
  readonly isWhole: boolean
  /** The deltas since the last call. */
  take(): JsonObject[]
  /** What has to come before its end. */
  closing(): JsonObject[]
}

/** Text that waits for its delta. */
class Pending {
  #text = ''

  add(text: string): void {
    this.#text += text
  }

  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }
}

export class TextBlock implements ContentBlock {
  readonly opening = { type: 'text', text: '' }
  readonly isWhole = true
  readonly #pending = new Pending()

  add(text: string): void {
    this.#pending.add(text)
  }

  take(): JsonObject[] {
    const text = this.#pending.take()
    return text === '' ? [] : [{ type: 'text_delta', text }]
  }

  closing(): JsonObject[] {
    return []
  }
}

export class ThinkingBlock implements ContentBlock {
  readonly opening = { type: 'thinking', thinking: '', signature: '' }
  readonly isWhole = true
  readonly #pending = new Pending()
  seal: ReasoningSeal | undefined

  add(text: string): void {
    this.#pending.add(text)
  }

  take(): JsonObject[] {
    const thinking = this.#pending.take()
    return thinking === '' ? [] : [{ type: 'thinking_delta', thinking }]
  }

  closing(): JsonObject[] {
    return [{ type: 'signature_delta', signature: encodeSeal(this.seal, 'messages') }]
  }
}

/** All of it is in its opening. */
export class RedactedBlock implements ContentBlock {
  readonly opening: JsonObject
  readonly isWhole = true

  constructor(seal: ReasoningSeal) {
    this.opening = encodeThought({ text: '', seal })[0] ?? {}
  }

  take(): JsonObject[] {
    return []
  }

  closing(): JsonObject[] {
    return []
  }
}

export class ToolBlock implements ContentBlock {
  readonly opening: JsonObject
  readonly #pending = new Pending()
  readonly #extent = new ObjectExtent()

  constructor(id: string, name: string) {
    this.opening = toolUseBlock({ id, name }, {})
  }

  get isWhole(): boolean {
    return this.#extent.isWhole
  }

  add(text: string): void {
    // Behind the end some models write on; it would make what stands before unreadable.
    if (!this.#extent.isWhole) this.#pending.add(this.#extent.add(text))
  }

  take(): JsonObject[] {
    return this.#extent.isBegun ? inputDelta(this.#pending.take()) : []
  }

  /** What is no object was held back: clients fail on it, so it is wrapped into one. */
  closing(): JsonObject[] {
    const held = this.#pending.take()
    return this.#extent.isOther ? inputDelta(JSON.stringify(argumentsObject(held))) : []
  }
}

function inputDelta(json: string): JsonObject[] {
  return json === '' ? [] : [{ type: 'input_json_delta', partial_json: json }]
}
