/** Lines of Ollama's native stream → events. */
import { RouterError } from '../../errors.ts'
import type { Frame, StreamDecoder } from '../codec.ts'
import type { ChatEvent } from '../exchange.ts'
import { readFailure } from '../failure.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject, parseJson } from '../json.ts'
import { NdjsonFramer } from '../ndjson.ts'
import { decodeCreatedAt, decodeFinish, decodeLogprobs, decodeToolCalls, decodeUsage } from './answer.ts'

const NOTHING: readonly ChatEvent[] = []

export class OllamaStreamDecoder implements StreamDecoder {
  readonly #framer = new NdjsonFramer()
  #started = false
  #toolCalls = 0

  push(chunk: Buffer): readonly Frame[] {
    return this.#framer.push(chunk).map(({ raw, text }) => ({ raw, events: this.#decode(text) }))
  }

  /** A last line that was cut in its middle is left out: what it would have said is not known. */
  end(): readonly Frame[] {
    const whole = this.#framer.end().filter(({ text }) => isJsonObject(parseJson(text)))
    return whole.map(({ raw, text }) => ({ raw, events: this.#decode(text) }))
  }

  #decode(text: string): readonly ChatEvent[] {
    if (text === '') return NOTHING
    const line = parseJson(text)
    if (!isJsonObject(line)) {
      throw new RouterError('upstream_error', 'The backend sent a stream line that is not a JSON object.')
    }
    if (line['error'] !== undefined && line['error'] !== null) {
      const { code, contextOverflow } = readFailure(line)
      return [{ type: 'error', code, contextOverflow }]
    }
    const events: ChatEvent[] = []
    this.#start(line, events)
    if (isJsonObject(line['message'])) this.#decodeMessage(line['message'], line, events)
    if (line['done'] === true) {
      events.push(
        { type: 'finish', choice: 0, reason: decodeFinish(line['done_reason'], this.#toolCalls > 0) },
        { type: 'usage', usage: decodeUsage(line) },
        { type: 'end' },
      )
    }
    return events
  }

  #start(line: JsonObject, events: ChatEvent[]): void {
    if (this.#started) return
    this.#started = true
    const createdAtSeconds = decodeCreatedAt(line)
    events.push({ type: 'start', id: newId('chatcmpl-'), model: textOr(line['model'], ''), createdAtSeconds })
  }

  #decodeMessage(message: JsonObject, line: JsonObject, events: ChatEvent[]): void {
    const thinking = textOr(message['thinking'], '')
    if (thinking !== '') events.push({ type: 'reasoning', choice: 0, text: thinking })
    const text = textOr(message['content'], '')
    const logprobs = decodeLogprobs(line)
    if (text !== '') events.push({ type: 'text', choice: 0, text, logprobs })
    for (const call of decodeToolCalls(message)) {
      const index = this.#toolCalls++
      events.push(
        { type: 'tool-start', choice: 0, index, id: call.id, name: call.name },
        { type: 'tool-arguments', choice: 0, index, text: call.arguments },
      )
    }
  }
}
