/** A Responses request, read as strictly as OpenAI reads it (reference 1.2 to 1.5). */
import { demandAnsweredCalls, demandStrictSchema } from './chat-hear.ts'
import {
  demand,
  fieldsOf,
  imageOfDataUrl,
  integerOf,
  jsonOf,
  listOf,
  nameOf,
  oneOf,
  onlyKeys,
  optional,
  stringOf,
  type Fields,
} from './demand.ts'
import { heardOf, type Call, type Heard, type Tool, type Turn } from './neutral.ts'

const KEYS =
  'model input instructions stream stream_options tools tool_choice parallel_tool_calls max_tool_calls text ' +
  'max_output_tokens temperature top_p top_logprobs reasoning include store metadata user safety_identifier ' +
  'prompt_cache_key service_tier truncation background previous_response_id'
const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const STATUSES = ['in_progress', 'completed', 'incomplete'] as const

export function hearResponses(body: Fields): Heard {
  onlyKeys(body, KEYS, 'responses')
  for (const option of Object.keys(fieldsOf(body['stream_options'] ?? {}, 'stream_options'))) {
    demand(option === 'include_obfuscation', `stream_options: unknown field ${option}`)
  }
  const instructions = optional(body['instructions'] ?? undefined, (text) => nameOf(text, 'instructions'))
  const turns: Turn[] = instructions === undefined ? [] : [{ role: 'system', text: instructions }]
  const { input } = body
  if (typeof input === 'string') turns.push({ role: 'user', text: input })
  else {
    for (const [index, item] of listOf(input, 'input').entries()) {
      hearItem(fieldsOf(item, `input[${index}]`), `input[${index}]`, turns)
    }
  }
  demandAnsweredCalls(turns)
  const reasoning = fieldsOf(body['reasoning'] ?? {}, 'reasoning')
  onlyKeys(reasoning, 'effort summary', 'reasoning')
  const effort = optional(reasoning['effort'], (value) =>
    oneOf(value, ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'], 'reasoning.effort'),
  )
  const limit = optional(body['max_output_tokens'], (value) => integerOf(value, 'max_output_tokens', 16))
  const tools = hearTools(body['tools'])
  demand(tools.length > 0 || body['tool_choice'] !== 'required', 'tool_choice: only with tools')
  const heard = heardOf({ turns, tools, stream: body['stream'] === true })
  return {
    ...heard,
    schema: hearSchema(body['text']),
    maxTokens: limit ?? null,
    effort: effort ?? null,
  }
}

function hearItem(item: Fields, where: string, turns: Turn[]): void {
  const type = oneOf(
    item['type'] ?? 'message',
    ['message', 'function_call', 'function_call_output', 'reasoning'],
    `${where}.type`,
  )
  const id = optional(item['id'] ?? undefined, (value) => nameOf(value, `${where}.id`))
  optional(item['status'] ?? undefined, (status) => oneOf(status, STATUSES, `${where}.status`))
  switch (type) {
    case 'message':
      return hearMessage(item, where, turns)
    case 'function_call': {
      demand(id === undefined || id.startsWith('fc_'), `${where}.id: must begin with fc`)
      onlyKeys(item, 'type id call_id name arguments status', where)
      const call = hearCall(item, where)
      addToAssistant(turns, (last) => ({ ...last, calls: [...(last.calls ?? []), call] }))
      return
    }
    case 'function_call_output': {
      onlyKeys(item, 'type id call_id output status', where)
      const text =
        typeof item['output'] === 'string' ? item['output'] : hearParts(item['output'], 'input', where).text
      turns.push({ role: 'tool', id: nameOf(item['call_id'], `${where}.call_id`), text })
      return
    }
    case 'reasoning':
      demand(id === undefined || id.startsWith('rs_'), `${where}.id: must begin with rs`)
      onlyKeys(item, 'type id summary content encrypted_content status', where)
      demand(
        item['encrypted_content'] === SEAL,
        `${where}: the encrypted content could not be verified, and without it the item is not known`,
      )
      addToAssistant(turns, (last) => ({ ...last, reasoning: hearSummary(item, where) }))
      break
  }
}

/** The only encrypted reasoning that this server ever gave out. */
export const SEAL = 'gAAAAABencryptedReasoning=='

type AssistantTurn = Turn & { readonly role: 'assistant' }

/** Thinking, text and calls are one turn, though each is an item. */
function addToAssistant(turns: Turn[], add: (last: AssistantTurn) => AssistantTurn): void {
  const last = turns.at(-1)
  if (last?.role === 'assistant') turns[turns.length - 1] = add(last)
  else turns.push(add({ role: 'assistant', text: '', calls: [] }))
}

function hearSummary(item: Fields, where: string): string {
  const parts = listOf(item['summary'], `${where}.summary`).map((value) => {
    const part = fieldsOf(value, `${where}.summary`)
    oneOf(part['type'], ['summary_text'], `${where}.summary type`)
    return stringOf(part['text'], `${where}.summary text`)
  })
  return parts.join('')
}

function hearMessage(item: Fields, where: string, turns: Turn[]): void {
  onlyKeys(item, 'type id role content status phase', where)
  const role = oneOf(item['role'], ['user', 'assistant', 'system', 'developer'], `${where}.role`)
  const side = role === 'assistant' ? 'output' : 'input'
  const { content } = item
  const { text, images } =
    typeof content === 'string' ? { text: content, images: [] } : hearParts(content, side, where)
  switch (role) {
    case 'user':
      turns.push({ role, text, images })
      return
    case 'assistant':
      addToAssistant(turns, (last) => ({ ...last, text: last.text + text }))
      return
    case 'system':
    case 'developer':
      break
  }
  turns.push({ role: 'system', text })
}

function hearParts(
  value: unknown,
  side: 'input' | 'output',
  where: string,
): { readonly text: string; readonly images: readonly string[] } {
  const texts: string[] = []
  const images: string[] = []
  for (const entry of listOf(value, `${where}.content`)) {
    const part = fieldsOf(entry, where)
    const types = side === 'input' ? (['input_text', 'input_image'] as const) : (['output_text'] as const)
    if (oneOf<string>(part['type'], types, `${where} part`) === 'input_image') {
      onlyKeys(part, 'type image_url detail', where)
      images.push(imageOfDataUrl(part['image_url'], `${where}.image_url`))
      oneOf(part['detail'] ?? 'auto', ['low', 'high', 'auto', 'original'], `${where}.detail`)
    } else {
      onlyKeys(part, side === 'input' ? 'type text' : 'type text annotations logprobs', where)
      texts.push(stringOf(part['text'], `${where}.text`))
    }
  }
  demand(texts.length + images.length > 0, `${where}.content: must not be empty`)
  return { text: texts.join('\n'), images }
}

function hearCall(item: Fields, where: string): Call {
  const id = nameOf(item['call_id'], `${where}.call_id`)
  demand(id.length <= 64, `${where}.call_id: at most 64 characters`)
  const name = nameOf(item['name'], `${where}.name`)
  demand(NAME.test(name), `${where}.name: not a name`)
  const text = stringOf(item['arguments'], `${where}.arguments`)
  return { id, name, arguments: fieldsOf(jsonOf(text, where), where) }
}

function hearTools(value: unknown): readonly Tool[] {
  return listOf(value ?? [], 'tools').map((entry) => {
    const tool = fieldsOf(entry, 'tools')
    onlyKeys(tool, 'type name description parameters strict', 'tools')
    oneOf(tool['type'], ['function'], 'tools.type')
    const name = nameOf(tool['name'], 'tools.name')
    demand(NAME.test(name), 'tools.name: not a name')
    const parameters = fieldsOf(tool['parameters'], 'tools.parameters')
    demandStrictSchema(tool['strict'], parameters)
    return { name, description: stringOf(tool['description'], 'tools.description'), parameters }
  })
}

function hearSchema(value: unknown): Fields | null {
  const text = fieldsOf(value ?? {}, 'text')
  onlyKeys(text, 'format verbosity', 'text')
  const format = fieldsOf(text['format'] ?? { type: 'text' }, 'text.format')
  if (format['type'] === 'text') return null
  oneOf(format['type'], ['json_schema'], 'text.format.type')
  onlyKeys(format, 'type name description schema strict', 'text.format')
  demand(NAME.test(nameOf(format['name'], 'text.format.name')), 'text.format.name: not a name')
  const schema = fieldsOf(format['schema'], 'text.format.schema')
  demandStrictSchema(format['strict'], schema)
  return schema
}
