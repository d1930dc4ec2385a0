/** A Messages request, read as strictly as Anthropic reads it (reference 4): it knows no field that it does not know. */
import type { IncomingHttpHeaders } from 'node:http'
import {
  base64Of,
  demand,
  fieldsOf,
  integerOf,
  listOf,
  nameOf,
  oneOf,
  onlyKeys,
  optional,
  type Fields,
} from './demand.ts'
import { heardOf, type Call, type Heard, type Tool, type Turn } from './neutral.ts'

const KEYS =
  'model max_tokens messages system tools tool_choice stop_sequences stream thinking output_config metadata ' +
  'temperature top_p top_k service_tier cache_control'
const ID = /^[a-zA-Z0-9_-]+$/
const NAME = /^[a-zA-Z0-9_-]{1,128}$/
/** The only signature of thinking that this server ever gave out. */
export const SIGNATURE = 'EqoBCkgIARABGAIiQSignature=='

export function hearMessages(body: Fields, headers: IncomingHttpHeaders): Heard {
  demand(headers['anthropic-version'] !== undefined, 'anthropic-version: header is required')
  onlyKeys(body, KEYS, 'messages')
  const maxTokens = integerOf(body['max_tokens'], 'max_tokens', 1)
  const messages = listOf(body['messages'], 'messages').map((entry) => fieldsOf(entry, 'messages'))
  demand(messages[0]?.['role'] === 'user', 'messages: the first one must be the user’s')
  const turns: Turn[] = hearSystem(body['system'])
  let open: readonly string[] = []
  for (const [index, message] of messages.entries()) {
    const where = `messages.${index}`
    onlyKeys(message, 'role content', where)
    const role = oneOf(message['role'], ['user', 'assistant'], `${where}.role`)
    demand(messages[index - 1]?.['role'] !== role, `${where}: roles must alternate`)
    const blocks = blocksOf(message['content'], where)
    if (role === 'assistant') {
      const turn = hearAssistant(blocks, where)
      turns.push(turn)
      open = (turn.calls ?? []).map((call) => call.id)
    } else {
      turns.push(...hearUser(blocks, where, open))
      open = []
    }
  }
  demand(open.length === 0, `tool_use without tool_result: ${open.join(', ')}`)
  const stop = (optional(body['stop_sequences'], (value) => listOf(value, 'stop_sequences')) ?? []).map(
    (text) => spoken(text, 'stop_sequences'),
  )
  const heard = heardOf({
    turns,
    tools: hearTools(body['tools']),
    stop,
    maxTokens,
    stream: body['stream'] === true,
  })
  hearThinking(body, maxTokens)
  const config = fieldsOf(body['output_config'] ?? {}, 'output_config')
  onlyKeys(config, 'effort format', 'output_config')
  const effort = optional(config['effort'], (value) =>
    oneOf(value, ['low', 'medium', 'high', 'xhigh', 'max'], 'output_config.effort'),
  )
  return { ...heard, effort: effort ?? null, schema: optional(config['format'], hearSchema) ?? null }
}

/** Not empty, and not of white space alone. */
function spoken(value: unknown, where: string): string {
  const text = nameOf(value, where)
  demand(text.trim() !== '', `${where}: must contain non-whitespace text`)
  return text
}

function blocksOf(content: unknown, where: string): readonly Fields[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  const blocks = listOf(content, `${where}.content`).map((block) => fieldsOf(block, where))
  demand(blocks.length > 0, `${where}.content: must not be empty`)
  return blocks
}

function hearText(block: Fields, where: string): string {
  oneOf(block['type'], ['text'], `${where}.type`)
  onlyKeys(block, 'type text cache_control citations', where)
  return spoken(block['text'], `${where}.text`)
}

function hearSystem(value: unknown): Turn[] {
  if (value === undefined) return []
  const text = blocksOf(value, 'system').map((block) => hearText(block, 'system'))
  return [{ role: 'system', text: text.join('\n\n') }]
}

