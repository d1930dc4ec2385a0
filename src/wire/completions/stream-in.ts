/** Chunks of a backend's completion → events. */
import { RouterError } from '../../errors.ts'
import { decodeFinish } from '../chat/finish.ts'
import { decodeUsage } from '../chat/usage.ts'
import type { Frame, StreamDecoder } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import { readFailure } from '../failure.ts'
import { textOr, tokenCount } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { isJsonArray, isJsonObject, parseJson } from '../json.ts'
import type { SseFrame } from '../sse.ts'
import { SseFramer } from '../sse.ts'
import { decodeLogprobs } from './logprobs.ts'

export class CompletionsStreamDecoder implements StreamDecoder {
  readonly #framer = new SseFramer()
  #started = false

  push(chunk: Buffer): readonly Frame[] {
    return this.#framer.push(chunk).map((frame) => this.#read(frame))
  }

  /** A last frame that was cut in its middle is left out: what it would have said is not known. */
  end(): readonly Frame[] {
    const whole = this.#framer.end().filter(({ data }) => isWhole(data ?? ''))
    return whole.map((frame) => this.#read(frame))
  }

  #read({ raw, data }: SseFrame): Frame {
    const events: ChatEvent[] = []
    if (data === '[DONE]') events.push({ type: 'end' })
    else if (data !== null && data !== '') this.#decode(data, events)
    return { raw, events }
  }

  #decode(data: string, events: ChatEvent[]): void {
    const chunk = parseJson(data)
    if (!isJsonObject(chunk)) {
      throw new RouterError('upstream_error', 'The backend sent a stream event that is not a JSON object.')
    }
    // `error: null` in a chunk is harmless.
    if ((chunk['error'] ?? null) !== null || chunk['object'] === 'error') {
      const { incapable: _, ...failure } = readFailure(chunk)
      events.push({ type: 'error', ...failure })
      return
    }
    const choices = chunk['choices']
    if (isJsonArray(choices) && choices.length > 0) {
      this.#start(chunk, events)
      for (const choice of choices) if (isJsonObject(choice)) decodeChoice(choice, events)
    }
    const usage = decodeUsage(chunk['usage'])
    if (usage !== undefined) events.push({ type: 'usage', usage })
  }

  #start(chunk: JsonObject, events: ChatEvent[]): void {
    if (this.#started) return
    this.#started = true
    events.push({
      type: 'start',
      id: textOr(chunk['id'], '') || newId('cmpl-'),
      model: textOr(chunk['model'], ''),
      createdAtSeconds: tokenCount(chunk['created']) ?? 0,
    })
  }
}

function isWhole(data: string): boolean {
  return data === '[DONE]' || isJsonObject(parseJson(data))
}

function decodeChoice(value: JsonObject, events: ChatEvent[]): void {
  const choice = tokenCount(value['index']) ?? 0
  const text = textOr(value['text'], '')
  const logprobs = decodeLogprobs(value['logprobs'])
  if (logprobs !== undefined) events.push({ type: 'text', choice, text, logprobs })
  else if (text !== '') events.push({ type: 'text', choice, text })
  const reason = value['finish_reason']
  if (typeof reason !== 'string' || reason === '') return
  events.push({ type: 'finish', choice, reason: decodeFinish(reason, false) })
}
