import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../../test/fixtures/wire/messages-exchange.ts'
import { messagesContext } from '../../../test/fixtures/wire/messages-exchange.ts'
import { slicesOf } from '../../../test/fixtures/wire/slicing.ts'
import type { ChatEvent } from '../exchange.ts'
import type { JsonValue } from '../json.ts'
import { messagesBackendCodec } from './messages-backend.ts'
import { messagesClientCodec } from './messages-client.ts'

/** As it is written: keys without a value are not. */
const written = (value: unknown) => JSON.parse(JSON.stringify(value))
const context = messagesContext()

function decodeStream(chunks: readonly Buffer[]): ChatEvent[] {
  const decoder = messagesBackendCodec.createStreamDecoder()
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()].flatMap(({ events }) => events)
}

/** Deltas may be cut anew on the way; what they say together may not change. */
function joined(events: readonly ChatEvent[]): ChatEvent[] {
  const result: ChatEvent[] = []
  for (const event of events) {
    const last = result.at(-1)
    const isSame = last?.type === event.type && 'text' in last && 'text' in event
    if (isSame) result[result.length - 1] = { ...last, text: last.text + event.text }
    else result.push(event)
  }
  return result
}

describe('what the client’s side writes, the backend’s side reads', () => {
  test('a whole answer', () => {
    fc.assert(
      fc.property(arbitrary.reply, (reply) => {
        const body: JsonValue = JSON.parse(messagesClientCodec.encodeReply(reply, context))
        assert.deepEqual(written(messagesBackendCodec.decodeReply(body)), written(reply))
      }),
    )
  })

  test('a streamed answer, cut anywhere', () => {
    const cut = fc.tuple(arbitrary.contentEvents, arbitrary.usage).chain(([content, usage]) => {
      const encoder = messagesClientCodec.createStreamEncoder(context)
      const reason = content.some(({ type }) => type === 'tool-start') ? 'tool_calls' : 'length'
      const events: ChatEvent[] = [
        { type: 'start', id: 'msg_1', model: 'some-model', createdAtSeconds: 0 },
        ...content,
        { type: 'finish', choice: 0, reason },
        { type: 'usage', usage },
        { type: 'end' },
      ]
      const text = events.map((event) => encoder.keepAlive() + encoder.encode(event)).join('')
      return fc.tuple(fc.constant(events), slicesOf(Buffer.from(text)))
    })
    fc.assert(
      fc.property(cut, ([events, slices]) => {
        assert.deepEqual(written(joined(decodeStream(slices))), written(joined(events)))
      }),
    )
  })
})

describe('what the backend’s side writes, the client’s side reads', () => {
  test('a request', () => {
    fc.assert(
      fc.property(arbitrary.request, (request) => {
        const { body, dropped } = messagesBackendCodec.encodeRequest(request, 'm')
        assert.deepEqual(dropped, [])
        assert.deepEqual(written(messagesClientCodec.decodeRequest(written(body))), written(request))
      }),
    )
  })
})
