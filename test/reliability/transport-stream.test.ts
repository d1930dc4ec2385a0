/** Table A, streams that arrive mangled: malformed frames, cuts anywhere, all the line ends there are, huge lines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fault } from '../support/fault-proxy.ts'
import { AMID, assertFellBack, FIRST, PROTOCOL_NAMES, startFaulty } from '../support/faults/router-stage.ts'
import { assertAnswered } from '../support/protocols/compare.ts'
import { PROTOCOLS, type ProtocolName } from '../support/protocols/protocols.ts'
import { ask } from '../support/start-router.ts'

/** What tells one answer from another that should be the same: ids and times are drawn anew for each. */
function withoutHead(raw: string): string {
  return raw
    .replaceAll(/"(created|created_at|completed_at)":("[^"]*"|\d+)/g, '"$1":0')
    .replaceAll(/(chatcmpl-|resp_|msg_|rs_|fc_|call_|toolu_)[A-Za-z0-9_-]+/g, '$1x')
}

for (const protocol of PROTOCOL_NAMES) {
  test(`A 13: a malformed frame in mid-stream has one outcome however it is cut, and no half frame gets out, ${protocol}`, async (t) => {
    const faulty = await startFaulty(t, { protocol })
    const outcomes = new Map<string, Set<string>>()
    for (const fault of [
      { kind: 'garbage', afterEvents: AMID[protocol] },
      { kind: 'garbage', afterEvents: AMID[protocol], text: '\u0000\ufffd not json' },
      { kind: 'half-frame', afterEvents: AMID[protocol] },
    ] as const) {
      for (const most of [Infinity, 40, 1]) {
        faulty.proxy.set(fault, ...(most === Infinity ? [] : [{ kind: 'slice', most } as const]))
        const answered = await faulty.ask('chat', true)
        const key = JSON.stringify(fault)
        const outcome = JSON.stringify([answered.text, answered.terminated, answered.error?.code ?? null])
        outcomes.set(key, (outcomes.get(key) ?? new Set()).add(outcome))
        const isWhole = answered.terminated && answered.text === FIRST.text.join('')
        assert.ok(isWhole || answered.error !== null, `neither whole nor an error: ${answered.raw}`)
        for (const frame of answered.raw.split('\n\n')) {
          const data = frame.replace(/^data: /, '')
          if (data !== '' && data !== '[DONE]' && !data.startsWith(':')) JSON.parse(data)
        }
      }
    }
    for (const [fault, seen] of outcomes) assert.equal(seen.size, 1, `${fault}: ${[...seen].join(' or ')}`)
    assert.deepEqual(faulty.router.defects, [])
  })

  test(`A 13: any text as a frame never breaks the router nor leaves a stream without an end, ${protocol}`, async (t) => {
    const faulty = await startFaulty(t, { protocol, alone: true })
    // An event without data has a test of its own.
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((text) => !/^[\r\n]/.test(text))
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 0, max: 8 }), async (text, afterEvents) => {
        faulty.proxy.set({ kind: 'garbage', afterEvents, text })
        const answered = await faulty.ask('chat', true)
        assert.ok(answered.terminated !== (answered.error !== null), answered.raw)
        assert.deepEqual(faulty.router.defects, [])
      }),
      { numRuns: 25 },
    )
  })

  test(`A 14: events and characters split across segments: the same answer for every split, ${protocol}`, async (t) => {
    const faulty = await startFaulty(t, { protocol, alone: true })
    const whole = new Map<ProtocolName, string>()
    for (const client of ['chat', protocol] as const) {
      whole.set(client, withoutHead((await faulty.ask(client, true)).raw))
    }
    const most = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 64 }))
    await fc.assert(
      fc.asyncProperty(most, fc.constantFrom('chat' as const, protocol), async (most, client) => {
        faulty.proxy.set({ kind: 'slice', most })
        const answered = await faulty.ask(client, true)
        assertAnswered(answered, FIRST, [PROTOCOLS[client], PROTOCOLS[protocol]])
        assert.equal(withoutHead(answered.raw), whole.get(client))
      }),
      { numRuns: 8 },
    )
    assert.deepEqual(faulty.router.defects, [])
  })
}

test('A 13: an event without data is not passed on: clients that parse every event break on it', async (t) => {
  const faulty = await startFaulty(t, {
    faults: [{ kind: 'garbage', afterEvents: 2, text: '' }],
    alone: true,
  })
  let text = ''
  for await (const chunk of await faulty.router.openai.chat.completions.create({
    model: 'auto',
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
  })) {
    text += chunk.choices[0]?.delta.content ?? ''
  }
  assert.equal(text, FIRST.text.join(''))
})

const FORMS: readonly (readonly [string, Fault])[] = [
  ['CRLF', { kind: 'line-ends', ends: 'crlf' }],
  ['CR', { kind: 'line-ends', ends: 'cr' }],
  ['mixed line ends', { kind: 'line-ends', ends: 'mixed' }],
  ['a byte order mark', { kind: 'bom' }],
  ['data on several lines', { kind: 'multi-line' }],
]

for (const [name, fault] of FORMS) {
  test(`A 15: ${name}: read as the standard says, whole and in pieces`, async (t) => {
    for (const protocol of ['chat', 'messages', 'responses'] as const) {
      const faulty = await startFaulty(t, { protocol, alone: true })
      const client = protocol === 'chat' ? 'messages' : 'chat'
      for (const most of [Infinity, 1, 7]) {
        faulty.proxy.set(fault, ...(most === Infinity ? [] : [{ kind: 'slice', most } as const]))
        const answered = await faulty.ask(client, true)
        assertAnswered(answered, FIRST, [PROTOCOLS[client], PROTOCOLS[protocol]])
      }
      assert.deepEqual(faulty.router.defects, [])
    }
  })

  test(`A 15: ${name}: a client of the same protocol gets events that it can read`, async (t) => {
    const faulty = await startFaulty(t, { faults: [fault], alone: true })
    let text = ''
    for await (const chunk of await faulty.router.openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
    }
    assert.equal(text, FIRST.text.join(''))
  })
}

test('A 15: a line of 1 MB is taken, a line over the limit is an error and held no further', async (t) => {
  const million = 'x'.repeat(1_000_000)
  const answer = { ...FIRST, text: ['Begin ', million, ' end.'] }
  for (const protocol of PROTOCOL_NAMES) {
    const faulty = await startFaulty(t, { protocol, answer })
    const whole = await faulty.ask('chat', true)
    assert.equal(whole.text, answer.text.join(''))
    faulty.proxy.set({ kind: 'oversized', afterEvents: AMID[protocol], bytes: Infinity })
    const response = await faulty.router.post('/v1/chat/completions', ask('Hello', { stream: true }))
    const text = await response.text()
    assert.ok(text.includes('"code":"upstream_error"'), text.slice(-300))
    assert.ok(!text.includes('[DONE]'))
    const { bytesOut } = faulty.proxy.counters()
    assert.ok(bytesOut < 24_000_000, `${bytesOut} bytes were taken`)
    assert.deepEqual(faulty.router.defects, [])
  }
})

test('A 15: a huge line before any content leaves the request to the next target', async (t) => {
  const faulty = await startFaulty(t, { faults: [{ kind: 'oversized', afterEvents: 0, bytes: 16_000_000 }] })
  assertFellBack(await faulty.ask('chat', true), faulty)
})
