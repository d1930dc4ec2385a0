/** A Chat Completions server (reference 2.1, 2.2), with `reasoning_content` as local servers send it. */
import type { Fields } from './demand.ts'
import { hearChat } from './chat-hear.ts'
import type { Answer } from './neutral.ts'
import { inPieces, MODEL, type Piece, type PlayedServer } from './played-server.ts'

const HEAD = { id: 'chatcmpl-AbCdEf123456', created: 1_795_000_000, model: MODEL }
const STREAM_HEAD = { ...HEAD, object: 'chat.completion.chunk', system_fingerprint: null }

export const chatServer: PlayedServer = {
  path: '/v1/chat/completions',
  facts: {
    '/v1/models': { object: 'list', data: [{ id: MODEL, object: 'model', created: 1, owned_by: 'house' }] },
  },
  streamType: 'text/event-stream',
  hear: hearChat,
  whole: (answer) => ({
    ...HEAD,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: answer.text.length === 0 ? null : answer.text.join(''),
          refusal: null,
          annotations: [],
          ...(answer.reasoning && { reasoning_content: answer.reasoning.join('') }),
          ...(answer.calls && {
            tool_calls: answer.calls.map((call) => ({
              id: call.id,
              type: 'function',
              function: { name: call.name, arguments: JSON.stringify(call.arguments) },
            })),
          }),
        },
        logprobs: null,
        finish_reason: answer.finish,
      },
    ],
    usage: usageOf(answer),
    system_fingerprint: null,
  }),
  pieces,
  failed: () =>
    data({ error: { message: 'something broke', type: 'server_error', param: null, code: null } }),
  errorBody: (status, message) => ({
    error: {
      message,
      type: status === 500 ? 'server_error' : 'invalid_request_error',
      param: null,
      code: status === 404 ? 'model_not_found' : null,
    },
  }),
}

function pieces(answer: Answer, body: Fields): readonly Piece[] {
  const options = body['stream_options'] as Fields | undefined
  const withUsage = options?.['include_usage'] === true
  const usage = withUsage ? { usage: null } : {}
  const chunk = (delta: Fields, finish: string | null = null): string =>
    data({
      ...STREAM_HEAD,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...usage,
    })
  const content = (delta: Fields): Piece => ({ text: chunk(delta), isContent: true })
  const frame = (text: string): Piece => ({ text, isContent: false })
  const silent = answer.text.length === 0
  return [
    frame(chunk({ role: 'assistant', content: silent ? null : '', refusal: null })),
    ...(answer.reasoning ?? []).map((text) => content({ reasoning_content: text })),
    ...answer.text.map((text) => content({ content: text })),
    ...(answer.calls ?? []).flatMap((call, index) => [
      content({
        tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
      }),
      ...inPieces(JSON.stringify(call.arguments)).map((text) =>
        content({ tool_calls: [{ index, function: { arguments: text } }] }),
      ),
    ]),
    frame(chunk({}, answer.finish)),
    ...(withUsage ? [frame(data({ ...STREAM_HEAD, choices: [], usage: usageOf(answer) }))] : []),
    frame('data: [DONE]\n\n'),
  ]
}

function data(value: Fields): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function usageOf({ usage }: Answer): Fields {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0 },
  }
}
