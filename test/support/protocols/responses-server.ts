/** A Responses server (reference 1.7, 1.10): whole objects, and the exact sequence of events. */
import { chatServer } from './chat-server.ts'
import type { Fields } from './demand.ts'
import type { Answer } from './neutral.ts'
import { inPieces, MODEL, type Piece, type PlayedServer } from './played-server.ts'
import { hearResponses, SEAL } from './responses-hear.ts'

const ID = 'resp_68a1f0c2d3e4b5a69788'

export const responsesServer: PlayedServer = {
  path: '/v1/responses',
  facts: chatServer.facts,
  streamType: 'text/event-stream',
  hear: hearResponses,
  whole: (answer, body) => finished(answer, body),
  pieces(answer, body) {
    const writer = new Writer()
    writer.lifecycle('created', responseObject(body, 'in_progress', {}))
    writer.lifecycle('in_progress', responseObject(body, 'in_progress', {}))
    for (const [index, item] of itemsOf(answer, body).entries()) writer.item(item, index, answer)
    const last = finished(answer, body)
    writer.lifecycle(last['status'] as string, last)
    return writer.pieces
  },
  failed(sent, body) {
    const error = { code: 'server_error', message: 'something broke' }
    const response = responseObject(body, 'failed', { error })
    return event({ type: 'response.failed', sequence_number: sent, response })
  },
  errorBody: (status, message) => chatServer.errorBody(status, message),
}

function finished(answer: Answer, body: Fields): Fields {
  const { usage } = answer
  const isCut = answer.finish === 'length'
  return responseObject(body, isCut ? 'incomplete' : 'completed', {
    output: itemsOf(answer, body),
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached ?? 0, cache_write_tokens: 0 },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
      total_tokens: usage.input + usage.output,
    },
    ...(isCut ? { incomplete_details: { reason: 'max_output_tokens' } } : { completed_at: 1_795_000_002 }),
  })
}

function responseObject(body: Fields, status: string, state: Fields): Fields {
  const reasoning = (body['reasoning'] ?? {}) as Fields
  return {
    id: ID,
    object: 'response',
    created_at: 1_795_000_000,
    completed_at: null,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: null,
    model: MODEL,
    output: [],
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    presence_penalty: 0,
    frequency_penalty: 0,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: null,
    service_tier: 'default',
    store: body['store'] ?? true,
    temperature: 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    metadata: {},
    ...state,
  }
}

/** Thinking is shown only to who asks for a summary, and sealed only for who asks to include that. */
function itemsOf(answer: Answer, body: Fields): readonly Fields[] {
  const items: Fields[] = []
  if (answer.reasoning !== undefined) {
    const wish = (body['reasoning'] ?? {}) as Fields
    const include = (body['include'] ?? []) as readonly string[]
    const isShown = wish['summary'] !== undefined && wish['summary'] !== null
    items.push({
      id: 'rs_68a1f0c2d3e4b5a6',
      type: 'reasoning',
      ...(include.includes('reasoning.encrypted_content') && { encrypted_content: SEAL }),
      summary: isShown ? [{ type: 'summary_text', text: answer.reasoning.join('') }] : [],
    })
  }
  if (answer.text.length > 0) {
    items.push({
      id: 'msg_68a1f0c2d3e4b5a6',
      type: 'message',
      status: answer.finish === 'length' ? 'incomplete' : 'completed',
      content: [{ type: 'output_text', text: answer.text.join(''), annotations: [], logprobs: [] }],
      role: 'assistant',
    })
  }
  for (const call of answer.calls ?? []) {
    items.push({
      id: `fc_${call.id}`,
      type: 'function_call',
      status: 'completed',
      arguments: JSON.stringify(call.arguments),
      call_id: call.id,
      name: call.name,
    })
  }
  return items
}

function event(fields: Fields): string {
  return `event: ${String(fields['type'])}\ndata: ${JSON.stringify(fields)}\n\n`
}

class Writer {
  readonly pieces: Piece[] = []

  lifecycle(name: string, response: Fields): void {
    this.#write(name, { response })
  }

  item(item: Fields, index: number, answer: Answer): void {
    const place = { item_id: item['id'], output_index: index }
    const begun = {
      reasoning: { summary: [] },
      message: { status: 'in_progress', content: [] },
      function_call: { status: 'in_progress', arguments: '' },
    }[item['type'] as 'reasoning' | 'message' | 'function_call']
    this.#write('output_item.added', { output_index: index, item: { ...item, ...begun } })
    if (item['type'] === 'message') this.#message(item, { ...place, content_index: 0 }, answer)
    else if (item['type'] === 'function_call') this.#call(item, place)
    else if ((item['summary'] as readonly unknown[]).length > 0) {
      this.#summary({ ...place, summary_index: 0 }, answer.reasoning ?? [])
    }
    this.#write('output_item.done', { output_index: index, item })
  }

  #message(item: Fields, place: Fields, answer: Answer): void {
    const [part] = item['content'] as readonly Fields[]
    this.#write('content_part.added', { ...place, part: { ...part, text: '' } })
    for (const delta of answer.text) {
      this.#write('output_text.delta', { ...place, delta, logprobs: [], obfuscation: 'xY3' }, true)
    }
    this.#write('output_text.done', { ...place, text: answer.text.join(''), logprobs: [] })
    this.#write('content_part.done', { ...place, part })
  }

  #call(item: Fields, place: Fields): void {
    const text = item['arguments'] as string
    for (const delta of inPieces(text)) {
      this.#write('function_call_arguments.delta', { ...place, delta, obfuscation: 'k' }, true)
    }
    this.#write('function_call_arguments.done', { ...place, name: item['name'], arguments: text })
  }

  #summary(place: Fields, thoughts: readonly string[]): void {
    const part = { type: 'summary_text', text: thoughts.join('') }
    this.#write('reasoning_summary_part.added', { ...place, part: { ...part, text: '' } })
    for (const delta of thoughts) this.#write('reasoning_summary_text.delta', { ...place, delta }, true)
    this.#write('reasoning_summary_text.done', { ...place, text: part.text })
    this.#write('reasoning_summary_part.done', { ...place, part })
  }

  #write(name: string, fields: Fields, isContent = false): void {
    const text = event({ type: `response.${name}`, sequence_number: this.pieces.length, ...fields })
    this.pieces.push({ text, isContent })
  }
}
