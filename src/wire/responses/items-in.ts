/** `input` items → messages: a Responses turn is many items, a chat turn one message (reference 1.3). */
import { RouterError } from '../../errors.ts'
import { wrapCustomInput } from '../custom-tool.ts'
import type { ChatMessage, ChatRequest, ContentPart, ReasoningSeal, Role, ToolCall } from '../exchange.ts'
import { asObject, invalid, optionalString, requiredString, textOr } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { decodeSeal } from '../reasoning-seal.ts'
import { decodeContent, hasFileId } from './content-in.ts'
import { flatName } from './tool-names.ts'

const ROLES: Readonly<Record<string, Role>> = {
  user: 'user',
  assistant: 'assistant',
  system: 'system',
  developer: 'system',
}

/** History of tools that OpenAI ran itself: the text that follows them says what they found. */
const HOSTED = /_(?:call|call_output|list_tools|approval_request|approval_response)$/

interface Draft {
  readonly role: Role
  content: readonly ContentPart[]
  /** The items of thinking that led to it, and what they say. */
  thoughts?: number
  reasoning?: string | undefined
  reasoningSeal?: ReasoningSeal | undefined
  toolCalls?: ToolCall[] | undefined
  readonly toolCallId?: string | undefined
}

interface Thought {
  readonly text: string
  readonly seal: ReasoningSeal | undefined
}

export interface DecodedInput {
  readonly messages: readonly ChatMessage[]
  readonly dropped: readonly string[]
  readonly nativeOnly: ChatRequest['nativeOnly']
}

export class Conversation {
  readonly #messages: Draft[] = []
  readonly #dropped: string[] = []
  /** Thinking that waits for the assistant message it led to. */
  #thoughts: Thought[] = []
  #nativeOnly: ChatRequest['nativeOnly']
  /** Ids of calls, and whether the output of each is still to come. */
  readonly #calls = new Map<string, boolean>()

  addMessage(role: Role, content: readonly ContentPart[]): void {
    if (role === 'assistant') {
      const turn = this.#assistantTurn()
      turn.content = [...turn.content, ...content]
      return
    }
    // Thinking that nothing was said after led to nothing.
    this.#thoughts = []
    this.#messages.push({ role, content })
  }

  addItem(value: JsonValue, index: number): void {
    const param = `input[${index}]`
    const item = asObject(value, param)
    const type = item['type'] ?? (item['role'] === undefined ? 'item_reference' : 'message')
    if (typeof type !== 'string') throw invalid(`${param}.type`, 'a string')
    switch (type) {
      case 'message':
        return this.#addMessageItem(item, param)
      case 'function_call':
      case 'custom_tool_call':
        return this.#addCall(item, param)
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#addOutput(item, param)
      case 'reasoning':
        return this.#addThought(item)
      case 'item_reference':
        throw itemNotFound()
      default:
        if (!HOSTED.test(type)) this.#dropped.push(param)
    }
  }

  /** The turns, checked: a chat template fails on a call without its output just as OpenAI does. */
  finish(): DecodedInput {
    for (const [id, isOpen] of this.#calls) {
      if (isOpen) throw badPair(`No tool output found for function call ${shownId(id)}.`)
    }
    const messages = this.#messages.map(({ thoughts: _count, ...message }) => message)
    return { messages, dropped: this.#dropped, nativeOnly: this.#nativeOnly }
  }

  #addMessageItem(item: JsonObject, param: string): void {
    const name = requiredString(item, 'role', `${param}.role`)
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined
    if (role === undefined) throw invalid(`${param}.role`, 'one of user, assistant, system, developer')
    this.addMessage(role, this.#content(item['content'], `${param}.content`))
  }

  #content(value: JsonValue | undefined, param: string): readonly ContentPart[] {
    const parts = decodeContent(value, param)
    const at = parts.findIndex((part) => part.type === 'file' && hasFileId(part.value))
    if (at !== -1) {
      const why = 'a file that was uploaded to a provider is known there alone; send the data itself'
      this.#nativeOnly ??= { param: `${param}[${at}].file_id`, why }
    }
    return parts
  }

  #addThought(item: JsonObject): void {
    const text = reasoningText(item)
    const seal = decodeSeal(textOr(item['encrypted_content'], ''), 'responses')
    if (text !== '' || seal !== undefined) this.#thoughts.push({ text, seal })
  }

  #addCall(item: JsonObject, param: string): void {
    const id = requiredString(item, 'call_id', `${param}.call_id`)
    const namespace = optionalString(item, 'namespace', `${param}.namespace`)
    const name = flatName(requiredString(item, 'name', `${param}.name`), namespace)
    const isCustom = item['type'] === 'custom_tool_call'
    // Text as the model wrote it: it may be invalid JSON, and is nobody's fault by now (rule 12).
    const text = optionalString(item, isCustom ? 'input' : 'arguments', param) ?? ''
    const kind = isCustom ? 'custom' : 'function'
    const call: ToolCall = { id, name, arguments: isCustom ? wrapCustomInput(text) : text, namespace, kind }
    const turn = this.#assistantTurn()
    turn.toolCalls = [...(turn.toolCalls ?? []), call]
    this.#calls.set(id, true)
  }

  #addOutput(item: JsonObject, param: string): void {
    const id = requiredString(item, 'call_id', `${param}.call_id`)
    if (!this.#calls.has(id)) {
      throw badPair(`No tool call found for function call output with call_id ${shownId(id)}.`)
    }
    this.#calls.set(id, false)
    const content = this.#content(item['output'], `${param}.output`)
    this.#messages.push({ role: 'tool', content, toolCallId: id })
  }

  /** The assistant message that is being put together: text, calls and thinking of one turn are one message. */
  #assistantTurn(): Draft {
    let turn = this.#messages.at(-1)
    if (turn?.role !== 'assistant') {
      turn = { role: 'assistant', content: [] }
      this.#messages.push(turn)
    }
    if (this.#thoughts.length > 0) withThoughts(turn, this.#thoughts)
    this.#thoughts = []
    return turn
  }
}

function withThoughts(turn: Draft, thoughts: readonly Thought[]): void {
  turn.thoughts = (turn.thoughts ?? 0) + thoughts.length
  const texts = [turn.reasoning, ...thoughts.map(({ text }) => text)]
  turn.reasoning = texts.filter(Boolean).join('\n\n') || undefined
  // A seal is of its own piece of thinking, and would not fit several joined.
  turn.reasoningSeal = turn.thoughts === 1 ? thoughts[0]?.seal : undefined
}

/** The model's own words where the client kept them, else the summary. Either may be null (codex). */
function reasoningText(item: JsonObject): string {
  const read = (value: JsonValue | undefined) =>
    (isJsonArray(value) ? value : [])
      .flatMap((part) => (isJsonObject(part) && typeof part['text'] === 'string' ? [part['text']] : []))
      .join('\n\n')
  return read(item['content']) || read(item['summary'])
}

/** By id, not by place: the places are those of the whole conversation, which its client may never have sent. */
function badPair(message: string): RouterError {
  return new RouterError('invalid_value', message, { param: 'input' })
}

/** A program made it, not a person; still, no more of it than an id needs. */
function shownId(id: string): string {
  return id.slice(0, 64).replace(/[^\w.:-]/g, '_')
}

function itemNotFound(): RouterError {
  const message =
    'Item not found. Items are not persisted when `store` is set to false, and not kept for ever otherwise: send them whole.'
  return new RouterError('not_found', message, { param: 'input' })
}
