import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { responsesContext } from '../../../test/fixtures/wire/responses-context.ts'
import { decodeSlices, joined, plain } from '../../../test/fixtures/wire/responses-decoding.ts'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import type { ChatEvent } from '../exchange.ts'
import { ResponsesStreamEncoder } from './stream-out.ts'

const END: ChatEvent[] = [
  {
    type: 'usage',
    usage: { inputTokens: 9, outputTokens: 4, cachedInputTokens: 2, cacheWriteTokens: 1, reasoningTokens: 3 },
  },
  { type: 'end' },
]
describe('a Responses stream there and back', () => {
  test('what was written for a client, cut anywhere, is read as it was', () => {
    const word = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => text.trim() !== '')
    const thinking = fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean())
    const calls = fc.array(fc.array(word, { maxLength: 3 }), { maxLength: 3 })
    const finish = fc.constantFrom('stop', 'length', 'content_filter')
    const answer = fc.record({
      thinking: fc.option(thinking),
      texts: fc.array(word, { maxLength: 4 }),
      calls,
      finish,
    })
    fc.assert(
      fc.property(
        answer.chain((answer) => {
          const events = eventsOf(answer)
          const encoder = new ResponsesStreamEncoder(
            responsesContext({ include: ['reasoning.encrypted_content'] }),
          )
          const bytes = Buffer.from(events.map((event) => encoder.encode(event)).join(''))
          return fc.tuple(fc.constant({ events, bytes, answer: encoder.answer() }), slicesOf(bytes))
        }),
        ([{ events, bytes, answer }, slices]) => {
          const frames = decodeSlices(slices)
          assert.deepEqual(Buffer.concat(frames.map(({ raw }) => raw)), bytes)
          const read = plain(joined(frames.flatMap((frame) => frame.events)))
          assert.match(read[0].id, /^resp_/)
          assert.deepEqual(read.slice(1), plain(joined(events.slice(1))))
          assert.deepEqual(frames.findLast((frame) => frame.answer)?.answer, JSON.parse(answer ?? ''))
        },
      ),
    )
  })
})

interface Answer {
  readonly thinking: [string[], boolean] | null
  readonly texts: readonly string[]
  readonly calls: readonly string[][]
  readonly finish: 'stop' | 'length' | 'content_filter'
}

function eventsOf({ thinking, texts, calls, finish }: Answer): ChatEvent[] {
  const seal = { origin: 'messages', value: 'sig' } as const
  const [thoughts, isSealed] = thinking ?? [[], false]
  const isEmpty = texts.length === 0 && calls.length === 0
  return [
    { type: 'start', id: 'x', model: 'm', createdAtSeconds: 0 },
    ...thoughts.map((text) => ({ type: 'reasoning', choice: 0, text }) as const),
    ...(isSealed ? [{ type: 'reasoning-seal', choice: 0, seal } as const] : []),
    ...texts.map((text) => ({ type: 'text', choice: 0, text }) as const),
    ...calls.flatMap((pieces, index): ChatEvent[] => [
      { type: 'tool-start', choice: 0, index, id: `call_${index}`, name: 'f' },
      ...pieces.map((text) => ({ type: 'tool-arguments', choice: 0, index, text }) as const),
    ]),
    {
      type: 'finish',
      choice: 0,
      reason: finish === 'stop' && calls.length > 0 && !isEmpty ? 'tool_calls' : finish,
    },
    ...END,
  ]
}
