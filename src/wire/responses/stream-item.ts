/** One output item of a stream that is being read: what of it has been told so far, and what its end still adds. */
import { wrapCustomInput } from '../custom-tool.ts'
import type { ChatEvent } from '../exchange.ts'
import { textOr } from '../fields.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import {
  callName,
  messageRefusal,
  messageText,
  PARAGRAPH,
  reasoningSeal,
  reasoningText,
  type ReasoningForm,
} from './output-in.ts'

/** What the items of one answer share. */
export interface Told {
  readonly events: ChatEvent[]
  calls: number
  anyText: boolean
  anyRefusal: boolean
  anyReasoning: boolean
}

export interface StreamItem {
  readonly type: string
  /** The whole item, as its last event has it; adds what no delta told. Safe to be called again. */
  finish(item: JsonObject, told: Told): void
}

/** What `whole` has beyond `known`; nothing when it is another text, since what was told cannot be taken back. */
function remainder(whole: string, known: string): string {
  return whole.length > known.length && whole.startsWith(known) ? whole.slice(known.length) : ''
}

export class IncomingMessage implements StreamItem {
  readonly type = 'message'
  #text = ''
  #refusal = ''

  addText(text: string, told: Told, logprobs?: JsonObject): void {
    if (text === '' && logprobs === undefined) return
    const isParagraph = this.#text === '' && told.anyText && text !== ''
    if (text !== '') told.anyText = true
    this.#text += text
    const event = { type: 'text', choice: 0, text: isParagraph ? PARAGRAPH + text : text } as const
    told.events.push(logprobs === undefined ? event : { ...event, logprobs })
  }

  addRefusal(text: string, told: Told): void {
    if (text === '') return
    const isParagraph = this.#refusal === '' && told.anyRefusal
    told.anyRefusal = true
    this.#refusal += text
    told.events.push({ type: 'refusal', choice: 0, text: isParagraph ? PARAGRAPH + text : text })
  }

  finish(item: JsonObject, told: Told): void {
    this.addText(remainder(messageText(item) ?? '', this.#text), told)
    this.addRefusal(remainder(messageRefusal(item), this.#refusal), told)
  }
}

export class IncomingReasoning implements StreamItem {
  readonly type = 'reasoning'
  #form: ReasoningForm | undefined
  #part = 0
  #text = ''
  #sealed = false

  /** Of the two forms the first to come is told. */
  add(text: string, form: ReasoningForm, part: number, told: Told): void {
    this.#form ??= form
    if (text === '' || form !== this.#form) return
    const isNewPart = part !== this.#part && this.#text !== ''
    this.#part = part
    this.#tell(isNewPart ? PARAGRAPH + text : text, told)
  }

  finish(item: JsonObject, told: Told): void {
    this.#tell(remainder(reasoningText(item, this.#form), this.#text), told)
    const seal = this.#sealed ? undefined : reasoningSeal(item)
    if (seal === undefined) return
    this.#sealed = true
    told.events.push({ type: 'reasoning-seal', choice: 0, seal })
  }

  #tell(text: string, told: Told): void {
    if (text === '') return
    const isParagraph = this.#text === '' && told.anyReasoning
    told.anyReasoning = true
    this.#text += text
    told.events.push({ type: 'reasoning', choice: 0, text: isParagraph ? PARAGRAPH + text : text })
  }
}

export class IncomingCall implements StreamItem {
  readonly type: string
  readonly #isCustom: boolean
  /** Undefined until the name has come. */
  #index: number | undefined
  #arguments = ''
  #isWhole = false

  constructor(type: string) {
    this.type = type
    this.#isCustom = type === 'custom_tool_call'
  }

  start(item: JsonObject, told: Told): void {
    const name = callName(item)
    if (this.#index !== undefined || name === undefined) return
    this.#index = told.calls++
    const id = textOr(item['call_id'], '') || textOr(item['id'], '') || newId('call_')
    told.events.push({ type: 'tool-start', choice: 0, index: this.#index, id, name })
    if (!this.#isCustom) this.#tell(this.#arguments, told)
  }

  /** A custom tool's free text is one JSON argument, which can only be written when it is whole. */
  add(text: string, told: Told): void {
    this.#arguments += text
    if (!this.#isCustom) this.#tell(text, told)
  }

  finishArguments(whole: string, told: Told): void {
    if (!this.#isCustom) return this.add(remainder(whole, this.#arguments), told)
    if (this.#isWhole || this.#index === undefined) return
    this.#isWhole = true
    this.#tell(wrapCustomInput(whole || this.#arguments), told)
  }

  finish(item: JsonObject, told: Told): void {
    this.start(item, told)
    this.finishArguments(textOr(this.#isCustom ? item['input'] : item['arguments'], ''), told)
  }

  #tell(text: string, { events }: Told): void {
    if (text === '' || this.#index === undefined) return
    events.push({ type: 'tool-arguments', choice: 0, index: this.#index, text })
  }
}
