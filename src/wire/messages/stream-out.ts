/** Events → the event sequence of a streamed message (reference 4). */
import type { RouterError } from '../../errors.ts'
import type { ReplyContext, StreamEncoder } from '../codec.ts'
import type { ChatEvent, ReasoningSeal, Usage } from '../exchange.ts'
import { BlockQueue, messageEvent } from './block-queue.ts'
import { RedactedBlock, TextBlock, ThinkingBlock, ToolBlock } from './content-block.ts'
import { encodeMessagesError } from './error-out.ts'
import { messageId } from './reply-out.ts'
import { encodeStop, type Stop } from './stop-reason.ts'
import { encodeUsage, estimateUsage } from './usage.ts'

export class MessagesStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #queue = new BlockQueue()
  readonly #calls = new Map<number, ToolBlock>()
  /** The last piece of thinking: where a seal that comes belongs. */
  #thinking: ThinkingBlock | undefined
  /** Before the first visible text; dropped when a call follows, since blank text may not come back. */
  #whiteSpace = ''
  #characters = 0
  #started = false
  #ended = false
  #refused = false
  #stop: Stop = { finish: 'stop' }
  #usage: Usage | undefined

  constructor(context: ReplyContext) {
    this.#context = context
  }

  encode(event: ChatEvent): string {
    // Messages has one answer, so n is always 1.
    if (this.#ended || ('choice' in event && event.choice !== 0)) return ''
    if ('text' in event) this.#characters += event.text.length
    const start = event.type === 'start' ? this.#start(event.id, event.model) : this.#start('', '')
    this.#take(event)
    return start + (event.type === 'end' ? this.#end() : this.#queue.flush())
  }

  fail(error: RouterError): string {
    return `event: error\ndata: ${encodeMessagesError(error, this.#context.requestId)}\n\n`
  }

  keepAlive(): string {
    return messageEvent('ping')
  }

  #take(event: ChatEvent): void {
    switch (event.type) {
      case 'text':
        return this.#text(event.text)
      case 'refusal':
        this.#refused = true
        return this.#text(event.text)
      case 'reasoning':
        return this.#reasoning(event.text)
      case 'reasoning-seal':
        return this.#seal(event.seal)
      case 'tool-start':
        return this.#toolStart(event.index, event.id, event.name)
      case 'tool-arguments':
        return this.#calls.get(event.index)?.add(event.text)
      case 'finish':
        // Held back with the usage: both stand in one event, behind the last block.
        this.#stop = { finish: event.reason, stopSequence: event.stopSequence }
        return
      case 'usage':
        this.#usage = event.usage
        return
      case 'start':
      case 'error':
      case 'end':
        break
    }
  }

  #start(id: string, model: string): string {
    if (this.#started) return ''
    this.#started = true
    const message = {
      id: messageId(id),
      type: 'message',
      role: 'assistant',
      model: model || this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // The backend's own count mostly comes last, and then stands in `message_delta`.
      usage: encodeUsage(estimateUsage(this.#context.estimatedInputTokens, 0)),
    }
    return messageEvent('message_start', { message })
  }

  #text(text: string): void {
    const { last } = this.#queue
    if (last instanceof TextBlock) return last.add(text)
    this.#whiteSpace += text
    if (this.#whiteSpace.trim() === '') return
    const block = new TextBlock()
    block.add(this.#whiteSpace)
    this.#whiteSpace = ''
    this.#queue.begin(block)
  }

  #reasoning(text: string): void {
    if (text === '') return
    const isSamePiece = this.#thinking === this.#queue.last && this.#thinking?.seal === undefined
    this.#thoughts(isSamePiece).add(text)
  }

  #seal(seal: ReasoningSeal): void {
    if (seal.redacted === true) return this.#queue.begin(new RedactedBlock(seal))
    const isOfLast = this.#thinking !== undefined && this.#thinking.seal === undefined
    // Its thinking has gone out without it: under another piece it would be wrong.
    if (isOfLast && this.#thinking !== this.#queue.last) return
    this.#thoughts(isOfLast).seal = seal
  }

  #thoughts(isSamePiece: boolean): ThinkingBlock {
    if (isSamePiece && this.#thinking !== undefined) return this.#thinking
    const block = new ThinkingBlock()
    this.#thinking = block
    this.#queue.begin(block)
    return block
  }

  #toolStart(index: number, id: string, name: string): void {
    this.#whiteSpace = ''
    const block = new ToolBlock(id, name)
    this.#calls.set(index, block)
    this.#queue.begin(block)
  }

  #end(): string {
    this.#ended = true
    const usage = this.#usage ?? estimateUsage(this.#context.estimatedInputTokens, this.#characters)
    const stop: Stop = this.#refused ? { finish: 'content_filter' } : this.#stop
    return (
      this.#queue.closeAll() +
      messageEvent('message_delta', {
        delta: encodeStop(stop, this.#calls.size > 0),
        usage: encodeUsage(usage),
      }) +
      messageEvent('message_stop')
    )
  }
}
