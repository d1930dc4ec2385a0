/** Ollama's native API (reference 6.2, 6.3, 6.5): lines of JSON, calls whole, `stop` even with calls. */
import type { Fields } from './demand.ts'
import type { Answer } from './neutral.ts'
import { hearOllama } from './ollama-hear.ts'
import { MODEL, type Piece, type PlayedServer } from './played-server.ts'

const NAME = `${MODEL}:latest`
const HEAD = { model: MODEL, created_at: '2026-11-22T10:11:12.131415161Z' }
const DETAILS = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '8.0B',
  quantization_level: 'Q4_K_M',
}
const CAPABILITIES = ['completion', 'tools', 'vision', 'thinking']

export const ollamaServer: PlayedServer = {
  path: '/api/chat',
  facts: {
    '/api/version': { version: '0.32.15' },
    '/api/tags': {
      models: [
        {
          name: NAME,
          model: NAME,
          modified_at: '2026-11-20T00:00:00Z',
          size: 4_920_753_328,
          digest: '365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1',
          details: DETAILS,
          capabilities: CAPABILITIES,
        },
      ],
    },
    '/api/ps': { models: [] },
    '/api/show': {
      details: DETAILS,
      model_info: { 'general.architecture': 'llama', 'llama.context_length': 131_072 },
      capabilities: CAPABILITIES,
    },
  },
  streamType: 'application/x-ndjson',
  hear: hearOllama,
  whole: (answer, body) => ({ ...HEAD, message: messageOf(answer, body), ...lastOf(answer) }),
  pieces(answer, body) {
    const said = (message: Fields): Piece => ({
      text: line({ ...HEAD, message: { role: 'assistant', content: '', ...message }, done: false }),
      isContent: true,
    })
    const thoughts = thinks(body) ? (answer.reasoning ?? []) : []
    return [
      ...thoughts.map((thinking) => said({ thinking })),
      ...answer.text.map((content) => said({ content })),
      ...(answer.calls ?? []).map((_, index) => said({ tool_calls: [callsOf(answer)[index]] })),
      {
        text: line({ ...HEAD, message: { role: 'assistant', content: '' }, ...lastOf(answer) }),
        isContent: false,
      },
    ]
  },
  failed: () => line({ error: 'something broke' }),
  errorBody: (_, message) => ({ error: message }),
}

/** Models that can think do, unless told not to. */
function thinks(body: Fields): boolean {
  return body['think'] !== false
}

function messageOf(answer: Answer, body: Fields): Fields {
  return {
    role: 'assistant',
    content: answer.text.join(''),
    ...(answer.reasoning && thinks(body) && { thinking: answer.reasoning.join('') }),
    ...(answer.calls && { tool_calls: callsOf(answer) }),
  }
}

function callsOf(answer: Answer): readonly Fields[] {
  return (answer.calls ?? []).map((call, index) => ({
    id: call.id,
    function: { index, name: call.name, arguments: call.arguments },
  }))
}

function lastOf({ finish, usage }: Answer): Fields {
  return {
    done: true,
    done_reason: finish === 'length' ? 'length' : 'stop',
    total_duration: 5_191_566_416,
    load_duration: 2_154_458,
    prompt_eval_count: usage.input,
    prompt_eval_duration: 383_809_000,
    eval_count: usage.output,
    eval_duration: 4_799_921_000,
  }
}

function line(value: Fields): string {
  return `${JSON.stringify(value)}\n`
}
