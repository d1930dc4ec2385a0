/** What the Responses API keeps, read and deleted by id (reference 1.1). */
import { Hono } from 'hono'
import { RouterError } from './errors.ts'
import type { ResponseStore } from './record/response-store.ts'
import {
  deletedAnswer,
  inputItemsAnswer,
  responseAnswer,
  responseNotFound,
} from './wire/responses/stored-answers.ts'
import { historyOf } from './wire/responses/references.ts'

export interface ResponsesApiParts {
  readonly turns: ResponseStore
}

const JSON_TYPE = { 'content-type': 'application/json' } as const

/** Mounted at `/v1/responses`. */
export function createResponsesApi({ turns }: ResponsesApiParts): Hono {
  const api = new Hono()
  api.get('/:id', async (c) => {
    const turn = await turns.response(c.req.param('id'))
    if (turn === null) throw responseNotFound()
    if (c.req.query('stream') === 'true') throw notInBackground('stream')
    return c.body(responseAnswer(turn), 200, JSON_TYPE)
  })
  api.delete('/:id', async (c) => {
    const id = c.req.param('id')
    if (!(await turns.forget(id))) throw responseNotFound()
    return c.json(deletedAnswer(id))
  })
  api.get('/:id/input_items', async (c) => {
    const turn = await turns.response(c.req.param('id'))
    if (turn === null) throw responseNotFound()
    const { limit, order, after } = c.req.query()
    return c.json(inputItemsAnswer(await historyOf(turn, turns), { limit, order, after }))
  })
  api.post('/:id/cancel', async (c) => {
    if ((await turns.response(c.req.param('id'))) === null) throw responseNotFound()
    throw notInBackground('background')
  })
  return api
}

function notInBackground(param: string): RouterError {
  const message = 'This response was not made in the background, which this router does not offer.'
  return new RouterError('unsupported_parameter', message, { param })
}
