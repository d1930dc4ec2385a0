import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RouterError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { expandReferences, historyOf } from './references.ts'
import { LONGEST_CHAIN } from './stored-history.ts'
import type { StoredItem, StoredTurn, StoredTurns } from './stored-turns.ts'

const turn = (id: string, facts: Partial<StoredTurn> = {}): StoredTurn => ({
  id,
  previousId: null,
  inputItems: [{ id: `in_${id}` }],
  outputItems: [{ id: `out_${id}` }],
  response: '{}',
  sensitive: false,
  continuable: true,
  ...facts,
})

function storedOf(...turns: readonly StoredTurn[]): StoredTurns {
  const items = turns.flatMap(({ inputItems, outputItems, sensitive }) =>
    [...inputItems, ...outputItems].map((item): StoredItem => ({ item, sensitive })),
  )
  return {
    isKeeping: () => true,
    response: async (id) => turns.find((turn) => turn.id === id) ?? null,
    item: async (id) => items.find(({ item }) => item['id'] === id) ?? null,
  }
}

const stored = storedOf(
  turn('a'),
  turn('b', { previousId: 'a' }),
  turn('secret', { sensitive: true }),
  turn('after', { previousId: 'secret' }),
  turn('failed', { continuable: false }),
  turn('orphan', { previousId: 'gone' }),
  turn('circle', { previousId: 'circle' }),
)

const inputOf = async (body: JsonObject): Promise<JsonValue | undefined> =>
  (await expandReferences(body, stored)).body['input']

async function refusal(body: JsonObject): Promise<[string, string | null, number]> {
  try {
    await expandReferences(body, stored)
  } catch (error) {
    const { code, param, status, message } = error as RouterError
    assert.ok(!message.includes('hidden'), 'no text of the request')
    return [code, param, status]
  }
  return assert.fail('was not refused')
}

describe('a request without references', () => {
  for (const body of [
    {},
    { input: 'hello', previous_response_id: null },
    { input: [{ role: 'user', content: 'hello' }, 7] },
    { input: 7, previous_response_id: 'gone' },
    { input: 'hello', previous_response_id: 'gone', conversation: 'conv_1' },
  ] satisfies readonly JsonObject[]) {
    test(`is handed on as it is: ${JSON.stringify(body)}`, async () => {
      const expanded = await expandReferences(body, stored)
      assert.equal(expanded.body, body)
      assert.equal(expanded.sensitive, false)
    })
  }

  test('states its input as items, the same ones each time', async () => {
    const { newItems } = await expandReferences({ input: 'hello' }, stored)
    const [item, ...rest] = newItems()
    assert.deepEqual(item, {
      id: item?.['id'],
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text: 'hello' }],
    })
    assert.match(item?.['id'] as string, /^msg_\w{24}$/)
    assert.equal(rest.length, 0)
    assert.equal(newItems()[0], item)
  })

  test('keeps ids and status, and gives ids to the rest by their kind', async () => {
    const input = [
      { role: 'assistant', content: 'yes', id: 'msg_mine', status: 'incomplete', phase: 'final' },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: 'no json' },
      { type: 'function_call_output', call_id: 'c', output: 'x', id: null },
      { type: 'apply_patch_call' },
      7,
    ]
    const items = (await expandReferences({ input }, stored)).newItems()
    assert.deepEqual(items[0], {
      ...(input[0] as JsonObject),
      type: 'message',
      content: [{ type: 'output_text', text: 'yes', annotations: [] }],
    })
    assert.deepEqual(
      items.map((item) => /^[a-z]+_/.exec(item['id'] as string)?.[0]),
      ['msg_', 'fc_', 'fco_', 'item_'],
    )
  })
})

