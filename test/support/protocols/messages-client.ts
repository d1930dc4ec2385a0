/** Asks by Messages and reads the answer as strictly as the strictest client does (reference 4). */
import { allKeys, demand, fieldsOf, listOf, nameOf, oneOf, stringOf, type Fields } from './demand.ts'
import { emptyAnswer, objectOf, post, type Reply } from './http.ts'
import { readError, readMessagesStream, readUsage, STOPS, toolUse } from './messages-stream.ts'
import type { Answered, Ask, Call, Turn } from './neutral.ts'

const HEADERS = { 'anthropic-version': '2023-06-01', 'x-api-key': 'none' }

export async function askMessages(origin: string, ask: Ask): Promise<Answered> {
  const reply = await post(`${origin}/v1/messages`, messagesBody(ask), HEADERS)
  if (reply.status !== 200) return readRefusal(reply)
  return ask.stream ? readMessagesStream(reply) : readWhole(reply)
}

/** `max_tokens` has to be there, whatever was wished. */
function messagesBody(ask: Ask): Fields {
  const system = ask.turns.flatMap((turn) =>
    turn.role === 'system' ? [{ type: 'text', text: turn.text }] : [],
  )
  const output = {
    ...(ask.effort && { effort: ask.effort }),
    ...(ask.schema && { format: { type: 'json_schema', schema: ask.schema } }),
  }
  return {
    model: ask.model ?? 'auto',
    max_tokens: ask.maxTokens ?? 4096,
    ...(system.length > 0 && { system }),
    messages: messagesOf(ask.turns),
    stream: ask.stream,
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: parameters,
      })),
    }),
    ...(ask.stop && { stop_sequences: ask.stop }),
    ...(ask.effort && { thinking: { type: 'adaptive' } }),
    ...(Object.keys(output).length > 0 && { output_config: output }),
  }
}

/** One message for all turns of one side. */
function messagesOf(turns: readonly Turn[]): readonly Fields[] {
  const messages: { role: string; content: Fields[] }[] = []
  for (const turn of turns) {
    if (turn.role === 'system') continue
    const role = turn.role === 'assistant' ? 'assistant' : 'user'
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...blocks(turn))
    else messages.push({ role, content: [...blocks(turn)] })
  }
  return messages
}

function blocks(turn: Turn): readonly Fields[] {
  if (turn.role === 'tool') return [{ type: 'tool_result', tool_use_id: turn.id, content: turn.text }]
  const text = turn.text === '' ? [] : [{ type: 'text', text: turn.text }]
  if (turn.role === 'assistant') {
    const calls = (turn.calls ?? []).map(({ id, name, arguments: input }) => ({
      type: 'tool_use',
      id,
      name,
      input,
    }))
    const thought = turn.reasoning
      ? [{ type: 'thinking', thinking: turn.reasoning, signature: turn.seal ?? '' }]
      : []
    return [...thought, ...text, ...calls]
  }
  const images = turn.role === 'user' ? (turn.images ?? []) : []
  return [
    ...images.map((data) => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })),
    ...text,
  ]
}

function readRefusal(reply: Reply): Answered {
  const body = objectOf(reply)
  const error = readError(body)
  nameOf(body['request_id'], 'request_id')
  demand(
    reply.headers.has('request-id') || !reply.headers.has('x-llr-request-id'),
    'request-id: no such header',
  )
  return { ...emptyAnswer(reply), error }
}

function readWhole(reply: Reply): Answered {
  const body = objectOf(reply)
  allKeys(body, 'id type role model content stop_reason stop_sequence usage', 'message')
  nameOf(body['id'], 'id')
  nameOf(body['model'], 'model')
  oneOf(body['type'], ['message'], 'type')
  oneOf(body['role'], ['assistant'], 'role')
  let text = ''
  let reasoning = ''
  let seal: string | null = null
  const calls: Call[] = []
  for (const value of listOf(body['content'], 'content')) {
    const block = fieldsOf(value, 'content')
    const type = oneOf(block['type'], ['text', 'thinking', 'tool_use'], 'content.type')
    if (type === 'text') text += nameOf(block['text'], 'content.text')
    else if (type === 'thinking') {
      reasoning += nameOf(block['thinking'], 'content.thinking')
      seal = stringOf(block['signature'], 'content.signature')
    } else calls.push(toolUse(block, fieldsOf(block['input'], 'content.input')))
  }
  return {
    ...emptyAnswer(reply),
    text,
    reasoning,
    seal,
    calls,
    finish: STOPS[oneOf(body['stop_reason'], ['end_turn', 'max_tokens', 'tool_use'], 'stop_reason')],
    usage: readUsage(fieldsOf(body['usage'], 'usage')),
    terminated: true,
  }
}
