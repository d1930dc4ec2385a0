/** What holds of an admission whatever its callers, its backend and the time do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAdmissionStage, settled, type Caller } from '../../test/support/admission-stage.ts'
import { PRIORITIES } from './admission-queue.ts'
import type { AdmissionSettings } from './admission-settings.ts'

const LONGEST_PAUSE_MS = 4_000
/** Deadlines and pauses fall on these, so that an answer is heard at the time at which it was given. */
const TICK_MS = 50

/** A system under test and, beside it, what its callers know. */
function createModel(settings: Partial<AdmissionSettings>) {
  const stage = createAdmissionStage(settings)
  const { admission, admitted, clock } = stage
  const callers: Caller[] = []
  const released = new Set<Caller>()
  let lastOverloadMs = Number.NEGATIVE_INFINITY
  const holding = (): readonly Caller[] => admitted.filter((caller) => !released.has(caller))
  return {
    ...stage,
    callers,
    holding,
    release(caller: Caller, firstTokenMs: number | null, overloaded: boolean): void {
      released.add(caller)
      if (overloaded) lastOverloadMs = clock.nowMs()
      caller.release({ firstTokenMs, overloaded })
    },
    /** `before` is how many had been admitted before the last command. */
    check(before: number): void {
      const { limit, inFlight, queued, droppedTotal } = admission.snapshot()
      assert.ok(limit !== null)
      assert.equal(inFlight, holding().length, 'every permit is held by one caller')
      if (admitted.length > before) assert.ok(inFlight <= limit, `${inFlight} in flight of ${limit}`)
      const waiting = callers.filter(({ state }) => state === 'waiting')
      for (const one of PRIORITIES) {
        const ofClass = (list: readonly Caller[]): Caller[] => list.filter(({ priority }) => priority === one)
        assert.equal(queued[one], ofClass(waiting).length, `all waiting ${one} calls are in the queue`)
        const order = ofClass(admitted).map((caller) => callers.indexOf(caller))
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
          `${one} is first come, first served`,
        )
      }
      const isPaused = clock.nowMs() - lastOverloadMs < LONGEST_PAUSE_MS
      assert.ok(waiting.length === 0 || inFlight >= limit || isPaused, 'nobody waits beside a free slot')
      const refused = callers.filter(({ state }) => state === 'refused').length
      assert.equal(
        refused,
        Object.values(droppedTotal).reduce((sum, count) => sum + count, 0),
      )
      for (const caller of callers) {
        assert.equal(caller.answers, caller.state === 'waiting' ? 0 : 1)
        if (caller.state === 'admitted') assert.ok(caller.atMs <= caller.deadlineMs, 'started in time')
        if (caller.state === 'waiting') assert.ok(clock.nowMs() <= caller.deadlineMs, 'can still be in time')
      }
    },
  }
}

type Model = ReturnType<typeof createModel>
type Step = (model: Model) => unknown

const pick = (list: readonly Caller[], which: number): Caller | undefined => list[which % list.length]

const enter = fc
  .tuple(fc.constantFrom(...PRIORITIES), fc.nat(200))
  .map(([priority, patienceMs]): Step => async (model) => {
    model.callers.push(await model.ask(priority, patienceMs * TICK_MS))
  })
const leave = fc.nat(1000).map(
  (which): Step =>
    ({ callers }) =>
      pick(callers, which)?.leave(),
)
const release = fc
  .tuple(fc.nat(1000), fc.option(fc.nat(5_000)), fc.integer({ min: 0, max: 9 }))
  .map(([which, firstTokenMs, dice]): Step => (model) => {
    const caller = pick(model.holding(), which)
    if (caller !== undefined) model.release(caller, firstTokenMs, dice === 0)
  })
const releaseTwice = fc.nat(1000).map((which): Step => ({ admitted, holding }) => {
  const caller = pick(admitted, which)
  if (caller !== undefined && !holding().includes(caller)) caller.release()
})
const wait = fc.nat(60).map((ticks): Step => async ({ clock }) => {
  for (let i = 0; i < ticks; i++) {
    clock.advance(TICK_MS)
    await settled()
  }
})

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: enter },
    { weight: 1, arbitrary: leave },
    { weight: 3, arbitrary: release },
    { weight: 1, arbitrary: releaseTwice },
    { weight: 2, arbitrary: wait },
  ),
  { maxLength: 80, size: 'max' },
)
const settings = fc.record({
  parallel: fc.integer({ min: 1, max: 4 }),
  maxParallel: fc.integer({ min: 4, max: 6 }),
  queuePerSlot: fc.nat(4),
  queueWaitMs: fc.nat(400).map((ticks) => ticks * TICK_MS),
})

test('every call is answered once and in time, in its order, and never more run than may', async () => {
  await fc.assert(
    fc.asyncProperty(settings, steps, async (settings, steps) => {
      const model = createModel(settings)
      for (const step of steps) {
        const before = model.admitted.length
        await step(model)
        await settled()
        model.check(before)
      }
      model.admission.close()
      await settled()
      assert.ok(model.callers.every(({ answers }) => answers === 1))
      for (const caller of model.holding()) model.release(caller, 100, false)
      assert.equal(model.admission.snapshot().inFlight, 0)
      assert.equal(model.clock.pending(), 0)
    }),
    { numRuns: 300 },
  )
})

test('the n-th waiting batch call is let in after at most 5 n admissions, however many others come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(5), { maxLength: 60 }),
      async (parallel, rush) => {
        const model = createAdmissionStage({ parallel })
        for (let i = 0; i < parallel; i++) await model.ask()
        const batch: Caller[] = []
        // Those that keep their places when interactive calls need the rest: one for each slot.
        for (let i = 0; i < parallel; i++) batch.push(await model.ask('batch'))
        let admissions = 0
        for (const newcomers of [...rush, ...Array<number>(5 * parallel).fill(5)]) {
          for (let i = 0; i < newcomers; i++) await model.ask()
          model.admitted[admissions++]?.release()
          await settled()
          for (const [n, caller] of batch.entries()) {
            if (admissions >= 5 * (n + 1)) assert.equal(caller.state, 'admitted')
          }
        }
      },
    ),
    { numRuns: 50 },
  )
})