describe('a request that continues another', () => {
  test('carries what came before, oldest first, and keeps the rest of its body', async () => {
    const body = { model: 'm', instructions: 'new ones', input: 'next', previous_response_id: 'b' }
    const expanded = await expandReferences(body, stored)
    assert.deepEqual(expanded.body, {
      ...body,
      input: [
        { id: 'in_a' },
        { id: 'out_a' },
        { id: 'in_b' },
        { id: 'out_b' },
        { type: 'message', role: 'user', content: 'next' },
      ],
    })
    assert.equal(expanded.newItems().length, 1)
    assert.equal(expanded.sensitive, false)
  })

  test('needs no input of its own', async () => {
    assert.deepEqual(await inputOf({ previous_response_id: 'a' }), [{ id: 'in_a' }, { id: 'out_a' }])
  })

  test('is local-only when anything before it was', async () => {
    const body = { input: 'x', previous_response_id: 'after' }
    assert.equal((await expandReferences(body, stored)).sensitive, true)
  })

  test('is refused when what it continues is not there, did not finish or never ends', async () => {
    const notFound = ['previous_response_not_found', 'previous_response_id', 400]
    for (const id of ['hidden', '', 'orphan', 'failed', '__proto__']) {
      assert.deepEqual(await refusal({ input: 'x', previous_response_id: id }), notFound)
    }
    assert.deepEqual(await refusal({ previous_response_id: 'circle' }), [
      'invalid_value',
      'previous_response_id',
      400,
    ])
    assert.deepEqual(await refusal({ input: 'x', previous_response_id: ['hidden'] }), [
      'invalid_value',
      'previous_response_id',
      400,
    ])
  })

  test('may have a thousand turns before it', async () => {
    const turns = Array.from({ length: LONGEST_CHAIN + 1 }, (_, index) =>
      turn(`t${index}`, { previousId: index === 0 ? null : `t${index - 1}` }),
    )
    const long = storedOf(...turns)
    const { body } = await expandReferences({ previous_response_id: `t${LONGEST_CHAIN - 1}` }, long)
    assert.equal((body['input'] as readonly JsonValue[]).length, 2 * LONGEST_CHAIN)
    await assert.rejects(expandReferences({ previous_response_id: `t${LONGEST_CHAIN}` }, long))
  })
})

describe('references to items', () => {
  test('are replaced where they stand, whatever their type says', async () => {
    const input = [
      { type: 'item_reference', id: 'out_a' },
      { role: 'user', content: 'x' },
      { type: null, id: 'in_b' },
      { id: 'in_a' },
    ]
    assert.deepEqual(await inputOf({ input }), [
      { id: 'out_a' },
      { role: 'user', content: 'x' },
      { id: 'in_b' },
      { id: 'in_a' },
    ])
  })

  test('put an item in once, however often it is named', async () => {
    const reference = (id: string) => ({ type: 'item_reference', id })
    const input = [reference('out_b'), reference('in_secret'), reference('in_secret')]
    assert.deepEqual(await inputOf({ input, previous_response_id: 'b' }), [
      { id: 'in_a' },
      { id: 'out_a' },
      { id: 'in_b' },
      { id: 'out_b' },
      { id: 'in_secret' },
    ])
  })

  test('make the request local-only when the item was', async () => {
    const input = [{ type: 'item_reference', id: 'out_secret' }]
    const { sensitive, newItems } = await expandReferences({ input }, stored)
    assert.equal(sensitive, true)
    assert.deepEqual(newItems(), [{ id: 'out_secret' }])
  })

  test('are refused when there is no such item, or no id', async () => {
    const input = (id: JsonValue) => ({
      input: [
        { role: 'user', content: '' },
        { type: 'item_reference', id },
      ],
    })
    assert.deepEqual(await refusal(input('hidden')), ['not_found', 'input', 404])
    assert.deepEqual(await refusal(input(7)), ['invalid_value', 'input[1].id', 400])
    await assert.rejects(expandReferences(input('hidden'), stored), /persisted when `store` is false/)
  })
})

describe('the history of a turn', () => {
  test('is all that the model was given, as far as it is still there', async () => {
    const ids = async (turn: StoredTurn) => (await historyOf(turn, stored)).map((item) => item['id'])
    assert.deepEqual(await ids(turn('c', { previousId: 'b' })), ['in_a', 'out_a', 'in_b', 'out_b', 'in_c'])
    assert.deepEqual(await ids(turn('d', { previousId: 'orphan' })), ['in_orphan', 'out_orphan', 'in_d'])
    assert.deepEqual(await ids(turn('e', { previousId: 'gone' })), ['in_e'])
  })
})
