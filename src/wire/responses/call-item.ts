/** A tool call: a function's, or a custom tool's, whose free text a model wrote as one JSON argument. */
import { unwrapCustomInput } from '../custom-tool.ts'
import { newId } from '../ids.ts'
import type { JsonObject } from '../json.ts'
import { safeCallId } from './call-id.ts'
import type { EventWriter, ItemStatus, OutputItem } from './event-writer.ts'
import type { ToolOrigin } from './tool-names.ts'

export interface CallFacts {
  readonly id: string
  readonly callId: string
  readonly origin: ToolOrigin
}

export function callFacts(callId: string, origin: ToolOrigin): CallFacts {
  return { id: newId(origin.isCustom ? 'ctc_' : 'fc_'), callId: safeCallId(callId), origin }
}

export function callJson(facts: CallFacts, argumentsText: string, status: ItemStatus): JsonObject {
  const { id, callId, origin } = facts
  const { name, namespace } = origin
  if (origin.isCustom) {
    const input = argumentsText === '' ? '' : unwrapCustomInput(argumentsText)
    return { id, type: 'custom_tool_call', status, call_id: callId, name, namespace, input }
  }
  return { id, type: 'function_call', status, call_id: callId, name, namespace, arguments: argumentsText }
}

export class CallItem implements OutputItem {
  readonly #writer: EventWriter
  readonly #index: number
  readonly #facts: CallFacts
  #arguments = ''
  #status: ItemStatus = 'in_progress'

  constructor(writer: EventWriter, index: number, facts: CallFacts) {
    this.#writer = writer
    this.#index = index
    this.#facts = facts
  }

  open(): string {
    return this.#writer.event('response.output_item.added', {
      output_index: this.#index,
      item: this.toJson(),
    })
  }

  add(delta: string): string {
    this.#arguments += delta
    // A custom tool's text can only be read out of its JSON when that is whole.
    return this.#facts.origin.isCustom ? '' : this.#event('response.function_call_arguments.delta', { delta })
  }

  close(status: ItemStatus): string {
    if (this.#status !== 'in_progress') return ''
    this.#status = status
    const item = this.toJson()
    return (
      this.#closeArguments(item) +
      this.#writer.event('response.output_item.done', { output_index: this.#index, item })
    )
  }

  toJson(): JsonObject {
    return callJson(this.#facts, this.#arguments, this.#status)
  }

  #closeArguments(item: JsonObject): string {
    const { input, name } = item
    if (this.#facts.origin.isCustom) {
      return (
        this.#event('response.custom_tool_call_input.delta', { delta: input }) +
        this.#event('response.custom_tool_call_input.done', { input })
      )
    }
    return this.#event('response.function_call_arguments.done', { name, arguments: this.#arguments })
  }

  #event(type: string, fields: JsonObject): string {
    return this.#writer.event(type, { item_id: this.#facts.id, output_index: this.#index, ...fields })
  }
}
