import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RouterError } from '../errors.ts'
import { createBackend } from './backend.ts'
import { fromCall, fromStatus } from './failure.ts'

const backend = createBackend(
  {
    name: 'b',
    connection: { type: 'openai-compatible', endpoint: 'http://127.0.0.1:9' },
    policyTimeouts: {},
    env: {},
  },
  null,
)
const PLAIN = { contextOverflow: false, incapable: false, code: null }

describe('a status', () => {
  for (const [status, code, disposition] of [
    [301, 'upstream_error', 'next-target'],
    [307, 'upstream_error', 'next-target'],
    [400, 'upstream_rejected', 'final'],
    [401, 'upstream_misconfigured', 'next-target'],
    [402, 'upstream_rejected', 'final'],
    [403, 'upstream_misconfigured', 'next-target'],
    [404, 'upstream_misconfigured', 'next-target'],
    [408, 'upstream_error', 'next-target'],
    [409, 'upstream_error', 'next-target'],
    [413, 'upstream_rejected', 'final'],
    [422, 'upstream_rejected', 'final'],
    [429, 'rate_limit_exceeded', 'next-target'],
    [500, 'upstream_error', 'next-target'],
    [502, 'upstream_error', 'next-target'],
    [503, 'backend_unavailable', 'next-target'],
    [504, 'upstream_error', 'next-target'],
    [529, 'backend_unavailable', 'next-target'],
  ] as const) {
    test(`${status} is ${code}, ${disposition}`, () => {
      const failure = fromStatus(backend, status, {}, PLAIN)
      assert.equal(failure.error.code, code)
      assert.equal(failure.disposition, disposition)
      assert.equal(failure.status, status)
      assert.match(failure.error.message, new RegExp(`^Backend "b" answered HTTP ${status}`))
    })
  }

  test('what the backend said of its context wins over its status', () => {
    for (const status of [400, 413, 500]) {
      const details = { ...PLAIN, contextOverflow: true, promptTokens: 900, contextTokens: 512 }
      const failure = fromStatus(backend, status, {}, details)
      assert.equal(failure.error.code, 'context_length_exceeded')
      assert.equal(failure.disposition, 'next-target')
      assert.match(failure.error.message, /900 tokens, maximum context length is 512 tokens/)
    }
  })

  test('what this model cannot do another may', () => {
    const failure = fromStatus(backend, 400, {}, { ...PLAIN, incapable: true })
    assert.equal(failure.disposition, 'next-target')
    assert.equal(failure.error.code, 'upstream_rejected')
  })

  test('its code is told', () => {
    assert.match(fromStatus(backend, 400, {}, { ...PLAIN, code: 'bad_tool' }).error.message, /\(bad_tool\)/)
  })

  for (const [value, seconds] of [
    ['7', 7],
    ['0', 0],
    ['600', 600],
    ['86400', 600],
    ['1.5', null],
    ['-1', null],
    ['soon', null],
    ['Wed, 21 Oct 2026 07:28:00 GMT', null],
    [undefined, null],
  ] as const) {
    test(`Retry-After ${value} is ${seconds} s`, () => {
      const headers = value === undefined ? {} : { 'retry-after': value }
      for (const status of [429, 503]) {
        assert.equal(fromStatus(backend, status, headers, PLAIN).error.retryAfterSeconds, seconds)
      }
    })
  }
})

describe('a call', () => {
  for (const [phase, code, disposition] of [
    ['connect', 'backend_unavailable', 'next-target'],
    ['before-response', 'upstream_error', 'same-target'],
    ['before-response', 'upstream_timeout', 'next-target'],
    ['before-response', 'client_closed_request', 'next-target'],
    ['response', 'upstream_truncated', 'next-target'],
    ['response', 'upstream_error', 'next-target'],
  ] as const) {
    test(`that ended in ${phase} with ${code}: ${disposition}`, () => {
      assert.equal(fromCall({ phase, error: new RouterError(code, 'x') }, null).disposition, disposition)
    })
  }
})
