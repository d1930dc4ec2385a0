/**
 * A request that names what it does not carry → one that carries it (reference 1.3, 1.7): the turns before
 * `previous_response_id`, oldest first, and the items that references stand for. Instructions are not inherited.
 */
import { RouterError } from '../../errors.ts'
import { invalid, optionalString } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import { itemsOf, LONGEST_CHAIN, readChain, type StoredChain } from './stored-history.ts'
import { storedItem } from './stored-item.ts'
import type { StoredTurns } from './stored-turns.ts'

export { historyOf } from './stored-history.ts'
export type { StoredTurns } from './stored-turns.ts'

export interface Expanded {
  /** `input` holds everything; `previous_response_id` stays, for the echo. */
  readonly body: JsonObject
  /** What the client added, as it is stored. Made at the first call: most requests are not stored. */
  readonly newItems: () => readonly JsonObject[]
  /** Something that was stored of a local-only conversation went into it. */
  readonly sensitive: boolean
}

interface Resolved {
  readonly items: readonly JsonValue[]
  readonly sensitive: boolean
}

const NO_CHAIN: StoredChain = { turns: [], end: 'whole' }

/** What is wrong with the rest of the body is left for the decoder to say. */
export async function expandReferences(body: JsonObject, stored: StoredTurns): Promise<Expanded> {
  const previousId = optionalString(body, 'previous_response_id')
  const input = body['input'] ?? []
  const refers = previousId !== undefined || (isJsonArray(input) && input.some(isReference))
  const isReadable = typeof input === 'string' || isJsonArray(input)
  const hasConversation = body['conversation'] !== undefined && body['conversation'] !== null
  if (!refers || !isReadable || hasConversation) return asItIs(body)

  const chain = previousId === undefined ? NO_CHAIN : await readChain(previousId, stored)
  if (chain.end !== 'whole') throw cannotContinue(chain.end)
  const before = itemsOf(chain)
  const added = await resolve(listOf(input), before, stored)
  return {
    body: { ...body, input: [...before, ...added.items] },
    newItems: once(() => stateItems(added.items)),
    sensitive: added.sensitive || chain.turns.some((turn) => turn.sensitive),
  }
}

function asItIs(body: JsonObject): Expanded {
  return { body, newItems: once(() => stateItems(listOf(body['input']))), sensitive: false }
}

function listOf(input: JsonValue | undefined): readonly JsonValue[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return isJsonArray(input) ? input : []
}

function stateItems(items: readonly JsonValue[]): readonly JsonObject[] {
  return items.filter(isJsonObject).map(storedItem)
}

/** The type may be left out or null, as it may for a message, which has a role. */
function isReference(item: JsonValue): item is JsonObject {
  if (!isJsonObject(item)) return false
  return (item['type'] ?? (item['role'] === undefined ? 'item_reference' : 'message')) === 'item_reference'
}

/**
 * An item is put in once, however often it is named (the AI SDK names it for each of its parts): a short request must
 * not become a long one by naming a large item again and again.
 */
async function resolve(
  input: readonly JsonValue[],
  before: readonly JsonObject[],
  stored: StoredTurns,
): Promise<Resolved> {
  const items: JsonValue[] = []
  const there = new Set(before.map((item) => item['id']))
  let sensitive = false
  for (const [index, value] of input.entries()) {
    if (!isReference(value)) {
      items.push(value)
      continue
    }
    const id = value['id']
    if (typeof id !== 'string') throw invalid(`input[${index}].id`, 'a string')
    if (there.has(id)) continue
    there.add(id)
    const found = await stored.item(id)
    if (found === null) throw itemNotFound()
    items.push(found.item)
    sensitive ||= found.sensitive
  }
  return { items, sensitive }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function cannotContinue(why: Exclude<StoredChain['end'], 'whole'>): RouterError {
  const param = 'previous_response_id'
  if (why === 'too-long') return invalid(param, `the id of a response with at most ${LONGEST_CHAIN} turns`)
  const message =
    why === 'missing'
      ? 'Previous response not found, or a response before it: responses are kept only when `store` is not false, and only for a while.'
      : 'The previous response, or one before it, did not finish, so that it cannot be continued.'
  return new RouterError('previous_response_not_found', message, { param })
}

function itemNotFound(): RouterError {
  const message =
    'Item not found. Items are not persisted when `store` is false, and only for a while otherwise: send the item itself instead of a reference.'
  return new RouterError('not_found', message, { param: 'input' })
}
