/** Table A, statuses that backends refuse with: how long a target is left alone, who is asked next, who is asked again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FINE, inTurn, NO_DOOR, startCast } from '../support/cast.ts'
import { status } from '../support/failing.ts'
import { createSkewedClock } from '../support/skewed-clock.ts'

const ERROR = { error: { message: 'no', type: 'error', code: null } }
const refused = (code: number, headers: Record<string, string> = {}) => status(code, ERROR, headers)

describe('reliability: refusals', { concurrency: 4 }, () => {
  const date = 'Wed, 25 Nov 2026 12:00:00 GMT'
  for (const [what, value, pauseMs] of [
    ['in seconds', '7', 7_000],
    ['as a date', 'Wed, 25 Nov 2026 12:00:30 GMT', 30_000],
    ['as a date of another age', 'Fri, 31 Dec 9999 23:59:59 GMT', 600_000],
    ['of a day', '86400', 600_000],
    ['of no seconds', '0', 0],
    ['as a date that has passed', 'Wed, 25 Nov 2026 11:00:00 GMT', 0],
    ['that is none', 'later', 0],
  ] as const) {
    test(`A 16: 429 with a Retry-After ${what}: the target is left alone for ${pauseMs} ms`, async (t) => {
      const clock = createSkewedClock()
      const roles = {
        first: { script: refused(429, { date, 'retry-after': value }) },
        next: { script: FINE },
      }
      const { ask, backends } = await startCast(t, roles, { clock })
      const first = await ask()
      assert.equal(first.backend, 'next')
      assert.ok(first.tookMs < 1_000, `${first.tookMs} ms`)
      backends.first.script(FINE)
      if (pauseMs > 0) {
        assert.equal((await ask()).backend, 'next')
        clock.skip(pauseMs - 2_000)
        assert.equal((await ask()).backend, 'next')
        assert.equal(backends.first.received.length, 1)
        clock.skip(2_000)
      }
      assert.equal((await ask()).backend, 'first')
    })
  }

  test('A 16: nobody sleeps longer than two seconds inside a request', async (t) => {
    for (const value of ['3', '600', 'Fri, 31 Dec 9999 23:59:59 GMT', 'later']) {
      const { ask, backends } = await startCast(t, {
        only: { script: refused(429, { date, 'retry-after': value }) },
      })
      const asked = await ask()
      assert.deepEqual(
        [asked.status, asked.code, backends.only.received.length],
        [429, 'rate_limit_exceeded', 1],
      )
      assert.equal(asked.retryAfter, value === 'later' ? null : Math.min(600, Number(value) || 600))
      assert.equal(asked.headers.get('x-should-retry'), 'false')
      assert.ok(asked.tookMs < 500, `${asked.tookMs} ms`)
    }
  })

  test('A 16: a pause of a second is sat out where there is no other target, and the target is asked again', async (t) => {
    // Many at once: a timer may fire a little before its time, and the pause must be over all the same.
    const rounds = Array.from({ length: 12 }, async () => {
      const { ask, backends } = await startCast(t, {
        only: { script: inTurn(refused(429, { 'retry-after': '1' }), FINE) },
      })
      const asked = await ask()
      assert.equal(asked.status, 200, asked.text)
      assert.equal(backends.only.received.length, 2)
      assert.ok(asked.tookMs >= 990 && asked.tookMs < 2_500, `${asked.tookMs} ms`)
    })
    await Promise.all(rounds)
  })

  test('A 17: 429 from every target fails fast, with the smallest Retry-After and the word not to repeat', async (t) => {
    const roles = {
      first: { script: refused(429, { 'retry-after': '30' }) },
      second: { script: refused(429, { 'retry-after': '7' }) },
      third: { script: refused(429, { 'retry-after': '90' }) },
    }
    for (const stream of [false, true]) {
      const { ask, backends } = await startCast(t, roles)
      const asked = await ask({ stream })
      assert.deepEqual([asked.status, asked.code, asked.retryAfter], [429, 'rate_limit_exceeded', 7])
      assert.equal(asked.headers.get('x-should-retry'), 'false')
      assert.ok(asked.tookMs < 500, `${asked.tookMs} ms`)
      // The storm goes on; the backends notice nothing of it any more.
      const storm = await Promise.all(Array.from({ length: 50 }, () => ask({ stream })))
      for (const later of storm) {
        assert.ok(later.status === 503 || later.status === 429, String(later.status))
        assert.ok(later.retryAfter === 7 || later.retryAfter === 6, String(later.retryAfter))
      }
      for (const backend of Object.values(backends)) assert.equal(backend.received.length, 1)
    }
  })

  for (const code of [500, 502, 503, 504, 529]) {
    for (const stream of [false, true]) {
      const form = stream ? 'streamed' : 'buffered'
      test(`A 18: ${code}: the next target at once, the first one not again, ${form}`, async (t) => {
        const { ask, backends } = await startCast(t, {
          first: { script: refused(code) },
          next: { script: FINE },
        })
        const asked = await ask({ stream })
        assert.deepEqual([asked.status, asked.backend], [200, 'next'])
        assert.equal(backends.first.received.length, 1)
        assert.ok(asked.tookMs < 200, `${asked.tookMs} ms`)
      })

      test(`A 18: ${code}: the last target is asked once more, ${form}`, async (t) => {
        const { ask, backends, router } = await startCast(t, {
          only: { script: inTurn(refused(code), FINE) },
        })
        const healed = await ask({ stream })
        assert.equal(healed.status, 200, healed.text)
        assert.equal(healed.headers.get('x-llr-attempts'), '2')
        backends.only.script(refused(code))
        const failed = await ask({ stream })
        assert.ok(failed.status === 502 || failed.status === 503, String(failed.status))
        assert.equal(failed.headers.get('x-should-retry'), 'false')
        assert.equal(backends.only.received.length, 4)
        assert.deepEqual(router.defects, [])
      })
    }
  }

  test('A 18: three tries for a request, however many targets there are', async (t) => {
    const script = refused(500)
    const names = ['a', 'b', 'c', 'd', 'e'] as const
    const roles = { a: { script }, b: { script }, c: { script }, d: { script }, e: { script } }
    const { ask, backends } = await startCast(t, roles)
    const asked = await ask()
    assert.equal(asked.status, 502)
    assert.deepEqual(
      names.map((name) => backends[name].received.length),
      [1, 1, 1, 0, 0],
    )
    assert.match(asked.text, /All 3 attempts failed/)
  })

  for (const code of [401, 403]) {
    test(`A 19: ${code}: no second try, and no breaker opens for it`, async (t) => {
      const { ask, backends } = await startCast(t, { only: { script: refused(code) } })
      for (let i = 1; i <= 25; i++) {
        const asked = await ask({ stream: i % 2 === 0 })
        assert.deepEqual([asked.status, asked.code], [502, 'upstream_misconfigured'])
        assert.equal(asked.headers.get('x-should-retry'), 'false')
        assert.equal(backends.only.received.length, i)
      }
      backends.only.script(FINE)
      assert.equal((await ask()).status, 200)
    })

    test(`A 19: ${code} from the only local backend: private requests have it back as soon as it is mended`, async (t) => {
      const more = `attest: local, ${NO_DOOR}`
      const roles = { local: { script: refused(code), more }, hosted: { script: FINE } }
      const { ask, backends } = await startCast(t, roles)
      const secret = { 'x-llr-sensitivity': 'high' }
      for (let i = 0; i < 12; i++) assert.equal((await ask({}, secret)).status, 502)
      assert.equal(backends.hosted.received.length, 0)
      backends.local.script(FINE)
      assert.equal((await ask({}, secret)).backend, 'local')
    })
  }
})
