/** A response object, read as strictly as the strictest client reads it (reference 1.7). */
import {
  allKeys,
  demand,
  fieldsOf,
  integerOf,
  jsonOf,
  listOf,
  nameOf,
  oneOf,
  optional,
  stringOf,
  type Fields,
} from './demand.ts'
import type { Answered, Call, Finish, Usage } from './neutral.ts'

const KEYS =
  'id object created_at completed_at status incomplete_details model previous_response_id instructions output ' +
  'error tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty ' +
  'top_logprobs temperature reasoning usage max_output_tokens max_tool_calls store background service_tier ' +
  'metadata safety_identifier prompt_cache_key'

/** A response object in whatever state, with every field that the Open Responses schema wants. */
export function readResponse(response: Fields): Fields {
  allKeys(response, KEYS, 'response')
  nameOf(response['id'], 'response.id')
  oneOf(response['object'], ['response'], 'response.object')
  integerOf(response['created_at'], 'response.created_at', 1)
  nameOf(response['model'], 'response.model')
  fieldsOf(fieldsOf(response['text'], 'response.text')['format'], 'response.text.format')
  for (const key of ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'top_logprobs']) {
    demand(typeof response[key] === 'number', `response.${key}: a number`)
  }
  for (const key of ['parallel_tool_calls', 'store', 'background']) {
    demand(typeof response[key] === 'boolean', `response.${key}: a boolean`)
  }
  for (const value of listOf(response['tools'], 'response.tools')) {
    const tool = fieldsOf(value, 'response.tools')
    if (tool['type'] === 'function') allKeys(tool, 'name description parameters strict', 'response.tools')
  }
  const isCompleted = response['status'] === 'completed'
  demand(isCompleted === (response['completed_at'] !== null), 'response.completed_at: with completed only')
  return response
}

/** What a completed or incomplete response says. */
export function readFinished(
  response: Fields,
): Pick<Answered, 'text' | 'reasoning' | 'seal' | 'calls' | 'finish' | 'usage'> {
  const status = oneOf(response['status'], ['completed', 'incomplete'], 'response.status')
  demand(response['error'] === null, 'response.error: null')
  let text = ''
  let reasoning = ''
  let seal: string | null = null
  const calls: Call[] = []
  const output = listOf(response['output'], 'output').map((value) => readItem(fieldsOf(value, 'output')))
  for (const item of output) {
    if (item.type === 'text') text += item.text
    else if (item.type === 'reasoning') {
      reasoning += item.text
      seal = item.seal
    } else calls.push(item.call)
  }
  let finish: Finish = calls.length > 0 ? 'tool_calls' : 'stop'
  if (status === 'incomplete') {
    const details = fieldsOf(response['incomplete_details'], 'incomplete_details')
    oneOf(details['reason'], ['max_output_tokens'], 'incomplete_details.reason')
    finish = 'length'
  } else demand(response['incomplete_details'] === null, 'incomplete_details: null')
  return { text, reasoning, seal, calls, finish, usage: readUsage(response['usage']) }
}

type Item =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string; readonly seal: string | null }
  | { readonly type: 'call'; readonly call: Call }

/** An item that is done. */
export function readItem(item: Fields): Item {
  const type = oneOf(item['type'], ['message', 'reasoning', 'function_call'], 'item.type')
  nameOf(item['id'], 'item.id')
  if (type === 'reasoning') {
    const seal = optional(item['encrypted_content'] ?? undefined, (text) => nameOf(text, 'encrypted_content'))
    const parts = listOf(item['summary'], 'item.summary').map((part) => readPart(part, 'summary_text'))
    return { type, text: parts.join(''), seal: seal ?? null }
  }
  oneOf(item['status'], ['completed', 'incomplete'], 'item.status')
  if (type === 'message') {
    oneOf(item['role'], ['assistant'], 'item.role')
    const parts = listOf(item['content'], 'item.content').map((part) => readPart(part, 'output_text'))
    return { type: 'text', text: parts.join('') }
  }
  const id = nameOf(item['call_id'], 'item.call_id')
  demand(/^[A-Za-z0-9_-]{1,64}$/.test(id), `item.call_id: ${id}`)
  const text = stringOf(item['arguments'], 'item.arguments')
  const name = nameOf(item['name'], 'item.name')
  return { type: 'call', call: { id, name, arguments: fieldsOf(jsonOf(text, 'arguments'), 'arguments') } }
}

export function readPart(value: unknown, type: string): string {
  const part = fieldsOf(value, 'part')
  oneOf(part['type'], [type], 'part.type')
  if (type === 'output_text') {
    listOf(part['annotations'], 'part.annotations')
    listOf(part['logprobs'], 'part.logprobs')
  }
  return stringOf(part['text'], 'part.text')
}

/** Without the details codex throws the whole response away (reference rule 4). */
function readUsage(value: unknown): Usage {
  const usage = fieldsOf(value, 'usage')
  const inputDetails = fieldsOf(usage['input_tokens_details'], 'input_tokens_details')
  const outputDetails = fieldsOf(usage['output_tokens_details'], 'output_tokens_details')
  const input = integerOf(usage['input_tokens'], 'input_tokens')
  const output = integerOf(usage['output_tokens'], 'output_tokens')
  demand(usage['total_tokens'] === input + output, 'total_tokens: not the sum')
  return {
    input,
    output,
    cached: integerOf(inputDetails['cached_tokens'], 'cached_tokens'),
    reasoning: integerOf(outputDetails['reasoning_tokens'], 'reasoning_tokens'),
  }
}
