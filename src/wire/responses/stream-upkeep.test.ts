import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { responsesContext } from '../../../test/fixtures/wire/responses-context.ts'
import {
  args,
  call,
  encodeAll,
  final,
  finished,
  parse,
  START,
  text,
  think,
  types,
} from '../../../test/fixtures/wire/responses-stream.ts'
import { RouterError } from '../../errors.ts'
import type { ChatEvent } from '../exchange.ts'
import { ResponsesStreamDecoder } from './stream-in.ts'
import { ResponsesStreamEncoder } from './stream-out.ts'

describe('what else a Responses stream carries and keeps', () => {
  test('a seal is in the last event of its item, or in an item of its own', async () => {
    const include = ['reasoning.encrypted_content']
    const sealed = (redacted?: boolean): ChatEvent => {
      const seal = { origin: 'messages', value: 'sig', redacted } as const
      return { type: 'reasoning-seal', choice: 0, seal }
    }
    const stream = encodeAll([think('hm'), sealed(), sealed(true), text('x'), ...finished('stop')], {
      include,
    })
    const items = parse(stream).filter(({ item }) => item?.type === 'reasoning')
    assert.deepEqual(
      items.map(({ type, item }) => [type, item.summary.length, item.encrypted_content]),
      [
        ['response.output_item.added', 0, undefined],
        ['response.output_item.done', 1, 'llr1.messages.sig'],
        ['response.output_item.added', 0, undefined],
        ['response.output_item.done', 0, 'llr1.messages.redacted.sig'],
      ],
    )
    assert.equal((await final(stream)).output.length, 3)
    const unasked = await final(
      encodeAll([think('hm'), sealed(), sealed(true), text('x'), ...finished('stop')]),
    )
    assert.equal(unasked.output.length, 2)
  })

  test('a sign of life at any time is one that the openai package reads over', async () => {
    const events = [
      START,
      think('hm'),
      text('Hel'),
      text('lo'),
      call(0, 'f'),
      args(0, '{'),
      args(0, '}'),
      ...finished('stop'),
    ]
    const encoder = new ResponsesStreamEncoder(responsesContext())
    const stream = events.map((event) => encoder.keepAlive() + encoder.encode(event)).join('')
    assert.equal(encoder.keepAlive(), '')
    assert.deepEqual(types(stream).slice(0, 3), ['created', 'in_progress', 'in_progress'])
    parse(stream)
      .slice(0, -1)
      .forEach((event, index) => assert.equal(event.sequence_number, index))
    const answer = await final(stream)
    assert.deepEqual([answer.output_text, answer.output.length], ['Hello', 3])
  })

  test('the whole answer is there once it has ended', () => {
    for (const [reason, status] of [
      ['stop', 'completed'],
      ['length', 'incomplete'],
    ] as const) {
      const encoder = new ResponsesStreamEncoder(responsesContext())
      assert.equal(encoder.encode(text('Hello')) && encoder.answer(), null)
      const stream = finished(reason)
        .map((event) => encoder.encode(event))
        .join('')
      assert.deepEqual(JSON.parse(encoder.answer() ?? ''), parse(stream).at(-2).response)
      assert.equal(JSON.parse(encoder.answer() ?? '').status, status)
    }
    const failed = new ResponsesStreamEncoder(responsesContext())
    failed.fail(new RouterError('upstream_error', 'x'))
    assert.equal(failed.answer(), null)
  })

  test('a stream that passed through fails as the response it began as', async () => {
    const backend = encodeAll([START, think('hm'), text('half'), call(0, 'f')])
    const encoder = new ResponsesStreamEncoder(responsesContext())
    const decoder = new ResponsesStreamDecoder()
    for (const frame of decoder.push(Buffer.from(`: ping\n\n${backend}`))) encoder.passedThrough(frame)
    const failed = encoder.fail(new RouterError('upstream_truncated', 'The backend stopped.'))
    const [first] = parse(backend)
    const [last, ...more] = parse(failed)
    assert.deepEqual([more, last.type, last.sequence_number], [[], 'response.failed', parse(backend).length])
    assert.equal(last.response.id, first.response.id)
    const answer = await final(backend + failed)
    assert.deepEqual([answer.status, answer.output.length], ['failed', 3])
  })
})
