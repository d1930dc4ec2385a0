/** A Responses stream → events, frame by frame, the bytes kept for passing through (reference 3.2). */
import { RouterError } from '../../errors.ts'
import type { Frame, StreamDecoder } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import { readFailure } from '../failure.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject, parseJson } from '../json.ts'
import type { SseFrame } from '../sse.ts'
import { SseFramer } from '../sse.ts'
import { decodeFinish, hasFailed } from './output-in.ts'
import { StreamItems } from './stream-items.ts'
import { decodeUsage } from './usage.ts'

const NOTHING: readonly ChatEvent[] = []

export class ResponsesStreamDecoder implements StreamDecoder {
  readonly #framer = new SseFramer()
  readonly #items = new StreamItems()
  #started = false
  /** The terminal was seen: `[DONE]` and whatever else comes behind it says nothing more. */
  #ended = false

  push(chunk: Buffer): readonly Frame[] {
    return this.#framer.push(chunk).map((frame) => this.#frame(frame))
  }

  /** A last frame that was cut in its middle is left out: what it would have said is not known. */
  end(): readonly Frame[] {
    const whole = this.#framer
      .end()
      .filter(({ data }) => data === '[DONE]' || isJsonObject(parseJson(data ?? '')))
    return whole.map((frame) => this.#frame(frame))
  }

  #frame({ raw, data, event }: SseFrame): Frame {
    // `[DONE]` alone is no end: only a terminal event says how the answer ended.
    if (data === null || data === '' || data === '[DONE]' || this.#ended) return { raw, events: NOTHING }
    const value = parseJson(data)
    if (!isJsonObject(value)) {
      throw new RouterError('upstream_error', 'The backend sent a stream event that is not a JSON object.')
    }
    const response = isJsonObject(value['response']) ? value['response'] : undefined
    const type = textOr(value['type'], event)
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return { raw, events: this.#terminal(type, response ?? {}), answer: response }
      case 'response.failed':
        return { raw, events: this.#failure(response ?? {}), answer: response }
      case 'error':
        // The flat form's `type` is the event's, and no code.
        return { raw, events: this.#failure({ ...value, type: undefined }) }
      default:
        if (isJsonObject(value['error'])) return { raw, events: this.#failure(value) }
        return { raw, events: this.#step(type, value, response) }
    }
  }

  #step(type: string, value: JsonObject, response: JsonObject | undefined): readonly ChatEvent[] {
    if (!this.#read(type, value) && response === undefined) return NOTHING
    return [...this.#start(response ?? {}), ...this.#items.takeEvents()]
  }

  /** False for an event that says nothing about the answer. */
  #read(type: string, value: JsonObject): boolean {
    const items = this.#items
    const { told } = items
    const delta = textOr(value['delta'], '')
    switch (type) {
      case 'response.output_text.delta':
        items.of('message', value).addText(delta, told, logprobsOf(value))
        return true
      case 'response.refusal.delta':
        items.of('message', value).addRefusal(delta, told)
        return true
      case 'response.reasoning_summary_text.delta':
        items.of('reasoning', value).add(delta, 'summary', tokenCount(value['summary_index']) ?? 0, told)
        return true
      case 'response.reasoning_text.delta':
      case 'response.reasoning.delta':
        items.of('reasoning', value).add(delta, 'content', tokenCount(value['content_index']) ?? 0, told)
        return true
      case 'response.function_call_arguments.delta':
        items.of('function_call', value).add(delta, told)
        return true
      case 'response.function_call_arguments.done':
        items.of('function_call', value).finishArguments(textOr(value['arguments'], ''), told)
        return true
      case 'response.custom_tool_call_input.delta':
        items.of('custom_tool_call', value).add(delta, told)
        return true
      case 'response.custom_tool_call_input.done':
        items.of('custom_tool_call', value).finishArguments(textOr(value['input'], ''), told)
        return true
      case 'response.output_item.added':
        items.add(value)
        return true
      case 'response.output_item.done':
        items.finish(value)
        return true
      default:
        return false
    }
  }

  #start(response: JsonObject): ChatEvent[] {
    if (this.#started) return []
    this.#started = true
    const id = textOr(response['id'], '') || newId('resp_')
    const createdAtSeconds = tokenCount(response['created_at']) ?? 0
    return [{ type: 'start', id, model: textOr(response['model'], ''), createdAtSeconds }]
  }

  #terminal(type: string, response: JsonObject): readonly ChatEvent[] {
    if (hasFailed(response)) return this.#failure(response)
    this.#ended = true
    this.#items.finishAll(response['output'])
    const events = [...this.#start(response), ...this.#items.takeEvents()]
    const isCut = type === 'response.incomplete'
    const reason = decodeFinish(
      isCut ? { ...response, status: 'incomplete' } : response,
      this.#items.told.calls > 0,
    )
    events.push({ type: 'finish', choice: 0, reason })
    const usage = decodeUsage(response['usage'])
    if (usage !== undefined) events.push({ type: 'usage', usage })
    events.push({ type: 'end' })
    return events
  }

  #failure(body: JsonObject): readonly ChatEvent[] {
    this.#ended = true
    const { code, contextOverflow, promptTokens, contextTokens } = readFailure(body)
    return [{ type: 'error', code, contextOverflow, promptTokens, contextTokens }]
  }
}

/** Chat's shape of the list that Responses has. */
function logprobsOf({ logprobs }: JsonObject): { content: JsonValue } | undefined {
  return isJsonArray(logprobs) && logprobs.length > 0 ? { content: logprobs } : undefined
}
