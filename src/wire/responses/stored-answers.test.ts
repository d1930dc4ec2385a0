import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RouterError } from '../../errors.ts'
import type { JsonObject } from '../json.ts'
import {
  deletedAnswer,
  inputItemsAnswer,
  type ItemsQuery,
  responseAnswer,
  responseNotFound,
  turnOf,
} from './stored-answers.ts'

const FACTS = { sensitive: false, previousId: null }
const history = (length: number): readonly JsonObject[] =>
  Array.from({ length }, (_, index) => ({ id: `item_${index}` }))
const idsOf = (answer: JsonObject): readonly string[] =>
  (answer['data'] as readonly { id: string }[]).map(({ id }) => id)

describe('a finished answer', () => {
  const answer = {
    id: 'resp_1',
    status: 'completed',
    output: [{ id: 'msg_1', type: 'message', status: 'completed' }, { type: 'reasoning' }, 7],
  }

  test('becomes a turn, its text unchanged', () => {
    const text = JSON.stringify(answer, null, 2)
    const turn = turnOf(text, [{ id: 'in' }], { sensitive: true, previousId: 'resp_0' })
    assert.ok(turn !== null)
    assert.equal(responseAnswer(turn), text)
    assert.deepEqual(turn.inputItems, [{ id: 'in' }])
    assert.deepEqual(turn.outputItems[0], answer.output[0])
    assert.match(turn.outputItems[1]?.['id'] as string, /^rs_/)
    assert.equal(turn.outputItems.length, 2)
    assert.deepEqual([turn.id, turn.previousId, turn.sensitive], ['resp_1', 'resp_0', true])
  })

  test('can be continued when it came to an end, also to one that was cut', () => {
    const continuable = (status: string | undefined) =>
      turnOf(JSON.stringify({ ...answer, status }), [], FACTS)?.continuable
    for (const status of ['completed', 'incomplete']) assert.equal(continuable(status), true)
    for (const status of ['failed', 'cancelled', 'in_progress', undefined]) {
      assert.equal(continuable(status), false)
    }
  })

  test('is not stored without an id', () => {
    for (const text of ['', 'null', '[]', '{', '{}', '{"id":7}', '{"id":""}']) {
      assert.equal(turnOf(text, [], FACTS), null)
    }
    assert.deepEqual(turnOf('{"id":"x","output":null}', [], FACTS)?.outputItems, [])
  })
})

describe('answers about stored responses', () => {
  test('say what was deleted and what was not found', () => {
    assert.deepEqual(deletedAnswer('resp_1'), { id: 'resp_1', object: 'response', deleted: true })
    assert.deepEqual([responseNotFound().code, responseNotFound().status], ['not_found', 404])
  })

  test('list twenty items, the newest first, unless asked otherwise', () => {
    const { data, ...rest } = inputItemsAnswer(history(30), {})
    assert.deepEqual(rest, { object: 'list', first_id: 'item_29', last_id: 'item_10', has_more: true })
    assert.equal((data as readonly unknown[]).length, 20)
    const page = inputItemsAnswer(history(5), { order: 'asc', after: 'item_1', limit: '2' })
    assert.deepEqual(idsOf(page), ['item_2', 'item_3'])
    assert.equal(page['has_more'], true)
  })

  test('list nothing as nothing', () => {
    const empty = { object: 'list', data: [], first_id: null, last_id: null, has_more: false }
    assert.deepEqual(inputItemsAnswer([], {}), empty)
    assert.deepEqual(inputItemsAnswer(history(1), { after: 'item_0' }), empty)
  })

  test('refuse a wrong query, naming the parameter', () => {
    const wrong: readonly (readonly [ItemsQuery, string])[] = [
      ...['0', '101', '-1', '1.5', '', 'x', '1e1', ' 5'].map((limit) => [{ limit }, 'limit'] as const),
      [{ order: 'up' }, 'order'],
      [{ order: '' }, 'order'],
      [{ after: 'item_7' }, 'after'],
    ]
    for (const [query, param] of wrong) {
      assert.throws(
        () => inputItemsAnswer(history(3), query),
        (error: RouterError) => error.code === 'invalid_value' && error.param === param,
      )
    }
  })

  test('give every item exactly once to whoever turns the pages', () => {
    fc.assert(
      fc.property(
        fc.nat(130),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('asc', 'desc'),
        (length, limit, order) => {
          const seen: string[] = []
          let after: string | undefined
          for (let more = true; more;) {
            const page = inputItemsAnswer(history(length), { limit: String(limit), order, after })
            seen.push(...idsOf(page))
            more = page['has_more'] === true
            after = page['last_id'] as string
          }
          const all = history(length).map((item) => item['id'] as string)
          assert.deepEqual(seen, order === 'asc' ? all : all.toReversed())
        },
      ),
    )
  })
})
