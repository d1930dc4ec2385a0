import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { backoffMs, httpDateEpochMs, parseRetryAfter } from './backoff.ts'

describe('the back-off', () => {
  for (const [retry, boundMs] of [
    [0, 250],
    [1, 500],
    [2, 1000],
    [3, 2000],
    [4, 4000],
    [5, 4000],
    [2000, 4000],
  ] as const) {
    test(`of retry ${retry} is anything from 0 to ${boundMs} ms`, () => {
      assert.equal(
        backoffMs(retry, () => 0),
        0,
      )
      assert.equal(
        backoffMs(retry, () => 0.5),
        boundMs / 2,
      )
      assert.equal(
        backoffMs(retry, () => 0.999_999),
        boundMs - 1,
      )
    })
  }
})

describe('Retry-After', () => {
  const NOW = Date.UTC(1994, 10, 6, 8, 49, 30)

  for (const [value, seconds] of [
    ['Sun, 06 Nov 1994 08:49:37 GMT', 7],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 7],
    ['Sun Nov  6 08:49:37 1994', 7],
    ['Sun Nov 16 08:49:37 1994', 600],
    ['Sun, 06 Nov 1994 08:49:30 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:29 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 600],
    ['Sun, 06 Nov 1994 25:61:00 GMT', undefined],
    ['Sun, 06 Nov 1994 08:49:37 PST', undefined],
    ['1994-11-06T08:49:37Z', undefined],
    ['7', 7],
    [' 7 ', 7],
    ['007', 7],
    ['0', 0],
    ['600', 600],
    ['601', 600],
    ['9'.repeat(400), 600],
    ['1.5', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['7, 8', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    test(`${value?.slice(0, 40)} is ${seconds} s`, () => {
      assert.equal(parseRetryAfter(value, NOW), seconds)
    })
  }

  test('as a date says nothing to one who does not know the time', () => {
    assert.equal(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', Number.NaN), undefined)
    assert.equal(parseRetryAfter('7', Number.NaN), 7)
  })

  test('is whole seconds within ten minutes, or nothing, whatever was sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.date().map(String), fc.nat().map(String)), (text) => {
        const seconds = parseRetryAfter(text, NOW)
        assert.ok(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 600))
      }),
    )
  })

  test('understands every date as toUTCString writes it', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(date, (date) => {
        assert.equal(httpDateEpochMs(date.toUTCString()), Math.floor(date.getTime() / 1000) * 1000)
      }),
    )
  })
})
