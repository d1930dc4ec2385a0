/** What `GET /v1/models` tells: the names that a client may ask for. */
import type { Policy } from './decide/policy.ts'
import { advertisedModels } from './decide/model.ts'
import { RouterError } from './errors.ts'

/** OpenAI's entry and Anthropic's in one: the SDKs of both read it. */
export interface ModelEntry {
  readonly id: string
  readonly object: 'model'
  readonly created: number
  readonly owned_by: string
  readonly type: 'model'
  readonly display_name: string
  readonly created_at: string
}

export interface ModelList {
  readonly object: 'list'
  readonly data: readonly ModelEntry[]
  readonly has_more: false
  readonly first_id: string | null
  readonly last_id: string | null
}

export function modelList(policy: Policy): ModelList {
  const data = advertisedModels(policy).map((id): ModelEntry => ({
    id,
    object: 'model',
    created: 0,
    owned_by: 'local-llm-router',
    type: 'model',
    display_name: id,
    created_at: '1970-01-01T00:00:00Z',
  }))
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

/** Throws RouterError `model_not_found`. */
export function listedModel(list: ModelList, id: string): ModelEntry {
  const entry = list.data.find((model) => model.id === id)
  if (entry !== undefined) return entry
  // Not repeated: what a client sends is never told back.
  const message = 'There is no model of this name; GET /v1/models lists them.'
  throw new RouterError('model_not_found', message, { param: 'model' })
}
