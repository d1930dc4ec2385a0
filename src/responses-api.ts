/** What the Responses API keeps, read and deleted by id (reference 1.1). */
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
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

const JSON_TYPE = { 'content-type': 'application/json' } as const

/** Mounted at `/v1/responses`. Each client finds the turns that are its own. */
export function createResponsesApi(
  turnsFor: (incoming: IncomingMessage) => ResponseStore,
): Hono<{ Bindings: HttpBindings }> {
  const api = new Hono<{ Bindings: HttpBindings }>()
  api.get('/:id', async (c) => {
    const turns = turnsFor(c.env.incoming)
    const turn = await turns.response(c.req.param('id'))
    if (turn === null) throw responseNotFound()
    if (c.req.query('stream') === 'true') throw notInBackground('stream')
    return c.body(responseAnswer(turn), 200, JSON_TYPE)
  })
  api.delete('/:id', async (c) => {
    const id = c.req.param('id')
    if (!(await turnsFor(c.env.incoming).forget(id))) throw responseNotFound()
    return c.json(deletedAnswer(id))
  })
  api.get('/:id/input_items', async (c) => {
    const turns = turnsFor(c.env.incoming)
    const turn = await turns.response(c.req.param('id'))
    if (turn === null) throw responseNotFound()
    const { limit, order, after } = c.req.query()
    return c.json(inputItemsAnswer(await historyOf(turn, turns), { limit, order, after }))
  })
  api.post('/:id/cancel', async (c) => {
    if ((await turnsFor(c.env.incoming).response(c.req.param('id'))) === null) throw responseNotFound()
    throw notInBackground('background')
  })
  return api
}

function notInBackground(param: string): RouterError {
  const message = 'This response was not made in the background, which this router does not offer.'
  return new RouterError('unsupported_parameter', message, { param })
}
