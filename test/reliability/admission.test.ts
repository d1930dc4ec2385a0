/** Rows of the table of faults that the door of a backend answers for, in virtual time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AdmissionSettings } from '../../src/dispatch/admission-settings.ts'
import { createDraw } from '../../src/record/random.ts'
import { createAdmissionStage, settled, type Caller } from '../support/admission-stage.ts'
import { createOneSlotBackend, type Work } from '../support/one-slot-backend.ts'

const MINUTES = 20
const MEAN_SERVICE_MS = 1_000
const PREFILL_MS = 150
const TICK_MS = 20

/** Ten times what one slot can do, from clients that want their whole answer within 2 to 20 s and then leave. */
async function overload(settings: Partial<AdmissionSettings>) {
  const { admission, clock, ask } = createAdmissionStage(settings)
  const backend = createOneSlotBackend(clock, PREFILL_MS)
  const draw = createDraw(34)
  const running = new Set<Caller>()
  let mostQueued = 0
  let startedLate = 0
  let callers = 0

  function serve(caller: Caller): void {
    if (caller.atMs > caller.deadlineMs) startedLate++
    running.add(caller)
    const startedMs = clock.nowMs()
    let firstTokenMs: number | null = null
    const end = (): void => {
      if (running.delete(caller)) caller.release({ firstTokenMs })
    }
    const work: Work = {
      serviceMs: MEAN_SERVICE_MS / 2 + draw(MEAN_SERVICE_MS),
      firstToken: () => (firstTokenMs = clock.nowMs() - startedMs),
      done: end,
    }
    const patienceMs = caller.deadlineMs + MEAN_SERVICE_MS - clock.nowMs()
    clock.setTimer(patienceMs, () => {
      backend.abort(work)
      end()
    })
    backend.start(work)
  }

  const waiting = new Set<Caller>()
  const endMs = MINUTES * 60_000
  for (let nextMs = 0; clock.nowMs() < endMs; clock.advance(TICK_MS)) {
    for (; nextMs <= clock.nowMs(); nextMs += draw(MEAN_SERVICE_MS / 5)) {
      waiting.add(await ask('interactive', 2_000 + draw(18_000) - MEAN_SERVICE_MS))
      callers++
    }
    await settled()
    for (const caller of waiting) {
      if (caller.state !== 'waiting') waiting.delete(caller)
      if (caller.state === 'admitted') serve(caller)
    }
    const { queued, limit } = admission.snapshot()
    mostQueued = Math.max(mostQueued, queued.interactive)
    if (limit !== null) assert.ok(queued.interactive <= 4 * Math.max(limit, 2))
  }
  const capacityMs = endMs
  return {
    goodput: backend.usefulMs() / capacityMs,
    wasted: backend.wastedMs() / capacityMs,
    load: (callers * MEAN_SERVICE_MS) / capacityMs,
    mostQueued,
    startedLate,
    queuedAtBackend: backend.longestQueue(),
    snapshot: admission.snapshot(),
  }
}

