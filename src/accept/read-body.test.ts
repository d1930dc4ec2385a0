import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { RouterError } from '../errors.ts'
import { readBody } from './read-body.ts'

const LIMITS = { maxBodyBytes: 1024, maxDepth: 8, bodyTimeoutMs: 1_000 }

function incoming(headers: Record<string, string> = {}): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), {
    headers: { 'content-type': 'application/json', ...headers },
  }) as unknown as PassThrough & IncomingMessage
}

async function refusal(promise: Promise<Buffer>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof RouterError ? error.code : 'another error'),
  )
}

describe('readBody', () => {
  test('puts the pieces together and leaves no timer behind', async () => {
    const clock = createManualClock()
    const message = incoming()
    const read = readBody(message, LIMITS, clock)
    for (const piece of ['{"a"', ':', '1}']) message.write(piece)
    message.end()
    assert.equal((await read).toString(), '{"a":1}')
    assert.equal(clock.pending(), 0)
  })

  test('an empty body is empty', async () => {
    const message = incoming()
    message.end()
    assert.equal((await readBody(message, LIMITS, createManualClock())).length, 0)
  })

  test('gives up when the body does not come, and only then', async () => {
    const clock = createManualClock()
    const message = incoming()
    const code = refusal(readBody(message, LIMITS, clock))
    message.write('{')
    clock.advance(999)
    assert.equal(clock.pending(), 1)
    clock.advance(1)
    assert.equal(await code, 'request_timeout')
  })

  test('counts bytes as they come, to the last allowed one', async () => {
    for (const [bytes, expected] of [
      [1024, 'none'],
      [1025, 'request_too_large'],
    ] as const) {
      const message = incoming()
      const code = refusal(readBody(message, LIMITS, createManualClock()))
      for (let i = 0; i < bytes; i++) message.write('x')
      message.end()
      assert.equal(await code, expected)
    }
  })

  test('goes by the headers before it reads', async () => {
    for (const [headers, code] of [
      [{ 'content-length': '1025' }, 'request_too_large'],
      [{ 'content-type': 'text/plain' }, 'unsupported_media_type'],
      [{ 'content-encoding': 'br' }, 'unsupported_media_type'],
    ] as const) {
      assert.equal(
        await refusal(readBody(incoming(headers as Record<string, string>), LIMITS, createManualClock())),
        code,
      )
    }
  })

  test('a client that leaves ends it', async () => {
    for (const leave of [
      (message: PassThrough) => message.destroy(),
      (message: PassThrough) => message.destroy(new Error('reset')),
    ]) {
      const clock = createManualClock()
      const message = incoming()
      const code = refusal(readBody(message, LIMITS, clock))
      message.write('{')
      leave(message)
      assert.equal(await code, 'client_closed_request')
      assert.equal(clock.pending(), 0)
    }
  })
})
