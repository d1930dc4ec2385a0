/** Events → lines of Ollama's native stream (reference 6.3). */
import type { RouterError } from '../../errors.ts'
import type { ReplyContext, StreamEncoder } from '../codec.ts'
import type { ChatEvent, FinishReason, ToolCall, Usage } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import {
  encodeDuration,
  encodeFinish,
  encodeHead,
  encodeLogprobs,
  encodeToolCalls,
  encodeUsage,
} from './answer-out.ts'
import type { AnswerShape, Said } from './answer-shape.ts'
import { encodeLine } from './line-out.ts'

export class OllamaStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #shape: AnswerShape
  #head: JsonObject
  /** Held until they are whole: a client is given arguments as an object. Pieces of several calls may mix. */
  readonly #calls = new Map<number, ToolCall>()
  #characters = 0
  #finish: FinishReason | undefined
  #usage: Usage | undefined

  constructor(context: ReplyContext, shape: AnswerShape) {
    this.#context = context
    this.#shape = shape
    this.#head = encodeHead('', 0, context)
  }

  encode(event: ChatEvent): string {
    // There is one choice here; requests for more are answered elsewhere or told so.
    if ('choice' in event && event.choice !== 0) return ''
    switch (event.type) {
      case 'start':
        this.#head = encodeHead(event.model, event.createdAtSeconds, this.#context)
        return ''
      case 'text':
        return this.#text(event.text, event.logprobs)
      case 'refusal':
        return this.#text(event.text)
      case 'reasoning':
        this.#characters += event.text.length
        return this.#line({ content: '', thinking: event.text })
      case 'tool-start':
        this.#calls.set(event.index, { id: event.id, name: event.name, arguments: '' })
        return ''
      case 'tool-arguments':
        this.#addArguments(event.index, event.text)
        return ''
      case 'finish':
        this.#finish = event.reason
        return this.#wholeCalls()
      case 'usage':
        this.#usage = event.usage
        return ''
      case 'end':
        return this.#wholeCalls() + this.#last()
      case 'reasoning-seal':
      case 'error':
        break
    }
    // No place for a seal. A failure inside the stream is the reply stage's to judge: it calls `fail`, or tries elsewhere.
    return ''
  }

  fail(error: RouterError): string {
    return encodeLine({ error: error.message })
  }

  keepAlive(): string {
    return this.#line({ content: '' })
  }

  #text(content: string, logprobs?: JsonValue): string {
    this.#characters += content.length
    return this.#line({ content }, encodeLogprobs(logprobs))
  }

  #line(said: Said, logprobs?: JsonValue): string {
    return encodeLine({ ...this.#head, ...this.#shape.write(said), logprobs, done: false })
  }

  #addArguments(index: number, text: string): void {
    const call = this.#calls.get(index)
    if (call !== undefined) this.#calls.set(index, { ...call, arguments: call.arguments + text })
  }

  #wholeCalls(): string {
    if (this.#calls.size === 0) return ''
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) this.#characters += call.name.length + call.arguments.length
    return this.#line({ content: '', tool_calls: encodeToolCalls(calls) })
  }

  /** Of the durations only the whole is known: how long the backend loaded and read is not. */
  #last(): string {
    return encodeLine({
      ...this.#head,
      ...this.#shape.write({ content: '' }),
      done: true,
      done_reason: encodeFinish(this.#finish),
      total_duration: encodeDuration(this.#context.elapsedMs()),
      ...encodeUsage(this.#usage, this.#context, this.#characters),
    })
  }
}
