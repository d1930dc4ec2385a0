/** A Chat Completions request, read as strictly as OpenAI reads it, but for the older `max_tokens` beside the newer. */
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
  'model messages stream stream_options tools tool_choice parallel_tool_calls response_format max_tokens ' +
  'max_completion_tokens temperature top_p presence_penalty frequency_penalty seed stop n logprobs top_logprobs ' +
  'reasoning_effort user store metadata service_tier prompt_cache_key'
const NAME = /^[a-zA-Z0-9_-]{1,64}$/

export function hearChat(body: Fields): Heard {
  onlyKeys(body, KEYS, 'chat')
  const stream = body['stream'] === true
  const hasTools = body['tools'] !== undefined
  demand(stream || body['stream_options'] === undefined, 'stream_options: only with stream')
  for (const key of ['tool_choice', 'parallel_tool_calls']) {
    demand(hasTools || body[key] === undefined, `${key}: only with tools`)
  }
  const turns = listOf(body['messages'], 'messages').map((message, index) =>
    hearMessage(fieldsOf(message, `messages[${index}]`), `messages[${index}]`),
  )
  demand(turns.length > 0, 'messages: must not be empty')
  demandAnsweredCalls(turns)
  const limits = [body['max_completion_tokens'], body['max_tokens']].flatMap((limit) =>
    limit === undefined ? [] : [integerOf(limit, 'max_tokens', 1)],
  )
  const stop = body['stop']
  const effort = optional(body['reasoning_effort'], (value) =>
    oneOf(value, ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'], 'reasoning_effort'),
  )
  const heard = heardOf({ turns, tools: hearTools(body['tools']), stream })
  return {
    ...heard,
    schema: hearSchema(body['response_format']),
    maxTokens: limits.length === 0 ? null : Math.min(...limits),
    stop: typeof stop === 'string' ? [stop] : (optional(stop, hearStop) ?? []),
    effort: effort ?? null,
  }
}

function hearStop(value: unknown): readonly string[] {
  const stop = listOf(value, 'stop').map((text) => nameOf(text, 'stop'))
  demand(stop.length >= 1 && stop.length <= 4, 'stop: one to four')
  return stop
}

function hearMessage(message: Fields, where: string): Turn {
  onlyKeys(message, 'role content name refusal tool_calls tool_call_id reasoning_content reasoning', where)
  const role = oneOf(message['role'], ['system', 'developer', 'user', 'assistant', 'tool'], `${where}.role`)
  const { content } = message
  switch (role) {
    case 'user':
      return hearUser(content, where)
    case 'assistant': {
      const calls = optional(message['tool_calls'], (value) => hearCalls(value, `${where}.tool_calls`))
      const thought = message['reasoning_content'] ?? message['reasoning'] ?? ''
      const reasoning = stringOf(thought, `${where}.reasoning_content`)
      if (content === null || content === undefined) {
        demand(calls !== undefined, `${where}.content: missing`)
        return { role, text: '', calls, reasoning }
      }
      return { role, text: textOf(content, where), calls: calls ?? [], reasoning }
    }
    case 'tool':
      return {
        role,
        id: nameOf(message['tool_call_id'], `${where}.tool_call_id`),
        text: textOf(content, where),
      }
    case 'system':
    case 'developer':
      break
  }
  return { role: 'system', text: textOf(content, where) }
}

function hearUser(content: unknown, where: string): Turn {
  if (typeof content === 'string') return { role: 'user', text: content }
  const texts: string[] = []
  const images: string[] = []
  for (const value of listOf(content, `${where}.content`)) {
    const part = fieldsOf(value, where)
    const type = oneOf(part['type'], ['text', 'image_url'], `${where} part`)
    if (type === 'text') {
      onlyKeys(part, 'type text', where)
      texts.push(stringOf(part['text'], `${where}.text`))
      continue
    }
    onlyKeys(part, 'type image_url', where)
    const image = fieldsOf(part['image_url'], `${where}.image_url`)
    onlyKeys(image, 'url detail', `${where}.image_url`)
    images.push(imageOfDataUrl(image['url'], `${where}.image_url.url`))
  }
  demand(texts.length + images.length > 0, `${where}.content: must not be empty`)
  return { role: 'user', text: texts.join('\n'), images }
}

/** A string, or text parts. */
function textOf(content: unknown, where: string): string {
  if (typeof content === 'string') return content
  const parts = listOf(content, `${where}.content`).map((value) => {
    const part = fieldsOf(value, where)
    oneOf(part['type'], ['text'], `${where} part`)
    return stringOf(part['text'], `${where}.text`)
  })
  return parts.join('\n')
}

function hearCalls(value: unknown, where: string): readonly Call[] {
  const calls = listOf(value, where)
  demand(calls.length > 0, `${where}: must not be empty`)
  return calls.map((item) => {
    const call = fieldsOf(item, where)
    onlyKeys(call, 'id type function', where)
    oneOf(call['type'], ['function'], `${where}.type`)
    const called = fieldsOf(call['function'], `${where}.function`)
    onlyKeys(called, 'name arguments', `${where}.function`)
    const text = stringOf(called['arguments'], `${where}.arguments`)
    return {
      id: nameOf(call['id'], `${where}.id`),
      name: nameOf(called['name'], `${where}.name`),
      arguments: fieldsOf(jsonOf(text, where), where),
    }
  })
}

/** Every call is answered before anybody else speaks, and nothing but calls is answered. */
export function demandAnsweredCalls(turns: readonly Turn[]): void {
  const open = new Set<string>()
  for (const turn of turns) {
    if (turn.role === 'tool') {
      demand(open.delete(turn.id), `a tool result answers no call of the message before it: ${turn.id}`)
      continue
    }
    demand(open.size === 0, `calls without a result: ${[...open].join(', ')}`)
    if (turn.role === 'assistant') for (const { id } of turn.calls ?? []) open.add(id)
  }
  demand(open.size === 0, `calls without a result: ${[...open].join(', ')}`)
}

/** Tool definitions as Chat and Ollama write them. */
export function hearTools(value: unknown): readonly Tool[] {
  if (value === undefined) return []
  const tools = listOf(value, 'tools')
  demand(tools.length > 0, 'tools: must not be empty')
  return tools.map((item) => {
    const tool = fieldsOf(item, 'tools')
    onlyKeys(tool, 'type function', 'tools')
    oneOf(tool['type'], ['function'], 'tools.type')
    const defined = fieldsOf(tool['function'], 'tools.function')
    onlyKeys(defined, 'name description parameters strict', 'tools.function')
    demand(NAME.test(nameOf(defined['name'], 'tools.name')), 'tools.name: not a name')
    demandStrictSchema(defined['strict'], fieldsOf(defined['parameters'], 'tools.parameters'))
    return {
      name: nameOf(defined['name'], 'tools.name'),
      description: stringOf(defined['description'], 'tools.description'),
      parameters: fieldsOf(defined['parameters'], 'tools.parameters'),
    }
  })
}

/** `strict` is a promise about the schema that OpenAI checks. */
export function demandStrictSchema(strict: unknown, schema: Fields): void {
  const isClosed = schema['additionalProperties'] === false
  demand(strict !== true || isClosed, "strict: 'additionalProperties' is required to be false")
}

function hearSchema(value: unknown): Fields | null {
  if (value === undefined) return null
  const format = fieldsOf(value, 'response_format')
  if (format['type'] === 'text') return null
  oneOf(format['type'], ['json_schema'], 'response_format.type')
  onlyKeys(format, 'type json_schema', 'response_format')
  const named = fieldsOf(format['json_schema'], 'response_format.json_schema')
  onlyKeys(named, 'name description schema strict', 'response_format.json_schema')
  demand(NAME.test(nameOf(named['name'], 'json_schema.name')), 'json_schema.name: not a name')
  const schema = fieldsOf(named['schema'], 'json_schema.schema')
  demandStrictSchema(named['strict'], schema)
  return schema
}
