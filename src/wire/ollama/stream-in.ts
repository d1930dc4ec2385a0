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
import type { AnswerShape, Said } from './answer-shape.ts'
import { CHAT_SHAPE } from './answer-shape.ts'
import { decodeCreatedAt, decodeFinish, decodeLogprobs, decodeToolCalls, decodeUsage } from './answer.ts'

const NOTHING: readonly ChatEvent[] = []

export class OllamaStreamDecoder implements StreamDecoder {
  readonly #framer = new NdjsonFramer()
  readonly #shape: AnswerShape
  #started = false
  #toolCalls = 0

  constructor(shape: AnswerShape = CHAT_SHAPE) {
    this.#shape = shape
  }

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
      const { incapable: _, ...failure } = readFailure(line)
      return [{ type: 'error', ...failure }]
    }
    const events: ChatEvent[] = []
    this.#start(line, events)
    const said = this.#shape.read(line)
    if (said !== undefined) this.#decodeSaid(said, line, events)
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

  #decodeSaid(said: Said, line: JsonObject, events: ChatEvent[]): void {
    const thinking = textOr(said['thinking'], '')
    if (thinking !== '') events.push({ type: 'reasoning', choice: 0, text: thinking })
    const text = textOr(said['content'], '')
    const logprobs = decodeLogprobs(line)
    if (text !== '' || logprobs !== undefined) events.push({ type: 'text', choice: 0, text, logprobs })
    for (const call of decodeToolCalls(said)) {
      const index = this.#toolCalls++
      events.push(
        { type: 'tool-start', choice: 0, index, id: call.id, name: call.name },
        { type: 'tool-arguments', choice: 0, index, text: call.arguments },
      )
    }
  }
}
