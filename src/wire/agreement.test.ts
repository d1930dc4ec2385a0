/** The four codecs say the same: one answer, told in each protocol and read back, is one answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { backendCodec, clientCodec } from './codecs.ts'
import type { ChatEvent } from './exchange.ts'
import type { JsonObject } from './json.ts'

const MESSAGES = [{ role: 'user', content: 'x' }]
const BODIES = {
  chat: { stream: true, stream_options: { include_usage: true }, messages: MESSAGES },
  responses: { stream: true, input: 'x', reasoning: { summary: 'auto' } },
  messages: { stream: true, max_tokens: 9, messages: MESSAGES },
  ollama: { model: 'm', messages: MESSAGES },
} satisfies Record<string, JsonObject>
type Protocol = keyof typeof BODIES

function toldIn(protocol: Protocol, events: readonly ChatEvent[]): Buffer {
  const codec = clientCodec(protocol)
  const body = BODIES[protocol]
  const encoder = codec.createStreamEncoder({
    requestId: 'req_1',
    body,
    request: codec.decodeRequest(body),
    model: 'm',
    nowSeconds: 1_790_000_001,
    elapsedMs: () => 5,
    estimatedInputTokens: 3,
  })
  return Buffer.from(events.map((event) => encoder.encode(event)).join(''))
}

/** What is the same in every protocol: ids and the number of pieces are not. */
function readBack(protocol: Protocol, bytes: Buffer, size: number): object {
  const decoder = backendCodec(protocol).createStreamDecoder()
  const said = { text: '', reasoning: '', calls: [] as string[], finish: '', input: 0, output: 0, ends: 0 }
  for (let at = 0; at < bytes.length; at += size) {
    for (const { events } of decoder.push(bytes.subarray(at, at + size))) {
      for (const event of events) {
        if (event.type === 'text') said.text += event.text
        else if (event.type === 'reasoning') said.reasoning += event.text
        else if (event.type === 'tool-start') said.calls.push(`${event.name} `)
        else if (event.type === 'tool-arguments') said.calls[event.index] += event.text
        else if (event.type === 'finish') said.finish = event.reason
        else if (event.type === 'usage') {
          said.input = event.usage.inputTokens
          said.output = event.usage.outputTokens
        } else if (event.type === 'end') said.ends++
      }
    }
  }
  return said
}

test('one answer in four protocols, cut anywhere, is one answer', () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/)
  const words = fc.array(word, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      words,
      words,
      fc.boolean(),
      fc.integer({ min: 1, max: 60 }),
      (thoughts, texts, calls, size) => {
        const events: ChatEvent[] = [
          { type: 'start', id: 'c', model: 'm', createdAtSeconds: 1_790_000_000 },
          ...thoughts.map((text): ChatEvent => ({ type: 'reasoning', choice: 0, text })),
          ...texts.map((text): ChatEvent => ({ type: 'text', choice: 0, text })),
          ...(calls
            ? ([
                { type: 'tool-start', choice: 0, index: 0, id: 'call_1', name: 'look' },
                { type: 'tool-arguments', choice: 0, index: 0, text: '{"at":' },
                { type: 'tool-arguments', choice: 0, index: 0, text: '"home"}' },
              ] as const)
            : []),
          { type: 'finish', choice: 0, reason: calls ? 'tool_calls' : 'stop' },
          { type: 'usage', usage: { inputTokens: 7, outputTokens: 11 } },
          { type: 'end' },
        ]
        const expected = {
          text: texts.join(''),
          reasoning: thoughts.join(''),
          calls: calls ? ['look {"at":"home"}'] : [],
          finish: calls ? 'tool_calls' : 'stop',
          input: 7,
          output: 11,
          ends: 1,
        }
        for (const protocol of ['chat', 'responses', 'messages', 'ollama'] as const) {
          assert.deepEqual(readBack(protocol, toldIn(protocol, events), size), expected, protocol)
        }
      },
    ),
    { numRuns: 200 },
  )
})
