/** A stream of Chat Completions chunks → events, frame by frame, the bytes kept for passing through. */
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
import { decodeFinish } from './finish.ts'
import { ToolCallDeltas } from './tool-call-deltas.ts'
import { decodeUsage } from './usage.ts'

const NOTHING: readonly ChatEvent[] = []
const END: readonly ChatEvent[] = [{ type: 'end' }]

export class ChatStreamDecoder implements StreamDecoder {
  readonly #framer = new SseFramer()
  readonly #toolCalls = new Map<number, ToolCallDeltas>()
  #started = false

  push(chunk: Buffer): readonly Frame[] {
    const frames = this.#framer.push(chunk)
    // An event without data says nothing, and OpenAI's own package breaks on it.
    const sound = frames.some(isHollow) ? frames.filter((frame) => !isHollow(frame)) : frames
    return sound.map((frame) => ({ raw: frame.raw, events: this.#decode(frame) }))
  }

  /** A last frame that was cut in its middle is left out: what it would have said is not known. */
  end(): readonly Frame[] {
    const whole = this.#framer
      .end()
      .filter(({ data }) => data === '[DONE]' || isJsonObject(parseJson(data ?? '')))
    return whole.map((frame) => ({ raw: frame.raw, events: this.#decode(frame) }))
  }

  #decode({ data }: SseFrame): readonly ChatEvent[] {
    if (data === null || data === '') return NOTHING
    if (data === '[DONE]') return END
    const chunk = parseJson(data)
    if (!isJsonObject(chunk)) {
      throw new RouterError('upstream_error', 'The backend sent a stream event that is not a JSON object.')
    }
    if (isFailure(chunk)) {
      const { incapable: _, ...failure } = readFailure(chunk)
      return [{ type: 'error', ...failure }]
    }
    const events: ChatEvent[] = []
    const choices = chunk['choices']
    if (isJsonArray(choices) && choices.length > 0) {
      this.#start(chunk, events)
      for (const choice of choices) if (isJsonObject(choice)) this.#decodeChoice(choice, events)
    }
    const usage = decodeUsage(chunk['usage'])
    if (usage !== undefined) events.push({ type: 'usage', usage })
    return events
  }

  #start(chunk: JsonObject, events: ChatEvent[]): void {
    if (this.#started) return
    this.#started = true
    events.push({
      type: 'start',
      id: textOr(chunk['id'], '') || newId('chatcmpl-'),
      model: textOr(chunk['model'], ''),
      createdAtSeconds: tokenCount(chunk['created']) ?? 0,
    })
  }

  #decodeChoice(value: JsonObject, events: ChatEvent[]): void {
    const choice = tokenCount(value['index']) ?? 0
    const delta = value['delta']
    if (isJsonObject(delta)) {
      const reasoning = textOr(delta['reasoning_content'] ?? delta['reasoning'], '')
      if (reasoning !== '') events.push({ type: 'reasoning', choice, text: reasoning })
      pushText(value, delta['content'], choice, events)
      const refusal = textOr(delta['refusal'], '')
      if (refusal !== '') events.push({ type: 'refusal', choice, text: refusal })
      this.#decodeToolCalls(delta, choice, events)
    }
    const reason = value['finish_reason']
    if (typeof reason !== 'string' || reason === '') return
    events.push({
      type: 'finish',
      choice,
      reason: decodeFinish(reason, this.#toolCalls.get(choice)?.any ?? false),
    })
  }

  #decodeToolCalls(delta: JsonObject, choice: number, events: ChatEvent[]): void {
    const { tool_calls: calls, function_call: legacy } = delta
    if (isJsonArray(calls)) {
      for (const call of calls) if (isJsonObject(call)) this.#callsOf(choice).add(call, events)
    } else if (isJsonObject(legacy)) {
      this.#callsOf(choice).add({ index: 0, function: legacy }, events)
    }
  }

  #callsOf(choice: number): ToolCallDeltas {
    let calls = this.#toolCalls.get(choice)
    if (calls === undefined) {
      calls = new ToolCallDeltas(choice)
      this.#toolCalls.set(choice, calls)
    }
    return calls
  }
}

function isHollow({ data }: SseFrame): boolean {
  return data !== null && data.trim() === ''
}

/** `error: null` in a chunk is harmless (reference 2.2). */
function isFailure(chunk: JsonObject): boolean {
  const error = chunk['error']
  return (error !== undefined && error !== null) || chunk['object'] === 'error'
}

function pushText(
  value: JsonObject,
  content: JsonValue | undefined,
  choice: number,
  events: ChatEvent[],
): void {
  if (typeof content !== 'string') return
  const logprobs = value['logprobs']
  if (isJsonObject(logprobs)) events.push({ type: 'text', choice, text: content, logprobs })
  else if (content !== '') events.push({ type: 'text', choice, text: content })
}
