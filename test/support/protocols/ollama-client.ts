/** Asks by Ollama's `/api/chat` and reads the answer as strictly as its own clients do (reference 6.3). */
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
import { demandType, emptyAnswer, objectOf, post, type Reply } from './http.ts'
import type { Answered, Ask, Call, Turn, Usage } from './neutral.ts'

export async function askOllama(origin: string, ask: Ask): Promise<Answered> {
  const reply = await post(`${origin}/api/chat`, ollamaBody(ask))
  if (reply.status !== 200) return { ...emptyAnswer(reply), error: readError(objectOf(reply)) }
  if (ask.stream) return readStream(reply)
  const answer = readLine({ ...emptyAnswer(reply) }, objectOf(reply))
  demand(answer.terminated, 'ollama: the answer is not done')
  return answer
}

function ollamaBody(ask: Ask): Fields {
  const options = {
    ...(ask.maxTokens !== undefined && { num_predict: ask.maxTokens }),
    ...(ask.stop && { stop: ask.stop }),
  }
  const calls = ask.turns.flatMap((turn) => (turn.role === 'assistant' ? (turn.calls ?? []) : []))
  return {
    model: ask.model ?? 'auto',
    messages: ask.turns.map((turn) => message(turn, calls)),
    // Streams are the default here.
    ...(!ask.stream && { stream: false }),
    ...(ask.tools && { tools: ask.tools.map((tool) => ({ type: 'function', function: tool })) }),
    ...(ask.schema && { format: ask.schema }),
    ...(ask.effort && { think: ask.effort }),
    ...(Object.keys(options).length > 0 && { options }),
  }
}

function message(turn: Turn, calls: readonly Call[]): Fields {
  const said = { role: turn.role, content: turn.text }
  if (turn.role === 'user') return { ...said, ...(turn.images && { images: turn.images }) }
  if (turn.role === 'tool') {
    return { ...said, tool_call_id: turn.id, tool_name: calls.find(({ id }) => id === turn.id)?.name }
  }
  if (turn.role === 'system' || turn.calls === undefined) return said
  return {
    ...said,
    ...(turn.reasoning && { thinking: turn.reasoning }),
    tool_calls: turn.calls.map((call, index) => ({
      id: call.id,
      function: { index, name: call.name, arguments: call.arguments },
    })),
  }
}

function readError(body: Fields): NonNullable<Answered['error']> {
  return { code: null, type: null, message: nameOf(body['error'], 'error') }
}

function readStream(reply: Reply): Answered {
  demandType(reply, 'application/x-ndjson')
  const lines = reply.raw.split('\n')
  const rest = lines.pop()
  demand(rest === '' || reply.isCut, `ollama: the last line is not ended: ${rest}`)
  let answer: Answered = { ...emptyAnswer(reply), events: lines.length }
  for (const line of lines) {
    demand(!answer.terminated && answer.error === null, `ollama: a line behind the end: ${line}`)
    const fields = fieldsOf(jsonOf(line, 'line'), 'line')
    answer = 'error' in fields ? { ...answer, error: readError(fields) } : readLine(answer, fields)
  }
  return answer
}

/** One line of a stream, or the one object of a buffered answer. */
function readLine(answer: Answered, line: Fields): Answered {
  allKeys(line, 'model created_at message done', 'ollama')
  nameOf(line['model'], 'model')
  const at = nameOf(line['created_at'], 'created_at')
  demand(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(at), `created_at: ${at}`)
  const said = fieldsOf(line['message'], 'message')
  oneOf(said['role'], ['assistant'], 'message.role')
  const next: Answered = {
    ...answer,
    text: answer.text + stringOf(said['content'], 'message.content'),
    reasoning: answer.reasoning + (optional(said['thinking'], (text) => stringOf(text, 'thinking')) ?? ''),
    calls: [...answer.calls, ...listOf(said['tool_calls'] ?? [], 'tool_calls').map(readCall)],
  }
  demand(typeof line['done'] === 'boolean', 'done: a boolean')
  if (!line['done']) return next
  const reason = oneOf(line['done_reason'], ['stop', 'length'], 'done_reason')
  integerOf(line['total_duration'], 'total_duration')
  return {
    ...next,
    finish: reason === 'stop' && next.calls.length > 0 ? 'tool_calls' : reason,
    usage: readUsage(line),
    terminated: true,
  }
}

function readCall(value: unknown): Call {
  const call = fieldsOf(value, 'tool_calls')
  const called = fieldsOf(call['function'], 'tool_calls.function')
  return {
    id: nameOf(call['id'], 'tool_calls.id'),
    name: nameOf(called['name'], 'tool_calls.name'),
    arguments: fieldsOf(called['arguments'], 'tool_calls.arguments'),
  }
}

function readUsage(line: Fields): Usage {
  return {
    // Ollama leaves out what is zero.
    input: integerOf(line['prompt_eval_count'] ?? 0, 'prompt_eval_count'),
    output: integerOf(line['eval_count'] ?? 0, 'eval_count'),
    cached: null,
    reasoning: null,
  }
}
