/** Answers of the endpoints that read and delete what is stored (reference 1.1), and what a finished answer leaves. */
import { RouterError } from '../../errors.ts'
import { invalid } from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { isJsonArray, isJsonObject, parseJson } from '../json.ts'
import { storedItem } from './stored-item.ts'
import type { StoredTurn } from './stored-turns.ts'

const DEFAULT_LIMIT = 20
const LARGEST_LIMIT = 100

/** The parameters of the URL, as text. */
export interface ItemsQuery {
  readonly limit?: string | undefined
  readonly order?: string | undefined
  /** Id of the item after which the page begins. */
  readonly after?: string | undefined
}

/** JSON text. */
export function responseAnswer(turn: StoredTurn): string {
  return turn.response
}

export function deletedAnswer(id: string): JsonObject {
  return { id, object: 'response', deleted: true }
}

export function responseNotFound(): RouterError {
  const message =
    'Response not found. Responses are kept only when `store` is not false, and only for a while.'
  return new RouterError('not_found', message)
}

/** `history` is oldest first; the page is newest first unless asked otherwise. */
export function inputItemsAnswer(history: readonly JsonObject[], query: ItemsQuery): JsonObject {
  const limit = limitOf(query)
  const ordered = isAscending(query) ? history : history.toReversed()
  const start = startOf(ordered, query)
  const data = ordered.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data.at(0)?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: start + limit < ordered.length,
  }
}

function limitOf({ limit }: ItemsQuery): number {
  if (limit === undefined) return DEFAULT_LIMIT
  const value = /^\d{1,3}$/.test(limit) ? Number(limit) : 0
  if (value < 1 || value > LARGEST_LIMIT) throw invalid('limit', `an integer from 1 to ${LARGEST_LIMIT}`)
  return value
}

function isAscending({ order }: ItemsQuery): boolean {
  if (order !== undefined && order !== 'asc' && order !== 'desc') throw invalid('order', "'asc' or 'desc'")
  return order === 'asc'
}

function startOf(ordered: readonly JsonObject[], { after }: ItemsQuery): number {
  if (after === undefined) return 0
  const index = ordered.findIndex((item) => item['id'] === after)
  if (index < 0) throw invalid('after', 'the id of an item in this list')
  return index + 1
}

/** Null when the text is no response object with an id: such a one could never be asked for. */
export function turnOf(
  answerText: string,
  newItems: readonly JsonObject[],
  facts: Pick<StoredTurn, 'sensitive' | 'previousId'>,
): StoredTurn | null {
  const answer = parseJson(answerText)
  if (!isJsonObject(answer)) return null
  const { id, output, status } = answer
  if (typeof id !== 'string' || id === '') return null
  return {
    id,
    previousId: facts.previousId,
    inputItems: newItems,
    outputItems: isJsonArray(output) ? output.filter(isJsonObject).map(outputItem) : [],
    response: answerText,
    sensitive: facts.sensitive,
    continuable: status === 'completed' || status === 'incomplete',
  }
}

/** As it was answered: an id is all that an item may lack. */
function outputItem(item: JsonObject): JsonObject {
  return typeof item['id'] === 'string' && item['id'] !== '' ? item : storedItem(item)
}
