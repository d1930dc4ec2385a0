/** Things that are done to storage of Responses, in any order, and what must hold after each. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type StoreUnderTest, storedTurn } from './response-store-case.ts'

const MINUTE_MS = 60_000

const id = fc.integer({ min: 0, max: 12 }).map((number) => `resp_${number}`)
export const storeStep = fc.oneof(
  fc.record({ do: fc.constant('remember' as const), id, size: fc.nat(3500), sensitive: fc.boolean() }),
  fc.record({ do: fc.constant('read' as const), id }),
  fc.record({ do: fc.constant('forget' as const), id }),
  fc.record({ do: fc.constant('wait' as const), minutes: fc.nat(7) }),
)
type Step = typeof storeStep extends fc.Arbitrary<infer T> ? T : never

export async function takeStep(
  { store, clock, settings }: StoreUnderTest,
  one: Step,
  storedAt: Map<string, number>,
): Promise<void> {
  if (one.do === 'wait') clock.advance(one.minutes * MINUTE_MS)
  if (one.do === 'forget') {
    await store.forget(one.id)
    assert.equal(await store.response(one.id), null)
    storedAt.delete(one.id)
  }
  if (one.do === 'remember') {
    const { id, size, sensitive } = one
    // An id is given once; it is reused here only when it is gone.
    if ((await store.response(id)) !== null) return
    store.remember(storedTurn(id, { sensitive, response: 'é'.repeat(size / 2) }))
    storedAt.set(id, clock.epochMs())
  }
  if (one.do === 'read') {
    for (const seen of [await store.response(one.id), await store.item(`msg_in_${one.id}`)]) {
      const at = storedAt.get(one.id)
      if (seen !== null)
        assert.ok(at !== undefined && clock.epochMs() - at <= settings.maxAgeMinutes * MINUTE_MS)
    }
  }
  const { memory, disk } = store.bytes()
  assert.ok(memory <= settings.maxBytes && disk <= settings.maxBytes)
}
