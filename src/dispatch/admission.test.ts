import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAdmissionStage, LEFT, settled, type Caller } from '../../test/support/admission-stage.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { RouterError } from '../errors.ts'
import type { Priority } from './admission-queue.ts'
import { admissionSettings } from './admission-settings.ts'
import { createAdmission } from './admission.ts'

const OLLAMA = { enabled: true, parallel: 1, firstTokenMs: 300_000 }

function refusal({ state, error }: Caller): RouterError {
  assert.equal(state, 'refused')
  assert.ok(error instanceof RouterError)
  return error
}

describe('admission', () => {
  test('lets in as many as there are slots, the rest in their order', async () => {
    const { admission, admitted, ask } = createAdmissionStage({ parallel: 2 })
    const callers = [await ask(), await ask(), await ask(), await ask()]
    assert.deepEqual(
      callers.map((caller) => caller.state),
      ['admitted', 'admitted', 'waiting', 'waiting'],
    )
    assert.equal(admission.snapshot().queued.interactive, 2)
    callers[1]?.release()
    await settled()
    callers[0]?.release()
    await settled()
    assert.deepEqual(admitted, [callers[0], callers[1], callers[2], callers[3]])
    assert.equal(admission.snapshot().inFlight, 2)
  })

  test('takes a permit back once', async () => {
    const { admission, ask } = createAdmissionStage({ parallel: 1 })
    const caller = await ask()
    const others = [await ask(), await ask(), await ask()]
    caller.release()
    caller.release({ overloaded: true })
    await settled()
    others[0]?.release()
    caller.release()
    await settled()
    assert.deepEqual(
      others.map((other) => other.state),
      ['admitted', 'admitted', 'waiting'],
    )
    assert.equal(admission.snapshot().inFlight, 1)
  })

  test('lets interactive calls go first, batch every fifth time, mirrors when nobody waits', async () => {
    const { admitted, ask } = createAdmissionStage({ queuePerSlot: 20 })
    await ask()
    const asked: Priority[] = ['shadow', 'batch', 'batch', ...Array<Priority>(9).fill('interactive')]
    for (const priority of asked) await ask(priority)
    for (let i = 0; i < asked.length; i++) {
      admitted.at(-1)?.release()
      await settled()
    }
    const order = admitted.slice(1).map(({ priority }) => priority[0])
    assert.equal(order.join(''), 'iiiibiiiibis')
  })

  test('turns away whom the queue has no place for, and says when to come back', async () => {
    const { admission, admitted, clock, ask } = createAdmissionStage({ queuePerSlot: 2 })
    await ask()
    clock.advance(7_000)
    admitted[0]?.release()
    for (let i = 0; i < 3; i++) await ask()
    const error = refusal(await ask())
    assert.equal(error.code, 'backend_unavailable')
    assert.equal(error.retryAfterSeconds, 21)
    assert.equal(admission.snapshot().droppedTotal['queue-full'], 1)
  })

  test('gives the places of mirrors, then of all but one batch call, to interactive calls', async () => {
    const { admission, ask } = createAdmissionStage({ queuePerSlot: 4 })
    await ask()
    const waiting: Caller[] = []
    for (const priority of ['batch', 'batch', 'shadow', 'shadow'] as const) waiting.push(await ask(priority))
    assert.equal(refusal(await ask('shadow')).code, 'backend_unavailable')
    const newcomers = [await ask('batch'), await ask(), await ask(), await ask(), await ask()]
    assert.deepEqual(
      [...waiting, ...newcomers].map(({ state }) => state),
      // The two mirrors went for the first two newcomers, the last two batch calls for the next.
      ['waiting', 'refused', 'refused', 'refused', 'refused', 'waiting', 'waiting', 'waiting', 'refused'],
    )
    assert.deepEqual(admission.snapshot().queued, { interactive: 3, batch: 1, shadow: 0 })
    assert.equal(admission.snapshot().droppedTotal.displaced, 4)
  })

  test('refuses at once what could not start in time', async () => {
    const { admission, admitted, clock, ask } = createAdmissionStage()
    await ask()
    clock.advance(10_000)
    admitted[0]?.release()
    await ask()
    clock.advance(4_000)
    assert.equal((await ask('interactive', 6_000)).state, 'waiting')
    assert.equal(refusal(await ask('interactive', 15_999)).retryAfterSeconds, 16)
    assert.equal((await ask('interactive', 16_000)).state, 'waiting')
    assert.equal(admission.snapshot().droppedTotal['too-late'], 1)
  })

  test('does not take a cold load for the usual', async () => {
    const { admitted, clock, ask } = createAdmissionStage()
    for (const tookMs of [120_000, 1_000, 1_000]) {
      await ask()
      clock.advance(tookMs)
      admitted.at(-1)?.release()
    }
    await ask()
    assert.equal((await ask('interactive', 2_000)).state, 'waiting')
  })

  test('lets go of who waited until it was too late', async () => {
    const { admission, clock, ask } = createAdmissionStage({ queueWaitMs: 5_000 })
    const first = await ask()
    const hasty = await ask('interactive', 1_000)
    const patient = await ask('interactive', 60_000)
    clock.advance(1_001)
    await settled()
    assert.equal(refusal(hasty).code, 'backend_unavailable')
    assert.equal(patient.state, 'waiting')
    clock.advance(4_000)
    await settled()
    assert.equal(refusal(patient).retryable, true)
    assert.equal(admission.snapshot().droppedTotal.expired, 2)
    first.release()
    assert.equal(admission.snapshot().inFlight, 0)
    assert.equal(clock.pending(), 0)
  })

  test('starts nobody too late when a blocked event loop held up their timer', async () => {
    const manual = createManualClock()
    let blockedMs = 0
    const clock = { ...manual, nowMs: () => manual.nowMs() + blockedMs }
    const admission = createAdmission({ clock, settings: admissionSettings({}, OLLAMA) })
    const { signal } = new AbortController()
    const running = await admission.enter({ priority: 'interactive', signal, deadlineMs: 0 })
    const hasty = admission.enter({ priority: 'interactive', signal, deadlineMs: 400 })
    const patient = admission.enter({ priority: 'interactive', signal, deadlineMs: 4_000 })
    blockedMs = 500
    running.release({ firstTokenMs: 100 })
    await assert.rejects(hasty, { code: 'backend_unavailable' })
    await patient
    assert.equal(admission.snapshot().droppedTotal.expired, 1)
  })

  test('refuses a deadline that is over, even with a slot free', async () => {
    assert.equal(refusal(await createAdmissionStage().ask('interactive', -1)).status, 503)
  })

  test('gives who left their own reason', async () => {
    const { admission, ask } = createAdmissionStage()
    await ask()
    const caller = await ask()
    caller.leave()
    await settled()
    assert.equal(caller.error, LEFT)
    const gone = AbortSignal.abort(LEFT)
    await assert.rejects(admission.enter({ priority: 'batch', signal: gone, deadlineMs: 1 }), LEFT)
  })

  test('lets a client that was admitted leave without a trace', async () => {
    const { admission, ask } = createAdmissionStage()
    const caller = await ask()
    const next = await ask()
    caller.release()
    await settled()
    next.leave()
    await settled()
    assert.equal(next.answers, 1)
    assert.deepEqual(admission.snapshot().droppedTotal.left, 0)
  })

  test('passes everything on when it is off', async () => {
    const { admission, admitted, ask } = createAdmissionStage({ enabled: false })
    for (let i = 0; i < 100; i++) await ask()
    assert.equal(admitted.length, 100)
    admitted[0]?.release({ overloaded: true })
    assert.equal((await ask()).state, 'admitted')
    assert.deepEqual([admission.snapshot().limit, admission.snapshot().inFlight], [null, 100])
  })

  test('closes its door on all who wait and all who come', async () => {
    const { admission, clock, ask } = createAdmissionStage()
    const first = await ask()
    const waiting = await ask('batch')
    admission.close()
    await settled()
    assert.equal(refusal(waiting).code, 'server_shutdown')
    assert.equal(refusal(await ask()).code, 'server_shutdown')
    first.release({ overloaded: true })
    assert.equal(admission.snapshot().inFlight, 0)
    assert.equal(clock.pending(), 0)
  })
})
