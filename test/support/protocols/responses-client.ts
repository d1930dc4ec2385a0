/** Asks by Responses and reads the answer as strictly as the strictest client does (reference 1.7, 1.10). */
import { readEnvelope } from './chat-client.ts'
import type { Fields } from './demand.ts'
import { emptyAnswer, objectOf, post } from './http.ts'
import type { Answered, Ask, Turn } from './neutral.ts'
import { readFinished, readResponse } from './responses-object.ts'
import { readResponsesStream } from './responses-stream.ts'

export async function askResponses(origin: string, ask: Ask): Promise<Answered> {
  const reply = await post(`${origin}/v1/responses`, responsesBody(ask))
  if (reply.status !== 200) return { ...emptyAnswer(reply), error: readEnvelope(objectOf(reply)) }
  if (ask.stream) return readResponsesStream(reply)
  const response = readResponse(objectOf(reply))
  return { ...emptyAnswer(reply), ...readFinished(response), terminated: true }
}

function responsesBody(ask: Ask): Fields {
  return {
    model: ask.model ?? 'auto',
    input: ask.turns.flatMap(items),
    stream: ask.stream,
    store: false,
    include: ['reasoning.encrypted_content'],
    ...(ask.tools && { tools: ask.tools.map((tool) => ({ type: 'function', ...tool, strict: false })) }),
    ...(ask.schema && {
      text: { format: { type: 'json_schema', name: 'answer', schema: ask.schema, strict: true } },
    }),
    ...(ask.maxTokens !== undefined && { max_output_tokens: ask.maxTokens }),
    ...(ask.effort && { reasoning: { effort: ask.effort, summary: 'auto' } }),
  }
}

function items(turn: Turn): readonly Fields[] {
  switch (turn.role) {
    case 'user': {
      const images = (turn.images ?? []).map((image) => ({
        type: 'input_image',
        image_url: `data:image/png;base64,${image}`,
        detail: 'auto',
      }))
      return [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: turn.text }, ...images] },
      ]
    }
    case 'assistant': {
      const said = {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: turn.text, annotations: [] }],
      }
      const calls = (turn.calls ?? []).map((call) => ({
        type: 'function_call',
        call_id: call.id,
        name: call.name,
        arguments: JSON.stringify(call.arguments),
      }))
      const thought = {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: turn.reasoning }],
        encrypted_content: turn.seal ?? null,
      }
      return [...(turn.reasoning ? [thought] : []), ...(turn.text === '' ? [] : [said]), ...calls]
    }
    case 'tool':
      return [{ type: 'function_call_output', call_id: turn.id, output: turn.text }]
    case 'system':
      break
  }
  return [{ type: 'message', role: 'system', content: turn.text }]
}
