/** What storage of Responses must do, wherever it keeps them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ResponseStore } from '../../src/record/response-store.ts'
import type { JsonObject } from '../../src/wire/json.ts'
import { expandReferences } from '../../src/wire/responses/references.ts'
import { turnOf } from '../../src/wire/responses/stored-answers.ts'
import { storedTurn, type StoreUnderTest, type WithResponseStore } from './response-store-case.ts'
import { storeStep, takeStep } from './response-store-steps.ts'

const MINUTE_MS = 60_000

const ROOMY = { maxBytes: 1_000_000, maxAgeMinutes: 60 }
/** One of `storedTurn` fits, with what it continues; a fifth does not fit beside four. */
const TURN_BYTES = 260

/** `open` gives an empty store of its own to each use. */
export function testResponseStoreContract(name: string, open: WithResponseStore): void {
  const withStore = (use: (under: StoreUnderTest) => Promise<void>) => () => open(ROOMY, use)
  const found = async (store: ResponseStore, ids: readonly string[]): Promise<readonly string[]> => {
    const seen = await Promise.all(ids.map((id) => store.response(id)))
    return seen.flatMap((turn) => (turn === null ? [] : [turn.id]))
  }

  describe(`${name}: keeping`, () => {
    test(
      'gives back what it was given, letter by letter',
      withStore(async ({ store }) => {
        const odd = storedTurn('resp_1', {
          previousId: 'resp_0',
          continuable: false,
          inputItems: [{ id: 'a', text: '\u0000 \ud83d\ude00 \ud800 日本 "\\' }, { id: 'b' }],
          outputItems: [{ id: 'c', type: 'web_search_call', action: { sources: [1, null, true] } }],
          response: '{ "id" : "resp_1",\n "x": "é\\u0000" }',
        })
        store.remember(odd)
        assert.deepEqual(await store.response('resp_1'), odd)
        assert.deepEqual((await store.item('c'))?.item, odd.outputItems[0])
        assert.deepEqual((await store.item('a'))?.item, odd.inputItems[0])
        assert.equal(await store.response('resp_0'), null)
        assert.equal(await store.item('resp_1'), null)
      }),
    )

    test(
      'replaces a turn of the same id, items and all',
      withStore(async ({ store }) => {
        store.remember(storedTurn('resp_1', { inputItems: [{ id: 'old' }] }))
        store.remember(storedTurn('resp_1', { inputItems: [{ id: 'new' }] }))
        assert.equal(await store.item('old'), null)
        assert.deepEqual((await store.item('new'))?.item, { id: 'new' })
        assert.deepEqual((await store.response('resp_1'))?.inputItems, [{ id: 'new' }])
      }),
    )

    test(
      'finds an item as long as one of the turns that hold it is there, the newest first',
      withStore(async ({ store }) => {
        store.remember(storedTurn('resp_1', { inputItems: [{ id: 'shared', version: 1 }] }))
        store.remember(storedTurn('resp_2', { inputItems: [{ id: 'shared', version: 2 }] }))
        assert.deepEqual((await store.item('shared'))?.item, { id: 'shared', version: 2 })
        assert.equal(await store.forget('resp_2'), true)
        assert.deepEqual((await store.item('shared'))?.item, { id: 'shared', version: 1 })
      }),
    )

    test(
      'keeps items that share an id, and finds the last of them',
      withStore(async ({ store }) => {
        const inputItems = [0, 1, 2].map((version) => ({ id: 'same', version }))
        store.remember(storedTurn('resp_1', { inputItems }))
        assert.deepEqual((await store.response('resp_1'))?.inputItems, inputItems)
        assert.deepEqual((await store.item('same'))?.item, { id: 'same', version: 2 })
      }),
    )

    test(
      'forgets on request, once',
      withStore(async ({ store }) => {
        store.remember(storedTurn('resp_1'))
        assert.equal(await store.forget('resp_1'), true)
        assert.equal(await store.forget('resp_1'), false)
        assert.equal(await store.response('resp_1'), null)
        assert.equal(await store.item('msg_in_resp_1'), null)
        assert.deepEqual(store.bytes(), { memory: 0, disk: 0 })
      }),
    )

    test(
      'marks what was local-only, and every turn that continues it',
      withStore(async ({ store }) => {
        store.remember(storedTurn('resp_1', { sensitive: true }))
        store.remember(storedTurn('resp_2', { previousId: 'resp_1' }))
        store.remember(storedTurn('resp_3', { previousId: 'resp_2' }))
        assert.equal((await store.response('resp_3'))?.sensitive, true)
        assert.equal((await store.item('msg_out_resp_3'))?.sensitive, true)
        assert.equal(store.bytes().disk, 0)
      }),
    )

    test(
      'marks an item that is also part of a local-only conversation',
      withStore(async ({ store }) => {
        const inputItems = [{ id: 'shared' }]
        store.remember(storedTurn('resp_1', { inputItems, sensitive: true }))
        store.remember(storedTurn('resp_2', { inputItems }))
        assert.equal((await store.item('shared'))?.sensitive, true)
      }),
    )
  })

  describe(`${name}: bounds`, () => {
    test('forgets what was used least recently, and keeps the whole of a chain that is in use', () =>
      open({ ...ROOMY, maxBytes: 4 * TURN_BYTES }, async ({ store }) => {
        store.remember(storedTurn('resp_1'))
        store.remember(storedTurn('resp_2', { previousId: 'resp_1' }))
        store.remember(storedTurn('resp_3'))
        store.remember(storedTurn('resp_4'))
        await expandReferences({ input: 'more', previous_response_id: 'resp_2' }, store)
        store.remember(storedTurn('resp_5'))
        store.remember(storedTurn('resp_6'))
        const all = ['resp_1', 'resp_2', 'resp_3', 'resp_4', 'resp_5', 'resp_6']
        assert.deepEqual(await found(store, all), ['resp_1', 'resp_2', 'resp_5', 'resp_6'])
      }))

    test('takes reading an item for using its turn', () =>
      open({ ...ROOMY, maxBytes: 2 * TURN_BYTES }, async ({ store }) => {
        store.remember(storedTurn('resp_1'))
        store.remember(storedTurn('resp_2'))
        await store.item('msg_in_resp_1')
        store.remember(storedTurn('resp_3'))
        assert.deepEqual(await found(store, ['resp_1', 'resp_2', 'resp_3']), ['resp_1', 'resp_3'])
      }))

    test('does not empty itself for a turn that does not fit anyway', () =>
      open({ ...ROOMY, maxBytes: 1000 }, async ({ store }) => {
        store.remember(storedTurn('resp_1'))
        store.remember(storedTurn('resp_2', { response: 'x'.repeat(1000) }))
        assert.deepEqual(await found(store, ['resp_1', 'resp_2']), ['resp_1'])
      }))

    test(
      'deletes by itself what is too old, also when nobody asks',
      withStore(async ({ store, clock }) => {
        for (let index = 0; index < 500; index++) store.remember(storedTurn(`resp_${index}`))
        for (const ms of [60 * MINUTE_MS, MINUTE_MS, 1000, 1000, 1000]) {
          clock.advance(ms)
          await new Promise(setImmediate)
        }
        assert.deepEqual(store.bytes(), { memory: 0, disk: 0 })
      }),
    )

    test(
      'follows a reload: a shorter age at once, and nothing when it is off',
      withStore(async (under) => {
        const { store, clock } = under
        store.remember(storedTurn('resp_1'))
        clock.advance(2 * MINUTE_MS)
        const { settings } = under
        under.settings = { ...settings, maxAgeMinutes: 1 }
        assert.equal(await store.response('resp_1'), null)
        assert.equal(await store.forget('resp_1'), false)
        under.settings = { ...settings, store: 'off' }
        store.remember(storedTurn('resp_2'))
        assert.deepEqual(await found(store, ['resp_1', 'resp_2']), [])
        assert.equal(await store.item('msg_in_resp_2'), null)
        assert.equal(await store.forget('resp_2'), false)
        assert.deepEqual(store.bytes(), { memory: 0, disk: 0 })
      }),
    )

    test(
      'is silent after it was closed',
      withStore(async ({ store }) => {
        store.remember(storedTurn('resp_1'))
        await store.close()
        store.remember(storedTurn('resp_2'))
        assert.deepEqual(await found(store, ['resp_1', 'resp_2']), [])
        assert.equal(await store.forget('resp_1'), false)
        assert.deepEqual(store.bytes(), { memory: 0, disk: 0 })
        await store.close()
      }),
    )

    test('holds its bounds whatever is done', () =>
      fc.assert(
        fc.asyncProperty(fc.array(storeStep, { maxLength: 60 }), (steps) =>
          open({ maxBytes: 3000, maxAgeMinutes: 10 }, async (under) => {
            const storedAt = new Map<string, number>()
            for (const one of steps) await takeStep(under, one, storedAt)
          }),
        ),
        { numRuns: 60 },
      ))
  })

  describe(`${name}: conversations`, () => {
    test('expands any sequence of turns to exactly what was said, with ids that differ', () =>
      fc.assert(
        fc.asyncProperty(fc.array(exchange, { minLength: 1, maxLength: 8 }), (exchanges) =>
          open(ROOMY, async ({ store }) => {
            const said: unknown[] = []
            let previousId: string | null = null
            for (const [index, { input, output, sensitive }] of exchanges.entries()) {
              const body: JsonObject = { model: 'auto', input, previous_response_id: previousId }
              const expanded = await expandReferences(body, store)
              const added =
                typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input
              if (previousId === null) assert.equal(expanded.body, body)
              else assert.deepEqual(expanded.body['input'], [...said, ...added])
              assert.equal(
                expanded.sensitive,
                exchanges.slice(0, index).some((one) => one.sensitive),
              )
              const text = JSON.stringify({ id: `resp_${index}`, status: 'completed', output })
              const turn = turnOf(text, expanded.newItems(), { sensitive, previousId })
              assert.ok(turn !== null)
              store.remember(turn)
              said.push(...turn.inputItems, ...turn.outputItems)
              previousId = turn.id
            }
            const ids = said.map((item) => (item as { id: string }).id)
            assert.equal(new Set(ids).size, ids.length)
          }),
        ),
        { numRuns: 60 },
      ))
  })
}

const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'developer'), content: fc.string() })
const call = fc.record({
  type: fc.constantFrom('function_call', 'reasoning', 'web_search_call', 'message'),
  status: fc.constantFrom('completed', 'incomplete'),
  arguments: fc.string({ unit: 'binary' }),
})
const exchange = fc.record({
  input: fc.oneof(fc.string(), fc.array(message, { maxLength: 4 })),
  output: fc.array(call, { maxLength: 4 }),
  sensitive: fc.boolean(),
})
