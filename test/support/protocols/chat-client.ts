/** Asks by Chat Completions and reads the answer as strictly as the strictest client does (reference 2.1, 2.2). */
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
import { demandType, emptyAnswer, eventsOf, objectOf, post, type Reply } from './http.ts'
import type { Answered, Ask, Call, Finish, Turn, Usage } from './neutral.ts'

const FINISHES: readonly Finish[] = ['stop', 'length', 'tool_calls']

export async function askChat(origin: string, ask: Ask): Promise<Answered> {
  const reply = await post(`${origin}/v1/chat/completions`, chatBody(ask))
  if (reply.status !== 200) return { ...emptyAnswer(reply), error: readEnvelope(objectOf(reply)) }
  return ask.stream ? readStream(reply) : readWhole(reply)
}

function chatBody(ask: Ask): Fields {
  return {
    model: ask.model ?? 'auto',
    messages: ask.turns.map(message),
    stream: ask.stream,
    ...(ask.stream && { stream_options: { include_usage: true } }),
    ...(ask.tools && { tools: ask.tools.map((tool) => ({ type: 'function', function: tool })) }),
    ...(ask.schema && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: ask.schema, strict: true },
      },
    }),
    ...(ask.maxTokens !== undefined && { max_completion_tokens: ask.maxTokens }),
    ...(ask.stop && { stop: ask.stop }),
    ...(ask.effort && { reasoning_effort: ask.effort }),
  }
}

function message(turn: Turn): Fields {
  switch (turn.role) {
    case 'user':
      if (turn.images === undefined) return { role: 'user', content: turn.text }
      return {
        role: 'user',
        content: [
          { type: 'text', text: turn.text },
          ...turn.images.map((image) => ({
            type: 'image_url',
            image_url: { url: `data:image/png;base64,${image}` },
          })),
        ],
      }
    case 'assistant':
      if (turn.calls === undefined) return { role: 'assistant', content: turn.text }
      return {
        role: 'assistant',
        content: turn.text === '' ? null : turn.text,
        ...(turn.reasoning && { reasoning_content: turn.reasoning }),
        tool_calls: turn.calls.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: JSON.stringify(call.arguments) },
        })),
      }
    case 'tool':
      return { role: 'tool', tool_call_id: turn.id, content: turn.text }
    case 'system':
      break
  }
  return { role: 'system', content: turn.text }
}

function readWhole(reply: Reply): Answered {
  const body = objectOf(reply)
  demandHead(body, 'chat.completion')
  const choices = listOf(body['choices'], 'choices')
  demand(choices.length === 1, 'choices: one')
  const choice = fieldsOf(choices[0], 'choices[0]')
  allKeys(choice, 'index message logprobs finish_reason', 'choices[0]')
  const said = fieldsOf(choice['message'], 'message')
  allKeys(said, 'role content refusal', 'message')
  oneOf(said['role'], ['assistant'], 'message.role')
  return {
    ...emptyAnswer(reply),
    text: said['content'] === null ? '' : stringOf(said['content'], 'message.content'),
    reasoning: optional(said['reasoning_content'], (value) => stringOf(value, 'reasoning_content')) ?? '',
    calls: optional(said['tool_calls'], (value) => listOf(value, 'tool_calls').map(readCall)) ?? [],
    finish: oneOf(choice['finish_reason'], FINISHES, 'finish_reason'),
    usage: readUsage(body['usage']),
    terminated: true,
  }
}

function demandHead(body: Fields, object: string): void {
  nameOf(body['id'], 'id')
  oneOf(body['object'], [object], 'object')
  integerOf(body['created'], 'created', 1)
  nameOf(body['model'], 'model')
}

function readCall(value: unknown): Call {
  const call = fieldsOf(value, 'tool_calls')
  oneOf(call['type'], ['function'], 'tool_calls.type')
  const called = fieldsOf(call['function'], 'tool_calls.function')
  const text = stringOf(called['arguments'], 'arguments')
  return {
    id: nameOf(call['id'], 'tool_calls.id'),
    name: nameOf(called['name'], 'tool_calls.name'),
    arguments: fieldsOf(jsonOf(text, 'arguments'), 'arguments'),
  }
}

