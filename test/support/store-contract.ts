/** What every record store must do, whatever its engine. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RecordsSettings } from '../../src/record/settings.ts'
import type { RecordBatch, Store } from '../../src/record/store.ts'
import { attemptRecord, EPOCH_MS, requestRecord, shadowRecord } from './records.ts'

const SETTINGS: RecordsSettings = { maxDays: 30, maxRows: 1000, flushIntervalMs: 200 }
const DAY_MS = 86_400_000

/** `open` gives an empty store of its own to each test, and closes it afterwards. */
export function testStoreContract(
  name: string,
  open: (settings: RecordsSettings, use: (store: Store) => Promise<void>) => Promise<void>,
): void {
  const withStore = (use: (store: Store) => Promise<void>) => () => open(SETTINGS, use)
  const append = (store: Store, batch: Partial<RecordBatch>) =>
    store.append({ requests: [], shadows: [], ...batch })

  describe(`${name}: summaries`, () => {
    test(
      'sums up nothing as nothing',
      withStore(async (store) => {
        await store.check()
        const { totals, routes, backends, percentilesOver } = await store.summarise(0)
        assert.equal(totals.requests, 0)
        assert.equal(totals.p50Ms, null)
        assert.equal(routes.size + backends.length + percentilesOver, 0)
      }),
    )

    test(
      'counts every kind of result, fallback, shift and label',
      withStore(async (store) => {
        await append(store, {
          requests: [
            requestRecord({ totalMs: 100 }),
            requestRecord({ totalMs: 300, fellBack: true, backend: 'sarmalink' }),
            requestRecord({
              totalMs: 200,
              shiftedFrom: 'local',
              primaryBackend: 'sarmalink',
              backend: 'sarmalink',
            }),
            requestRecord({ result: 'failure', backend: null, totalMs: 9000 }),
            requestRecord({ result: 'aborted', route: 'private', label: 'local-only' }),
            requestRecord({
              result: 'refused',
              backend: null,
              primaryBackend: null,
              attempts: [],
              task: 'code',
            }),
          ],
        })
        const { totals, routes, tasks, backends } = await store.summarise(EPOCH_MS)
        assert.deepEqual(
          [totals.requests, totals.success, totals.failure, totals.aborted, totals.refused],
          [6, 3, 1, 1, 1],
        )
        assert.deepEqual([totals.fellBack, totals.shifted, totals.localOnly], [1, 1, 1])
        assert.deepEqual([totals.p50Ms, totals.p95Ms], [200, 300], 'of successes only')
        assert.equal(routes.get('private')?.requests, 1)
        assert.equal(routes.get('default')?.requests, 5)
        assert.equal(tasks.get('code')?.refused, 1)
        const local = backends.find(({ backend }) => backend === 'local')
        assert.deepEqual([local?.primaryRequests, local?.fellBack], [4, 1])
      }),
    )

    test(
      'takes unreported usage for unknown, not for zero',
      withStore(async (store) => {
        const silent = requestRecord({ inputTokens: null, outputTokens: null, usageSource: null })
        await append(store, { requests: [requestRecord(), silent, { ...silent, result: 'failure' }] })
        const { totals } = await store.summarise(0)
        assert.deepEqual([totals.inputTokens, totals.outputTokens, totals.withoutUsage], [10, 20, 1])
      }),
    )

    test(
      'tells attempts by backend and model, whoever answered in the end',
      withStore(async (store) => {
        const failed = attemptRecord({ result: 'failure', totalMs: 5, status: 500 })
        const answered = attemptRecord({ backend: 'sarmalink', model: 'smart', totalMs: 40, firstTokenMs: 7 })
        await append(store, {
          requests: [requestRecord({ backend: 'sarmalink', fellBack: true, attempts: [failed, answered] })],
        })
        const { backends } = await store.summarise(0)
        const [local, sarmalink] = backends.toSorted((a, b) => a.backend.localeCompare(b.backend))
        assert.deepEqual([local?.attempts, local?.failure, local?.p50Ms], [1, 1, null])
        assert.deepEqual([sarmalink?.attempts, sarmalink?.success, sarmalink?.outputTokens], [1, 1, 20])
        assert.equal(sarmalink?.models[0]?.model, 'smart')
        assert.deepEqual([sarmalink?.models[0]?.p50Ms, sarmalink?.firstTokenP50Ms], [40, 7])
      }),
    )

    test(
      'keeps to the window, and reads one of many rows in full',
      withStore(async (store) => {
        const at = (index: number) =>
          requestRecord({ receivedAtEpochMs: EPOCH_MS + Math.min(index, 6000), totalMs: index })
        // Half of them in one and the same millisecond: more than a slice.
        const requests = Array.from({ length: 12_000 }, (_, index) => at(index))
        await append(store, {
          requests,
          shadows: [shadowRecord(), shadowRecord({ candidateResult: 'failure' })],
        })
        const all = await store.summarise(EPOCH_MS)
        assert.equal(all.totals.requests, 12_000)
        assert.equal(all.totals.p50Ms, 5999)
        assert.equal(all.percentilesOver, 12_000)
        assert.deepEqual({ ...all.shadows }, { count: 2, failures: 1 })
        assert.equal((await store.summarise(EPOCH_MS + 6000)).totals.requests, 6000)
        assert.equal((await store.summarise(EPOCH_MS + 6001)).totals.requests, 0)
      }),
    )
  })

  describe(`${name}: reading back`, () => {
    test(
      'gives recent successes for the latency book, oldest first',
      withStore(async (store) => {
        const late = attemptRecord({ startedAtEpochMs: EPOCH_MS + 50, totalMs: 9 })
        await append(store, {
          requests: [
            requestRecord({ stream: true, attempts: [late, attemptRecord({ result: 'failure' })] }),
            requestRecord({ attempts: [attemptRecord({ totalMs: 7 })] }),
            requestRecord({ receivedAtEpochMs: EPOCH_MS - 1 }),
          ],
        })
        const samples = await store.recentLatencies(EPOCH_MS)
        assert.deepEqual(
          samples.map((sample) => [sample.stream, sample.totalMs, sample.endedAtEpochMs - EPOCH_MS]),
          [
            [false, 7, 7],
            [true, 9, 59],
          ],
        )
      }),
    )

    test(
      'gives the pairs of two backends, newest first, up to a limit',
      withStore(async (store) => {
        await append(store, {
          shadows: [
            shadowRecord({ startedAtEpochMs: EPOCH_MS - 1 }),
            shadowRecord({ primaryTotalMs: 1 }),
            shadowRecord({
              startedAtEpochMs: EPOCH_MS + 1,
              primaryTotalMs: 2,
              candidateResult: 'failure',
              stream: true,
            }),
            shadowRecord({ startedAtEpochMs: EPOCH_MS + 2, candidateBackend: 'frontier' }),
          ],
        })
        const query = { primary: 'local', candidate: 'sarmalink', sinceEpochMs: EPOCH_MS }
        const pairs = await store.shadowPairs({ ...query, limit: 10 })
        assert.deepEqual(
          pairs.map((pair) => [
            pair.primaryTotalMs,
            pair.primarySucceeded,
            pair.candidateSucceeded,
            pair.stream,
          ]),
          [
            [2, true, false, true],
            [1, true, true, false],
          ],
        )
        assert.equal((await store.shadowPairs({ ...query, limit: 1 })).length, 1)
      }),
    )
  })

  describe(`${name}: bounds and faults`, () => {
    test(
      'deletes what is too old, in bounded passes',
      withStore(async (store) => {
        const old = EPOCH_MS - 31 * DAY_MS
        const requests = Array.from({ length: 900 }, () => requestRecord({ receivedAtEpochMs: old }))
        await append(store, {
          requests: [...requests, requestRecord()],
          shadows: [shadowRecord({ startedAtEpochMs: old })],
        })
        assert.equal(await store.prune(EPOCH_MS), true, 'more than one pass of it')
        while (await store.prune(EPOCH_MS)) continue
        const { totals, shadows, backends } = await store.summarise(0)
        assert.equal(totals.requests, 1)
        assert.equal(shadows.count, 0)
        assert.equal(backends[0]?.attempts, 1)
      }),
    )

    test(
      'deletes the oldest beyond the bound on rows',
      withStore(async (store) => {
        const requests = Array.from({ length: 1700 }, (_, index) =>
          requestRecord({ receivedAtEpochMs: EPOCH_MS + index }),
        )
        await append(store, { requests })
        while (await store.prune(EPOCH_MS)) continue
        assert.equal((await store.summarise(0)).totals.requests, 1000)
        assert.equal((await store.summarise(EPOCH_MS + 700)).totals.requests, 1000, 'the newest thousand')
      }),
    )

    test(
      'stores a record with a hole rather than lose its batch',
      withStore(async (store) => {
        const holed = requestRecord({ totalMs: Number.NaN, tokens: Number.POSITIVE_INFINITY })
        await append(store, { requests: [holed, requestRecord()] })
        assert.equal((await store.summarise(0)).totals.requests, 2)
      }),
    )

    test(
      'rejects after it was closed',
      withStore(async (store) => {
        await store.close()
        await assert.rejects(append(store, { requests: [requestRecord()] }))
        await assert.rejects(store.summarise(0))
      }),
    )
  })
}
