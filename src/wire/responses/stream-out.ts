/** Events → the exact event sequence of a Responses stream (reference 1.10), by the state machine of 3.1. */
import type { RouterError } from '../../errors.ts'
import type { Frame, ReplyContext, StreamEncoder } from '../codec.ts'
import type { ChatEvent, FinishReason, ReasoningSeal, Usage } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { CallItem, callFacts } from './call-item.ts'
import { EventWriter } from './event-writer.ts'
import type { OutputItem } from './event-writer.ts'
import { logprobList, MessageItem } from './message-item.ts'
import { PassedThrough } from './passed-through.ts'
import { ReasoningItem } from './reasoning-item.ts'
import { includes } from './request-in.ts'
import { failureJson, incompleteReason, ResponseObject, type ResponseState } from './response-object.ts'
import { ToolNames } from './tool-names.ts'
import { encodeUsage, estimateUsage } from './usage.ts'

export class ResponsesStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  #writer = new EventWriter()
  readonly #names: ToolNames
  readonly #startedMs: number
  #response: ResponseObject | undefined
  readonly #items: OutputItem[] = []
  /** Where text or thinking goes. Calls stay open beside it: they may interleave. */
  #open: MessageItem | ReasoningItem | undefined
  readonly #calls = new Map<number, CallItem>()
  /** White space before the first visible text: dropped when a tool call follows it. */
  #whiteSpace = ''
  #characters = 0
  #finish: FinishReason = 'stop'
  #usage: Usage | undefined
  #passed: PassedThrough | undefined
  #answer: string | null = null
  #ended = false

  constructor(context: ReplyContext) {
    this.#context = context
    this.#startedMs = context.elapsedMs()
    this.#names = new ToolNames(context.body)
  }

  encode(event: ChatEvent): string {
    // Responses has one answer, so n is always 1.
    if ('choice' in event && event.choice !== 0) return ''
    const begin = this.#begin(event.type === 'start' ? event.model : '')
    if ('text' in event) this.#characters += event.text.length
    return begin + this.#encode(event)
  }

  /** Terminal, so nothing may follow it, `[DONE]` included; and nothing is closed before it (1.10). */
  fail(error: RouterError): string {
    const begin = this.#begin('')
    const items = this.#passed?.items ?? this.#items.map((item) => item.toJson())
    this.#ended = true
    return (
      begin +
      this.#lifecycle('failed', { output: items.map(unfinished), usage: null, error: failureJson(error) })
    )
  }

  /** Comments do not reset codex's idle timer; a repeated `in_progress` does, and every client takes it (rule 6). */
  keepAlive(): string {
    if (this.#ended) return ''
    // The SDK takes the response of such an event for all there is: the items must be in it.
    const output = this.#items.map((item) => item.toJson())
    return this.#begin('') || this.#lifecycle('in_progress', { output, usage: null })
  }

  answer(): string | null {
    return this.#answer
  }

  passedThrough(frame: Frame): void {
    this.#passed ??= new PassedThrough()
    this.#passed.add(frame)
  }

  #encode(event: ChatEvent): string {
    switch (event.type) {
      case 'text':
        return this.#text(event.text, event.logprobs)
      case 'reasoning':
        return this.#reasoning(event.text)
      case 'refusal':
        return this.#inMessage((message) => message.addRefusal(event.text))
      case 'tool-start':
        return this.#toolStart(event.index, event.id, event.name)
      case 'tool-arguments':
        return this.#calls.get(event.index)?.add(event.text) ?? ''
      case 'finish':
        this.#finish = event.reason
        return this.#closeAll()
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'end':
        return this.#closeAll() + this.#terminal()
      case 'reasoning-seal':
        return this.#seal(event.seal)
      case 'start':
        this.#response?.answeredBy(event.model)
        break
      case 'error':
        break
    }
    return ''
  }

  #begin(model: string): string {
    if (this.#response !== undefined) return ''
    const started = this.#passed?.start
    this.#response = new ResponseObject(this.#context, started ?? { model })
    if (this.#passed !== undefined) this.#writer = new EventWriter(this.#passed.sequence)
    // The backend's own opening has gone out.
    if (started !== undefined) return ''
    const state = { output: [], usage: null }
    return this.#lifecycle('created', state) + this.#lifecycle('in_progress', state)
  }

  #text(text: string, logprobs: JsonValue | undefined): string {
    const before = this.#open instanceof MessageItem ? '' : this.#whiteSpace + text
    if (!(this.#open instanceof MessageItem) && before.trim() === '') {
      this.#whiteSpace = before
      return ''
    }
    this.#whiteSpace = ''
    const wanted = includes(this.#context.body, 'message.output_text.logprobs')
    return this.#inMessage((message) => message.addText(before || text, wanted ? logprobList(logprobs) : []))
  }

  #inMessage(write: (message: MessageItem) => string): string {
    if (this.#open instanceof MessageItem) return write(this.#open)
    const closing = this.#closeOpen()
    const message = new MessageItem(this.#writer, this.#items.length)
    this.#items.push(message)
    this.#open = message
    return closing + write(message)
  }

  #reasoning(text: string): string {
    return this.#inReasoning((item) => item.add(text))
  }

  /** Ends the thinking it stands behind; thinking that nobody may read is an item of the seal alone. */
  #seal(seal: ReasoningSeal): string {
    const isWanted = includes(this.#context.body, 'reasoning.encrypted_content')
    if (!isWanted && !(this.#open instanceof ReasoningItem)) return ''
    const text = this.#inReasoning((item) => item.seal(seal))
    return text + this.#closeOpen()
  }

  #inReasoning(write: (item: ReasoningItem) => string): string {
    if (this.#open instanceof ReasoningItem) return write(this.#open)
    const closing = this.#closeOpen()
    const isSealed = includes(this.#context.body, 'reasoning.encrypted_content')
    const item = new ReasoningItem(this.#writer, this.#items.length, isSealed)
    this.#items.push(item)
    this.#open = item
    return closing + write(item)
  }

  #toolStart(index: number, id: string, name: string): string {
    this.#whiteSpace = ''
    const closing = this.#closeOpen()
    const facts = callFacts(id, this.#names.origin(name))
    const call = new CallItem(this.#writer, this.#items.length, facts)
    this.#items.push(call)
    this.#calls.set(index, call)
    return closing + call.open()
  }

  #closeOpen(): string {
    const closing = this.#open?.close('completed') ?? ''
    this.#open = undefined
    return closing
  }

  /** Only the last item can be the one that was cut. */
  #closeAll(): string {
    const cut = incompleteReason(this.#finish) !== undefined
    // An answer of nothing at all is still a message: clients take the last one for the answer.
    const isEmpty = !cut && this.#items.every((item) => item instanceof ReasoningItem)
    let text = isEmpty ? this.#inMessage((message) => message.addText(this.#whiteSpace, [])) : ''
    this.#items.forEach((item, index) => {
      text += item.close(cut && index === this.#items.length - 1 ? 'incomplete' : 'completed')
    })
    this.#open = undefined
    return text
  }

  #terminal(): string {
    const reason = incompleteReason(this.#finish)
    const usage = this.#usage ?? estimateUsage(this.#context.estimatedInputTokens, this.#characters)
    const output = this.#items.map((item) => item.toJson())
    const name = reason === undefined ? 'completed' : 'incomplete'
    const answer = this.#responseJson(name, { output, usage: encodeUsage(usage), incompleteReason: reason })
    this.#answer = answer
    this.#ended = true
    return `${this.#writer.lifecycle(`response.${name}`, answer)}data: [DONE]\n\n`
  }

  #lifecycle(name: 'created' | 'in_progress' | 'failed', facts: LifecycleFacts): string {
    const status = name === 'created' ? 'in_progress' : name
    return this.#writer.lifecycle(`response.${name}`, this.#responseJson(status, facts))
  }

  #responseJson(status: ResponseState['status'], facts: LifecycleFacts): string {
    const elapsedSeconds = Math.floor((this.#context.elapsedMs() - this.#startedMs) / 1000)
    const completedAt = status === 'completed' ? this.#context.nowSeconds + elapsedSeconds : undefined
    return this.#response?.toJson({ ...facts, status, completedAt }) ?? 'null'
  }
}

type LifecycleFacts = Omit<ResponseState, 'status' | 'completedAt' | 'outputText'>

/** An item that a failure cut: no longer in progress, and not complete. */
function unfinished(item: JsonObject): JsonObject {
  return item['status'] === 'in_progress' ? { ...item, status: 'incomplete' } : item
}
