import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readDeadlineMs } from './deadline.ts'

describe('how long a client waits', () => {
  for (const [headers, expected] of [
    [{}, null],
    [{ 'x-request-timeout-ms': '1500' }, 1500],
    [{ 'x-stainless-timeout': '600' }, 600_000],
    [{ 'x-stainless-timeout': '0.25' }, 250],
    [{ 'x-request-timeout-ms': '1500', 'x-stainless-timeout': '1' }, 1000],
    [{ 'x-request-timeout-ms': '9999999999' }, 86_400_000],
    [{ 'x-request-timeout-ms': '0' }, null],
    [{ 'x-request-timeout-ms': '-5' }, null],
    [{ 'x-request-timeout-ms': 'soon' }, null],
    [{ 'x-request-timeout-ms': '1e9' }, null],
  ] as const) {
    test(JSON.stringify(headers), () => assert.equal(readDeadlineMs(headers), expected))
  }
})
