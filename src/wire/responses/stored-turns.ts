/** What a stored conversation offers to the protocol. The record stage implements it. */
import type { JsonObject } from '../json.ts'

/** One response with what was asked for it. */
export interface StoredTurn {
  readonly id: string
  /** The turn that this one continues. */
  readonly previousId: string | null
  /** Only what this turn added, each with an id. */
  readonly inputItems: readonly JsonObject[]
  readonly outputItems: readonly JsonObject[]
  /** JSON text of the whole response object. */
  readonly response: string
  /** The conversation was local-only: whatever continues it must be so too. */
  readonly sensitive: boolean
  /** False for one that failed or was cancelled: it can be read, not continued. */
  readonly continuable: boolean
}

export interface StoredItem {
  readonly item: JsonObject
  /** Of any turn that it is stored with. */
  readonly sensitive: boolean
}

/** Neither rejects: what cannot be read is not found. */
export interface StoredTurns {
  /** False: the policy stores nothing, and answers must not claim otherwise. */
  isKeeping(): boolean
  response(id: string): Promise<StoredTurn | null>
  /** An input or output item by its own id. */
  item(id: string): Promise<StoredItem | null>
}
