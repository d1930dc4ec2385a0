/** A request to `/api/chat`, read as strictly as Ollama's own structs read it (reference 6.3). */
import { hearTools } from './chat-hear.ts'
import {
  base64Of,
  demand,
  fieldsOf,
  integerOf,
  listOf,
  nameOf,
  oneOf,
  optional,
  stringOf,
  type Fields,
} from './demand.ts'
import { heardOf, type Call, type Heard, type Turn } from './neutral.ts'

export function hearOllama(body: Fields): Heard {
  const turns: Turn[] = []
  /** Calls without a result yet, in order: results need not name theirs by id. */
  const open: Call[] = []
  for (const [index, value] of listOf(body['messages'], 'messages').entries()) {
    const where = `messages[${index}]`
    const message = fieldsOf(value, where)
    const role = oneOf(message['role'], ['system', 'user', 'assistant', 'tool'], `${where}.role`)
    const text = optional(message['content'], (content) => stringOf(content, `${where}.content`)) ?? ''
    if (role === 'user') turns.push({ role, text, images: hearImages(message['images'], where) })
    else if (role === 'system') turns.push({ role, text })
    else if (role === 'assistant') {
      const calls = hearCalls(message['tool_calls'], `${where}.tool_calls`, `${index}`)
      open.push(...calls)
      const reasoning = stringOf(message['thinking'] ?? '', `${where}.thinking`)
      turns.push({ role, text, calls, reasoning })
    } else turns.push({ role, id: takeCall(message, open, where).id, text })
  }
  const think = body['think']
  demand(
    think === undefined ||
      typeof think === 'boolean' ||
      ['low', 'medium', 'high', 'max'].includes(think as string),
    'think: a boolean or low, medium, high, max',
  )
  const options = fieldsOf(body['options'] ?? {}, 'options')
  const limit = optional(options['num_predict'], (value) => integerOf(value, 'options.num_predict', -2))
  const stop = listOf(options['stop'] ?? [], 'options.stop').map((text) => nameOf(text, 'options.stop'))
  const heard = heardOf({ turns, tools: hearTools(body['tools']), stop, stream: body['stream'] !== false })
  return {
    ...heard,
    maxTokens: limit === undefined || limit < 0 ? null : limit,
    effort: typeof think === 'string' ? think : null,
    schema: hearFormat(body['format']),
  }
}

function hearImages(value: unknown, where: string): readonly string[] {
  return listOf(value ?? [], `${where}.images`).map((image) => base64Of(image, `${where}.images`))
}

function hearCalls(value: unknown, where: string, salt: string): readonly Call[] {
  return listOf(value ?? [], where).map((entry, index) => {
    const call = fieldsOf(entry, where)
    const called = fieldsOf(call['function'], `${where}.function`)
    return {
      id: optional(call['id'], (id) => stringOf(id, `${where}.id`)) || `${salt}.${index}`,
      name: nameOf(called['name'], `${where}.name`),
      arguments: fieldsOf(called['arguments'], `${where}.arguments`),
    }
  })
}

function takeCall(message: Fields, open: Call[], where: string): Call {
  const id = optional(message['tool_call_id'], (value) => stringOf(value, `${where}.tool_call_id`)) ?? ''
  const name = optional(message['tool_name'], (value) => stringOf(value, `${where}.tool_name`)) ?? ''
  demand(id !== '' || name !== '', `${where}: a result that names no call`)
  const byId = open.findIndex((call) => call.id === id)
  const at = byId === -1 ? open.findIndex((call) => call.name === name) : byId
  const [call] = at === -1 ? [] : open.splice(at, 1)
  demand(call !== undefined, `${where}: a result of no call`)
  demand(name === '' || name === call.name, `${where}.tool_name: ${name}, but it answers ${call.name}`)
  return call
}

function hearFormat(value: unknown): Fields | null {
  return value === undefined || value === null || value === '' ? null : fieldsOf(value, 'format')
}
