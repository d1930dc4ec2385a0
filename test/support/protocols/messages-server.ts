/** Anthropic's Messages server (reference 4): named events, a ping among them. */
import type { Fields } from './demand.ts'
import { hearMessages, SIGNATURE } from './messages-hear.ts'
import type { Answer } from './neutral.ts'
import { inPieces, MODEL, type Piece, type PlayedServer } from './played-server.ts'

const HEAD = { id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: MODEL }
const STOPS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const
const ERRORS: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' }

export const messagesServer: PlayedServer = {
  path: '/v1/messages',
  facts: {
    '/v1/models': {
      data: [{ type: 'model', id: MODEL, display_name: 'M', created_at: '2026-01-01T00:00:00Z' }],
      has_more: false,
      first_id: MODEL,
      last_id: MODEL,
    },
  },
  streamType: 'text/event-stream',
  hear: hearMessages,
  whole: (answer, body) => ({
    ...HEAD,
    content: blocksOf(answer, body).map(({ whole }) => whole),
    stop_reason: STOPS[answer.finish],
    stop_sequence: null,
    usage: usageOf(answer),
  }),
  pieces,
  failed: () => event('error', errorBody('overloaded_error', 'something broke')),
  errorBody: (status, message) => errorBody(ERRORS[status] ?? 'api_error', message),
}

function errorBody(type: string, message: string): Fields {
  return { type: 'error', error: { type, message }, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' }
}

interface Block {
  readonly whole: Fields
  readonly begun: Fields
  readonly deltas: readonly Fields[]
}

/** Thinking is told only to who switched it on. */
function blocksOf(answer: Answer, body: Fields): readonly Block[] {
  const blocks: Block[] = []
  const wish = body['thinking'] as Fields | undefined
  if (answer.reasoning !== undefined && wish !== undefined && wish['type'] !== 'disabled') {
    blocks.push({
      whole: { type: 'thinking', thinking: answer.reasoning.join(''), signature: SIGNATURE },
      begun: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...answer.reasoning.map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: SIGNATURE },
      ],
    })
  }
  if (answer.text.length > 0) {
    blocks.push({
      whole: { type: 'text', text: answer.text.join('') },
      begun: { type: 'text', text: '' },
      deltas: answer.text.map((text) => ({ type: 'text_delta', text })),
    })
  }
  for (const { id, name, arguments: input } of answer.calls ?? []) {
    blocks.push({
      whole: { type: 'tool_use', id, name, input },
      begun: { type: 'tool_use', id, name, input: {} },
      deltas: ['', ...inPieces(JSON.stringify(input))].map((json) => ({
        type: 'input_json_delta',
        partial_json: json,
      })),
    })
  }
  return blocks
}

function pieces(answer: Answer, body: Fields): readonly Piece[] {
  const frame = (type: string, fields: Fields, isContent = false): Piece => ({
    text: event(type, { type, ...fields }),
    isContent,
  })
  const usage = usageOf(answer)
  return [
    frame('message_start', {
      message: {
        ...HEAD,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...usage, output_tokens: 1 },
      },
    }),
    ...blocksOf(answer, body).flatMap(({ begun, deltas }, index) => [
      frame('content_block_start', { index, content_block: begun }),
      ...(index === 0 ? [frame('ping', {})] : []),
      ...deltas.map((delta) => frame('content_block_delta', { index, delta }, true)),
      frame('content_block_stop', { index }),
    ]),
    frame('message_delta', {
      delta: { stop_reason: STOPS[answer.finish], stop_sequence: null },
      usage,
    }),
    frame('message_stop', {}),
  ]
}

/** `input_tokens` are those that the cache did not have. */
function usageOf({ usage }: Answer): Fields {
  const cached = usage.cached ?? 0
  return {
    input_tokens: usage.input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: usage.output,
    service_tier: 'standard',
  }
}

function event(name: string, fields: Fields): string {
  return `event: ${name}\ndata: ${JSON.stringify(fields)}\n\n`
}