describe('reliability: admission', () => {
  for (const [name, maxParallel] of [
    ['a limit that is pinned to the one slot', 1],
    ['a limit that may grow', 32],
  ] as const) {
    test(`A 34: one slot, ten times the load, ${name}: at least 90 % of it is useful work`, async () => {
      const result = await overload({ parallel: 1, maxParallel })
      assert.ok(result.load > 9.5, `load ${result.load}`)
      assert.ok(result.goodput >= 0.9, `goodput ${result.goodput}, wasted ${result.wasted}`)
      assert.ok(result.mostQueued <= 8, `${result.mostQueued} queued`)
      assert.ok(result.queuedAtBackend <= 1, `${result.queuedAtBackend} queued at the backend`)
      assert.equal(result.startedLate, 0)
    })
  }

  test('A 34: without the door, a fifth of the work and more is for clients that leave', async () => {
    const result = await overload({ enabled: false })
    assert.ok(result.goodput < 0.8 && result.wasted > 0.2, `goodput ${result.goodput}`)
    assert.ok(result.queuedAtBackend > 50)
  })

  test('A 36: a full queue at the backend halves the limit, pauses, and is no failure to who waits', async () => {
    const { admission, admitted, clock, ask } = createAdmissionStage({ parallel: 8 })
    for (let i = 0; i < 8; i++) await ask()
    const waiting = [await ask(), await ask('batch')]
    // All eight were under way together and say the same thing: the limit halves once.
    for (const caller of admitted.slice(0, 8)) caller.release({ firstTokenMs: null, overloaded: true })
    await settled()
    assert.deepEqual([admission.snapshot().limit, admission.snapshot().inFlight], [4, 0])
    assert.ok(waiting.every(({ state }) => state === 'waiting'))
    clock.advance(250)
    await settled()
    assert.ok(waiting.every(({ state }) => state === 'admitted'))
    for (const caller of waiting) caller.release()
    // First tokens as fast as ever: back to eight.
    for (let i = 0; i < 60; i++) {
      const together: Caller[] = []
      for (let n = 0; n < (admission.snapshot().limit ?? 0); n++) together.push(await ask())
      for (const caller of together) caller.release()
      await settled()
    }
    assert.equal(admission.snapshot().limit, 8)
    assert.deepEqual(new Set(Object.values(admission.snapshot().droppedTotal)), new Set([0]))
  })

  test('A 36: a backend that stays full is asked less and less often, at last every four seconds', async () => {
    const { admission, clock, ask } = createAdmissionStage()
    const pauses: number[] = []
    for (let i = 0; i < 7; i++) {
      const caller = await ask('interactive')
      const sinceMs = clock.nowMs()
      for (; caller.state === 'waiting'; await settled()) clock.advance(50)
      pauses.push(clock.nowMs() - sinceMs)
      caller.release({ firstTokenMs: null, overloaded: true })
    }
    assert.deepEqual(pauses, [0, 250, 500, 1_000, 2_000, 4_000, 4_000])
    clock.advance(4_000)
    const answered = await ask()
    answered.release({ firstTokenMs: 100 })
    // One answer, and the next pause is a short one again.
    const refused = await ask()
    refused.release({ overloaded: true })
    const next = await ask()
    assert.equal(next.state, 'waiting')
    clock.advance(250)
    await settled()
    assert.equal(next.state, 'admitted')
    assert.equal(admission.snapshot().limit, 1)
  })

  test('A 36: a refusal from before the last pause is no news', async () => {
    const { admission, admitted, clock, ask } = createAdmissionStage({ parallel: 8 })
    for (let i = 0; i < 3; i++) await ask()
    clock.advance(10)
    admitted[0]?.release({ overloaded: true })
    clock.advance(1_000)
    admitted[1]?.release({ overloaded: true })
    assert.equal(admission.snapshot().limit, 4)
    assert.equal((await ask()).state, 'admitted')
    admitted[3]?.release({ overloaded: true })
    assert.equal(admission.snapshot().limit, 2)
  })

  test('A 28: a client that leaves while it waits is gone at once and is never dispatched', async () => {
    const { admission, admitted, clock, ask } = createAdmissionStage()
    const first = await ask()
    const left = [await ask(), await ask(), await ask('batch')]
    const stays = await ask('batch')
    for (const caller of left) caller.leave()
    // Nothing was awaited in between.
    assert.deepEqual(admission.snapshot().queued, { interactive: 0, batch: 1, shadow: 0 })
    assert.equal(admission.snapshot().droppedTotal.left, 3)
    first.release()
    await settled()
    assert.deepEqual(admitted, [first, stays])
    stays.release()
    assert.equal(clock.pending(), 0)
  })

  test('A 52: a flood of mirrors costs clients no place in the queue and no turn', async () => {
    const { admission, admitted, ask } = createAdmissionStage()
    const first = await ask()
    const mirrors: Caller[] = []
    for (let i = 0; i < 50; i++) mirrors.push(await ask('shadow'))
    const clients = [await ask(), await ask(), await ask('batch'), await ask()]
    assert.deepEqual(admission.snapshot().queued, { interactive: 3, batch: 1, shadow: 0 })
    first.release()
    for (const turn of [1, 2, 3, 4]) {
      await settled()
      admitted[turn]?.release()
    }
    assert.deepEqual(admitted.slice(1), [clients[0], clients[1], clients[3], clients[2]])
    assert.ok(mirrors.every(({ state }) => state === 'refused'))
    assert.equal((await ask('shadow')).state, 'admitted')
  })
})
