/** The events of a streamed message → events of the exchange, the bytes kept for passing through. */
import { RouterError } from '../../errors.ts'
import type { Frame, StreamDecoder } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import { readFailure } from '../failure.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonObject, parseJson } from '../json.ts'
import type { SseFrame } from '../sse.ts'
import { SseFramer } from '../sse.ts'
import { OpenCall } from './open-call.ts'
import { decodeStop } from './stop-reason.ts'
import { decodeSignature, decodeThought } from './thinking-blocks.ts'
import { decodeUsage } from './usage.ts'

const NOTHING: readonly ChatEvent[] = []

export class MessagesStreamDecoder implements StreamDecoder {
  readonly #framer = new SseFramer()
  /** By the block's index: llama.cpp opens a block before it stops the one before. */
  readonly #calls = new Map<number, OpenCall>()
  #callCount = 0
  #lastIndex = 0
  #started = false
  #finished = false
  #usageTold = false
  /** The counts so far; each report has some of them. */
  #usage: JsonObject = {}

  push(chunk: Buffer): readonly Frame[] {
    return this.#framer.push(chunk).map((frame) => ({ raw: frame.raw, events: this.#decode(frame) }))
  }

  /** A last event that was cut in its middle is left out: what it would have said is not known. */
  end(): readonly Frame[] {
    const whole = this.#framer.end().filter(({ data }) => isJsonObject(parseJson(data ?? '')))
    return whole.map((frame) => ({ raw: frame.raw, events: this.#decode(frame) }))
  }

  #decode({ event, data }: SseFrame): readonly ChatEvent[] {
    if (data === null || data === '' || data === '[DONE]') return NOTHING
    const message = parseJson(data)
    if (!isJsonObject(message)) {
      throw new RouterError('upstream_error', 'The backend sent a stream event that is not a JSON object.')
    }
    const events: ChatEvent[] = []
    this.#take(textOr(message['type'], event), message, events)
    return events
  }

  /** Unknown events are to be ignored, pings with them. */
  #take(type: string, message: JsonObject, events: ChatEvent[]): void {
    switch (type) {
      case 'message_start':
        return this.#start(message['message'], events)
      case 'content_block_start':
        return this.#blockStart(message, events)
      case 'content_block_delta':
        return this.#blockDelta(message, events)
      case 'content_block_stop':
        return this.#blockStop(this.#indexOf(message), events)
      case 'message_delta':
        return this.#messageDelta(message, events)
      case 'message_stop':
        return this.#stop(events)
      case 'error': {
        const { code, contextOverflow, promptTokens, contextTokens } = readFailure(message)
        events.push({ type: 'error', code, contextOverflow, promptTokens, contextTokens })
        return
      }
      default:
    }
  }

  #start(value: JsonValue | undefined, events: ChatEvent[]): void {
    const message = isJsonObject(value) ? value : {}
    this.#addUsage(message['usage'])
    if (this.#started) return
    this.#started = true
    const id = textOr(message['id'], '') || newId('msg_')
    events.push({ type: 'start', id, model: textOr(message['model'], ''), createdAtSeconds: 0 })
  }

  #blockStart(message: JsonObject, events: ChatEvent[]): void {
    const index = this.#indexOf(message, this.#lastIndex + 1)
    this.#lastIndex = index
    const block = message['content_block']
    if (!isJsonObject(block)) return
    if (block['type'] === 'tool_use') {
      this.#calls.set(index, new OpenCall(this.#callCount++, block, events))
      return
    }
    const thought = decodeThought(block)
    const text = thought?.text ?? (block['type'] === 'text' ? textOr(block['text'], '') : '')
    if (text !== '') events.push({ type: thought ? 'reasoning' : 'text', choice: 0, text })
    if (thought?.seal) events.push({ type: 'reasoning-seal', choice: 0, seal: thought.seal })
  }

  #blockDelta(message: JsonObject, events: ChatEvent[]): void {
    const delta = message['delta']
    if (!isJsonObject(delta)) return
    switch (textOr(delta['type'], '')) {
      case 'text_delta':
        return pushText('text', delta['text'], events)
      case 'thinking_delta':
        return pushText('reasoning', delta['thinking'], events)
      case 'signature_delta': {
        const seal = decodeSignature(delta['signature'])
        if (seal !== undefined) events.push({ type: 'reasoning-seal', choice: 0, seal })
        return
      }
      case 'input_json_delta':
        return this.#calls.get(this.#indexOf(message))?.add(textOr(delta['partial_json'], ''), events)
      default:
    }
  }

  #blockStop(index: number, events: ChatEvent[]): void {
    this.#calls.get(index)?.close(events)
    this.#calls.delete(index)
  }

  #messageDelta(message: JsonObject, events: ChatEvent[]): void {
    this.#addUsage(message['usage'])
    const delta = message['delta']
    if (isJsonObject(delta) && typeof delta['stop_reason'] === 'string') this.#finish(delta, events)
    this.#tellUsage(events)
  }

  #stop(events: ChatEvent[]): void {
    // Servers exist that leave `message_delta` out.
    this.#finish({}, events)
    if (!this.#usageTold) this.#tellUsage(events)
    events.push({ type: 'end' })
  }

  #finish(delta: JsonObject, events: ChatEvent[]): void {
    if (this.#finished) return
    this.#finished = true
    for (const index of this.#calls.keys()) this.#blockStop(index, events)
    const { finish, stopSequence } = decodeStop(delta, this.#callCount > 0)
    events.push({ type: 'finish', choice: 0, reason: finish, stopSequence })
  }

  #addUsage(value: JsonValue | undefined): void {
    if (!isJsonObject(value)) return
    const told = Object.entries(value).filter(([, count]) => count !== undefined && count !== null)
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) }
  }

  #tellUsage(events: ChatEvent[]): void {
    const usage = decodeUsage(this.#usage)
    if (usage === undefined) return
    this.#usageTold = true
    events.push({ type: 'usage', usage })
  }

  #indexOf(message: JsonObject, fallback = this.#lastIndex): number {
    return typeof message['index'] === 'number' ? message['index'] : fallback
  }
}

function pushText(type: 'text' | 'reasoning', text: JsonValue | undefined, events: ChatEvent[]): void {
  if (typeof text === 'string' && text !== '') events.push({ type, choice: 0, text })
}
