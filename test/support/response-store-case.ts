/** A store of Responses under test, and turns to put into it. */
import type { ResponsesSettings } from '../../src/record/response-settings.ts'
import type { ResponseStore } from '../../src/record/response-store.ts'
import type { StoredTurn } from '../../src/wire/responses/stored-turns.ts'
import type { ManualClock } from './manual-clock.ts'

/** A store and what its surroundings can do to it. */
export interface StoreUnderTest {
  readonly store: ResponseStore
  readonly clock: ManualClock
  settings: ResponsesSettings
}

export type WithResponseStore = (
  settings: Omit<ResponsesSettings, 'store'>,
  use: (under: StoreUnderTest) => Promise<void>,
) => Promise<void>

export function storedTurn(id: string, turn: Partial<StoredTurn> = {}): StoredTurn {
  return {
    id,
    previousId: null,
    inputItems: [{ id: `msg_in_${id}`, type: 'message', role: 'user', content: [] }],
    outputItems: [{ id: `msg_out_${id}`, type: 'message', role: 'assistant', status: 'completed' }],
    response: JSON.stringify({ id, object: 'response', status: 'completed' }),
    sensitive: false,
    continuable: true,
    ...turn,
  }
}
