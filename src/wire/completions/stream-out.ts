/** Events → chunks of a completion: text, and nothing else. */
import type { RouterError } from '../../errors.ts'
import type { ReplyContext, StreamEncoder } from '../codec.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import type { ChatEvent, Usage } from '../exchange.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { SSE_KEEP_ALIVE } from '../sse.ts'
import { encodeFinish, encodeHead, encodeUsage } from './answer-out.ts'
import { characters, encodeLogprobs } from './logprobs.ts'

export class CompletionsStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  #head: JsonObject | undefined
  #usage: Usage | undefined
  /** How much of each choice's text is written, which `text_offset` counts from. */
  readonly #written = new Map<number, number>()

  constructor(context: ReplyContext) {
    this.#context = context
  }

  encode(event: ChatEvent): string {
    switch (event.type) {
      case 'start':
        this.#head = encodeHead(event, this.#context)
        return ''
      case 'text':
        return this.#text(event.choice, event.text, event.logprobs)
      case 'refusal':
        return this.#text(event.choice, event.text)
      case 'finish':
        return this.#choice(event.choice, {
          text: '',
          logprobs: null,
          finish_reason: encodeFinish(event.reason),
        })
      case 'usage':
        // Held back: its place is behind the last finish, wherever the backend puts it.
        this.#usage = event.usage
        return ''
      case 'end':
        return `${this.#usageChunk()}data: [DONE]\n\n`
      case 'reasoning':
      case 'reasoning-seal':
      case 'tool-start':
      case 'tool-arguments':
      case 'error':
        break
    }
    // A failure inside the stream is the reply stage's to judge: it calls `fail`, or tries elsewhere.
    return ''
  }

  fail(error: RouterError): string {
    return `data: ${encodeErrorEnvelope(error)}\n\n`
  }

  keepAlive(): string {
    return SSE_KEEP_ALIVE
  }

  #text(choice: number, text: string, logprobs?: JsonValue): string {
    const offset = this.#written.get(choice) ?? 0
    this.#written.set(choice, offset + characters(text))
    return this.#choice(choice, { text, logprobs: encodeLogprobs(logprobs, offset), finish_reason: null })
  }

  #choice(index: number, fields: JsonObject): string {
    // OpenAI writes `usage: null` on every chunk but the last when usage was asked for.
    const usage = this.#context.request.includeUsage ? null : undefined
    return this.#chunk({ choices: [{ index, ...fields }], usage })
  }

  #usageChunk(): string {
    if (this.#usage === undefined || !this.#context.request.includeUsage) return ''
    return this.#chunk({ choices: [], usage: encodeUsage(this.#usage) })
  }

  #chunk(fields: JsonObject): string {
    this.#head ??= encodeHead({ id: '', model: '', createdAtSeconds: 0 }, this.#context)
    return `data: ${JSON.stringify({ ...this.#head, ...fields })}\n\n`
  }
}