function readUsage(value: unknown): Usage {
  const usage = fieldsOf(value, 'usage')
  const input = integerOf(usage['prompt_tokens'], 'prompt_tokens')
  const output = integerOf(usage['completion_tokens'], 'completion_tokens')
  demand(usage['total_tokens'] === input + output, 'total_tokens: not the sum')
  const prompt = usage['prompt_tokens_details'] as Fields | undefined
  const completion = usage['completion_tokens_details'] as Fields | undefined
  return {
    input,
    output,
    cached: optional(prompt?.['cached_tokens'], (count) => integerOf(count, 'cached_tokens')) ?? null,
    reasoning: optional(completion?.['reasoning_tokens'], (count) => integerOf(count, 'reasoning')) ?? null,
  }
}

/** OpenAI's error envelope: all four keys, and no number as `code`. */
export function readEnvelope(body: Fields): NonNullable<Answered['error']> {
  const error = fieldsOf(body['error'], 'error')
  allKeys(error, 'message type param code', 'error')
  return {
    message: nameOf(error['message'], 'error.message'),
    type: nameOf(error['type'], 'error.type'),
    code: error['code'] === null ? null : nameOf(error['code'], 'error.code'),
  }
}

interface Partial {
  id: string
  name: string
  text: string
}

function readStream(reply: Reply): Answered {
  demandType(reply, 'text/event-stream')
  const events = eventsOf(reply)
  let answer: Answered = { ...emptyAnswer(reply), events: events.length }
  const calls: Partial[] = []
  let head: string | undefined
  for (const { event, data } of events) {
    demand(event === null, `chat: an event with a name: ${event}`)
    demand(!answer.terminated && answer.error === null, `chat: something behind the end: ${data}`)
    if (data === '[DONE]') {
      demand(answer.finish !== null, 'chat: [DONE] without a finish_reason')
      answer = { ...answer, terminated: true }
      continue
    }
    const chunk = fieldsOf(jsonOf(data, 'chunk'), 'chunk')
    if (chunk['error'] !== undefined) {
      answer = { ...answer, error: readEnvelope(chunk) }
      continue
    }
    demandHead(chunk, 'chat.completion.chunk')
    const own = JSON.stringify([chunk['id'], chunk['created'], chunk['model']])
    const isFirst = head === undefined
    demand(isFirst || own === head, `chat: the head changes from ${head} to ${own}`)
    head = own
    const choices = listOf(chunk['choices'], 'choices')
    demand(answer.usage === null, 'chat: a chunk behind the usage')
    if (choices.length === 0) {
      answer = { ...answer, usage: readUsage(chunk['usage']) }
      continue
    }
    const choice = fieldsOf(choices[0], 'choices[0]')
    demand(choice['index'] === 0 && choices.length === 1, 'choices: one, of index 0')
    demand(answer.finish === null, `chat: a delta behind the finish: ${data}`)
    const delta = fieldsOf(choice['delta'], 'delta')
    demand(!isFirst || delta['role'] === 'assistant', 'chat: the first delta has no role')
    answer = readDelta(answer, delta, calls)
    if (choice['finish_reason'] !== null) {
      answer = { ...answer, finish: oneOf(choice['finish_reason'], FINISHES, 'finish_reason') }
    }
  }
  if (answer.error !== null || !answer.terminated) return answer
  return {
    ...answer,
    calls: calls.map(({ id, name, text }) => ({
      id,
      name,
      arguments: fieldsOf(jsonOf(text, 'arguments'), 'arguments'),
    })),
  }
}

function readDelta(answer: Answered, delta: Fields, calls: Partial[]): Answered {
  for (const value of listOf(delta['tool_calls'] ?? [], 'tool_calls')) {
    const piece = fieldsOf(value, 'tool_calls')
    const index = integerOf(piece['index'], 'tool_calls.index')
    const called = fieldsOf(piece['function'], 'tool_calls.function')
    const text = optional(called['arguments'], (more) => stringOf(more, 'arguments')) ?? ''
    const begun = calls[index]
    if (begun !== undefined) {
      begun.text += text
      continue
    }
    demand(index === calls.length, `tool_calls.index: ${index} out of turn`)
    oneOf(piece['type'], ['function'], 'tool_calls.type')
    calls.push({ id: nameOf(piece['id'], 'tool_calls.id'), name: nameOf(called['name'], 'name'), text })
  }
  const said = (key: string): string =>
    delta[key] === null || delta[key] === undefined ? '' : stringOf(delta[key], key)
  return {
    ...answer,
    text: answer.text + said('content'),
    reasoning: answer.reasoning + said('reasoning_content'),
  }
}