function hearAssistant(blocks: readonly Fields[], where: string): Turn & { readonly role: 'assistant' } {
  const texts: string[] = []
  const calls: Call[] = []
  let reasoning = ''
  for (const block of blocks) {
    const type = oneOf(block['type'], ['text', 'tool_use', 'thinking'], `${where}.type`)
    if (type === 'text') texts.push(hearText(block, where))
    else if (type === 'thinking') {
      onlyKeys(block, 'type thinking signature', where)
      reasoning += nameOf(block['thinking'], `${where}.thinking`)
      demand(texts.length + calls.length === 0, `${where}: thinking must come first`)
      demand(block['signature'] === SIGNATURE, `${where}: invalid signature in thinking block`)
    } else {
      onlyKeys(block, 'type id name input cache_control', where)
      const id = nameOf(block['id'], `${where}.id`)
      demand(ID.test(id), `${where}.tool_use.id: ${id}`)
      calls.push({
        id,
        name: nameOf(block['name'], `${where}.name`),
        arguments: fieldsOf(block['input'], `${where}.input`),
      })
    }
  }
  return { role: 'assistant', text: texts.join('\n'), calls, reasoning }
}

/** The results of all calls of the turn before, ahead of anything else. */
function hearUser(blocks: readonly Fields[], where: string, open: readonly string[]): readonly Turn[] {
  const results: Turn[] = []
  const texts: string[] = []
  const images: string[] = []
  for (const block of blocks) {
    const type = oneOf(block['type'], ['text', 'image', 'tool_result'], `${where}.type`)
    if (type === 'text') texts.push(hearText(block, where))
    else if (type === 'image') images.push(hearImage(block, where))
    else {
      demand(texts.length + images.length === 0, `${where}: tool_result blocks must come first`)
      results.push(hearResult(block, where, open))
    }
  }
  demand(results.length === open.length, `${where}: tool_use ids without tool_result: ${open.join(', ')}`)
  if (texts.length + images.length === 0) return results
  return [...results, { role: 'user', text: texts.join('\n'), images }]
}

function hearResult(block: Fields, where: string, open: readonly string[]): Turn {
  onlyKeys(block, 'type tool_use_id content is_error cache_control', where)
  const id = nameOf(block['tool_use_id'], `${where}.tool_use_id`)
  demand(open.includes(id), `${where}: unexpected tool_use_id ${id}`)
  const { content } = block
  if (typeof content === 'string') return { role: 'tool', id, text: content }
  const texts = blocksOf(content, where).map((inner) => hearText(inner, where))
  return { role: 'tool', id, text: texts.join('\n') }
}

function hearImage(block: Fields, where: string): string {
  onlyKeys(block, 'type source cache_control', where)
  const source = fieldsOf(block['source'], `${where}.source`)
  onlyKeys(source, 'type media_type data', `${where}.source`)
  oneOf(source['type'], ['base64'], `${where}.source.type`)
  const types = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const
  oneOf(source['media_type'], types, `${where}.source.media_type`)
  return base64Of(source['data'], `${where}.source.data`)
}

function hearTools(value: unknown): readonly Tool[] {
  return (optional(value, (tools) => listOf(tools, 'tools')) ?? []).map((entry) => {
    const tool = fieldsOf(entry, 'tools')
    onlyKeys(tool, 'type name description input_schema cache_control strict', 'tools')
    oneOf(tool['type'] ?? 'custom', ['custom'], 'tools.type')
    const name = nameOf(tool['name'], 'tools.name')
    demand(NAME.test(name), `tools.name: ${name}`)
    const parameters = fieldsOf(tool['input_schema'], 'tools.input_schema')
    oneOf(parameters['type'], ['object'], 'tools.input_schema.type')
    return { name, description: nameOf(tool['description'], 'tools.description'), parameters }
  })
}

function hearThinking(body: Fields, maxTokens: number): void {
  if (body['thinking'] === undefined) return
  const thinking = fieldsOf(body['thinking'], 'thinking')
  const type = oneOf(thinking['type'], ['enabled', 'disabled', 'adaptive'], 'thinking.type')
  onlyKeys(thinking, type === 'enabled' ? 'type budget_tokens display' : 'type display', 'thinking')
  if (type === 'disabled') return
  demand((body['temperature'] ?? 1) === 1, 'temperature: may only be 1 when thinking is enabled')
  if (type !== 'enabled') return
  const budget = integerOf(thinking['budget_tokens'], 'thinking.budget_tokens', 1024)
  demand(budget < maxTokens, 'max_tokens: must be greater than thinking.budget_tokens')
}

function hearSchema(value: unknown): Fields {
  const format = fieldsOf(value, 'output_config.format')
  onlyKeys(format, 'type schema', 'output_config.format')
  oneOf(format['type'], ['json_schema'], 'output_config.format.type')
  const schema = fieldsOf(format['schema'], 'output_config.format.schema')
  demand(schema['additionalProperties'] === false, 'schema: additionalProperties must be false')
  return schema
}
