/**
 * What the demonstration backend says. A fixed text; or, for a request with tools whose newest user message holds a
 * line `call NAME {json}`, a call of that tool with those arguments; or, once the tool has answered, a sentence that
 * quotes the beginning of its output. So agents can be tried, tool loop included, without a model.
 */
import { isJsonArray, isJsonObject, parseJson, type JsonObject, type JsonValue } from '../wire/json.ts'
import type { DemoSettings } from './settings.ts'

export interface DemoAnswer {
  /** Pieces of the text, or of the call's arguments. */
  readonly tokens: readonly string[]
  readonly call: { readonly id: string; readonly name: string } | null
  readonly finish: 'stop' | 'length' | 'tool_calls'
}

const TEXT =
  'This is the demonstration backend of local-llm-router: no model is connected. Start Ollama or set a key, then start it again.'
const QUOTED_CHARACTERS = 200

/** The same settings and request give the same answer. */
export function demoAnswer(body: JsonObject, settings: DemoSettings): DemoAnswer {
  const news = newMessages(body)
  const output = news.findLast((message) => message['role'] === 'tool')
  if (output !== undefined) return textAnswer(quote(textOf(output['content'])), body, settings)
  return callAnswer(news, body) ?? textAnswer(TEXT, body, settings)
}

/** Everything since the model last spoke: programs add messages of their own after their user's. */
function newMessages(body: JsonObject): readonly JsonObject[] {
  const messages = isJsonArray(body['messages']) ? body['messages'].filter(isJsonObject) : []
  return messages.slice(messages.findLastIndex((message) => message['role'] === 'assistant') + 1)
}

function textAnswer(text: string, body: JsonObject, settings: DemoSettings): DemoAnswer {
  const words = text.match(/\s*(?:[^\s.,:]+|[.,:])/g) ?? []
  const wanted = settings.replyTokens ?? words.length
  const limit = [body['max_tokens'], body['max_completion_tokens']].find((value) => typeof value === 'number')
  const count = Math.min(wanted, typeof limit === 'number' ? limit : wanted)
  const tokens = Array.from({ length: count }, (_, i) => {
    const word = words[i % words.length] ?? ''
    return i > 0 && i % words.length === 0 ? ` ${word}` : word
  })
  return { tokens, call: null, finish: count < wanted ? 'length' : 'stop' }
}

/** Never shortened: half of a call is of no use to anyone. */
function callAnswer(news: readonly JsonObject[], body: JsonObject): DemoAnswer | null {
  const offered = body['tool_choice'] === 'none' ? [] : toolNames(body['tools'])
  if (offered.length === 0) return null
  for (const message of news.filter(({ role }) => role === 'user').toReversed()) {
    for (const line of textOf(message['content']).split('\n')) {
      const [, name = '', json = ''] = /^\s*call\s+(\S+)\s+(\{.*\})\s*$/.exec(line) ?? []
      const input = parseJson(json)
      if (!offered.includes(name) || !isJsonObject(input)) continue
      const tokens = JSON.stringify(input).match(/.{1,8}/gsu) ?? []
      // Unlike any earlier id of this conversation: clients tell calls apart by it.
      const id = `call_demo_${isJsonArray(body['messages']) ? body['messages'].length : 0}`
      return { tokens, call: { id, name }, finish: 'tool_calls' }
    }
  }
  return null
}

function toolNames(tools: JsonValue | undefined): readonly string[] {
  if (!isJsonArray(tools)) return []
  return tools.flatMap((tool) => {
    const definition = isJsonObject(tool) ? tool['function'] : undefined
    return isJsonObject(definition) && typeof definition['name'] === 'string' ? [definition['name']] : []
  })
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  const parts = isJsonArray(content) ? content.filter(isJsonObject) : []
  return parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join('\n')
}

function quote(output: string): string {
  // By characters: half of a surrogate pair would not survive UTF-8.
  const characters = Array.from(output.slice(0, 2 * QUOTED_CHARACTERS + 2))
  const start = characters.slice(0, QUOTED_CHARACTERS).join('').trim()
  if (start === '') return 'The tool ran and gave no output.'
  return `The tool's output begins with: ${start}${characters.length > QUOTED_CHARACTERS ? ' …' : ''}`
}
