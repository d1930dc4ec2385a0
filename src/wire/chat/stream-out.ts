/** Events → Chat Completions chunks (reference 2.2), put together as text: a chunk's frame never changes. */
import type { RouterError } from '../../errors.ts'
import type { ReplyContext, StreamEncoder } from '../codec.ts'
import { unwrapCustomInput } from '../custom-tool.ts'
import { encodeErrorEnvelope } from '../error-envelope.ts'
import type { ChatEvent, FinishReason, Usage } from '../exchange.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { SSE_KEEP_ALIVE } from '../sse.ts'
import { isCustomTool } from './reply-out.ts'
import { encodeUsage } from './usage.ts'

/** What one choice (n > 1 has several) has said so far. */
class ChoiceState {
  hasRole = false
  hasToolCalls = false
  /** Custom tools' arguments by call: their text is inside JSON, so it can only be read when it is whole. */
  readonly customInputs = new Map<number, string>()
}

export class ChatStreamEncoder implements StreamEncoder {
  readonly #context: ReplyContext
  readonly #choices = new Map<number, ChoiceState>()
  #head = ''
  readonly #tail: string
  #usage: Usage | undefined

  constructor(context: ReplyContext) {
    this.#context = context
    // OpenAI writes `usage: null` on every chunk but the last when usage was asked for.
    this.#tail = context.request.includeUsage ? '],"usage":null}\n\n' : ']}\n\n'
  }

  encode(event: ChatEvent): string {
    switch (event.type) {
      case 'start':
        this.#setHead(event.id, event.model, event.createdAtSeconds)
        return ''
      case 'text':
        return this.#delta(event.choice, { content: event.text }, event.logprobs)
      case 'reasoning':
        return this.#delta(event.choice, { reasoning_content: event.text })
      case 'refusal':
        return this.#delta(event.choice, { refusal: event.text })
      case 'tool-start':
        return this.#toolStart(event)
      case 'tool-arguments':
        return this.#toolArguments(event)
      case 'finish':
        return this.#finish(event.choice, event.reason)
      case 'usage':
        // Held back: its place is behind the last finish, wherever the backend puts it.
        this.#usage = event.usage
        return ''
      case 'end':
        return `${this.#usageChunk()}data: [DONE]\n\n`
      case 'reasoning-seal':
      case 'error':
        break
    }
    // Chat has no place for a seal. A failure inside the stream is the reply stage's to judge: it calls `fail`, or tries elsewhere.
    return ''
  }

  fail(error: RouterError): string {
    return `data: ${encodeErrorEnvelope(error)}\n\n`
  }

  keepAlive(): string {
    return SSE_KEEP_ALIVE
  }

  #setHead(id: string, model: string, createdAtSeconds: number): void {
    const created = createdAtSeconds || this.#context.nowSeconds
    const fixed = { id: id || newId('chatcmpl-'), object: 'chat.completion.chunk', created }
    this.#head = `data: ${JSON.stringify({ ...fixed, model: model || this.#context.model }).slice(0, -1)},"choices":[`
  }

  #chunk(choices: string, tail = this.#tail): string {
    if (this.#head === '') this.#setHead('', '', 0)
    return this.#head + choices + tail
  }

  #delta(index: number, delta: JsonObject, logprobs: JsonValue = null): string {
    const role = this.#role(index, 'tool_calls' in delta)
    const rest = logprobs === null ? 'null' : JSON.stringify(logprobs)
    const choice = `{"index":${index},"delta":${JSON.stringify(delta)},"logprobs":${rest},"finish_reason":null}`
    return role + this.#chunk(choice)
  }

  /** The first chunk of a choice, written with its first content: before that the stream is not committed. */
  #role(index: number, isToolCall: boolean): string {
    const state = this.#state(index)
    if (state.hasRole) return ''
    state.hasRole = true
    const content = isToolCall ? 'null' : '""'
    const delta = `{"role":"assistant","content":${content},"refusal":null}`
    return this.#chunk(`{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":null}`)
  }

  #toolStart(event: Extract<ChatEvent, { type: 'tool-start' }>): string {
    const state = this.#state(event.choice)
    state.hasToolCalls = true
    const id = event.id || newId('call_')
    const { index, name } = event
    if (!isCustomTool(this.#context.request, name)) {
      const call = { index, id, type: 'function', function: { name, arguments: '' } }
      return this.#delta(event.choice, { tool_calls: [call] })
    }
    state.customInputs.set(index, '')
    return this.#delta(event.choice, {
      tool_calls: [{ index, id, type: 'custom', custom: { name, input: '' } }],
    })
  }

  #toolArguments(event: Extract<ChatEvent, { type: 'tool-arguments' }>): string {
    const { index, text } = event
    const inputs = this.#state(event.choice).customInputs
    const held = inputs.get(index)
    if (held === undefined) {
      return this.#delta(event.choice, { tool_calls: [{ index, function: { arguments: text } }] })
    }
    inputs.set(index, held + text)
    return ''
  }

  #finish(choice: number, reason: FinishReason): string {
    const state = this.#state(choice)
    let text = ''
    for (const [index, held] of state.customInputs) {
      text += this.#delta(choice, { tool_calls: [{ index, custom: { input: unwrapCustomInput(held) } }] })
    }
    state.customInputs.clear()
    const finish = state.hasToolCalls && reason === 'stop' ? 'tool_calls' : reason
    const last = `{"index":${choice},"delta":{},"logprobs":null,"finish_reason":"${finish}"}`
    return text + this.#role(choice, state.hasToolCalls) + this.#chunk(last)
  }

  #usageChunk(): string {
    if (this.#usage === undefined || !this.#context.request.includeUsage) return ''
    return this.#chunk('', `],"usage":${JSON.stringify(encodeUsage(this.#usage))}}\n\n`)
  }

  #state(index: number): ChoiceState {
    let state = this.#choices.get(index)
    if (state === undefined) {
      state = new ChoiceState()
      this.#choices.set(index, state)
    }
    return state
  }
}
