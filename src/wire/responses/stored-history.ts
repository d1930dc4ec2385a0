/** The turns that led to a turn. */
import type { JsonObject } from '../json.ts'
import type { StoredTurn, StoredTurns } from './stored-turns.ts'

/** Longer ones do not fit into any context. */
export const LONGEST_CHAIN = 1000

export interface StoredChain {
  /** Oldest first. */
  readonly turns: readonly StoredTurn[]
  /** Whether the first one is really where the conversation began, and if not, why not. */
  readonly end: 'whole' | 'missing' | 'not-continuable' | 'too-long'
}

/** Back from the turn named `id`, itself included. */
export async function readChain(id: string | null, stored: StoredTurns): Promise<StoredChain> {
  const found: StoredTurn[] = []
  const seen = new Set<string>()
  const ended = (end: StoredChain['end']): StoredChain => ({ turns: found.toReversed(), end })
  for (let next = id; next !== null;) {
    // Ids are not all of our making: a chain may lead back into itself.
    if (found.length === LONGEST_CHAIN || seen.has(next)) return ended('too-long')
    seen.add(next)
    const turn = await stored.response(next)
    if (turn === null) return ended('missing')
    if (!turn.continuable) return ended('not-continuable')
    found.push(turn)
    next = turn.previousId
  }
  return ended('whole')
}

export function itemsOf(chain: StoredChain): readonly JsonObject[] {
  return chain.turns.flatMap((turn) => [...turn.inputItems, ...turn.outputItems])
}

/**
 * Everything that the model was given for a turn. What was deleted or forgotten of the turns before it is left out:
 * that is no reason not to show the rest.
 */
export async function historyOf(turn: StoredTurn, stored: StoredTurns): Promise<readonly JsonObject[]> {
  return [...itemsOf(await readChain(turn.previousId, stored)), ...turn.inputItems]
}
