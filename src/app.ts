/** Paths to what serves them. The hot ones write to the socket themselves; Hono keeps the routing. */
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono, type Context } from 'hono'
import { createRequestId } from './accept/request-id.ts'
import { RouterError } from './errors.ts'
import type { Health } from './health.ts'
import { explain, type Explanation } from './reply/headers.ts'
import { sendError } from './reply/reply.ts'
import type { Router } from './router.ts'
import { clientCodec } from './wire/codecs.ts'

export interface AppParts {
  readonly router: Router
  readonly health: () => Health
  readonly models: () => object
  /** `hours` as the client wrote it. Throws RouterError `invalid_value`. */
  readonly summary: (hours: string | undefined) => Promise<object>
  readonly abReport: () => Promise<object>
  readonly prometheus: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly onDefect: (requestId: string, error: unknown) => void
}

type Env = { Bindings: HttpBindings }

export function createApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>()

  app.post('/v1/chat/completions', async (c) => {
    await parts.router.handle(c.env.incoming, c.env.outgoing, 'chat')
    return RESPONSE_ALREADY_SENT
  })
  app.post('/v1/responses', async (c) => {
    await parts.router.handle(c.env.incoming, c.env.outgoing, 'responses')
    return RESPONSE_ALREADY_SENT
  })
  for (const path of GET_PATHS) {
    app.use(path, async (c, next) => {
      for (const [name, value] of Object.entries(explain(unrouted()))) c.header(name, value)
      await next()
    })
  }
  app.get('/v1/models', (c) => c.json(parts.models()))
  app.get('/health', (c) => c.json(parts.health()))
  app.get('/v1/metrics', async (c) => c.json(await parts.summary(c.req.query('hours'))))
  app.get('/v1/ab', async (c) => c.json(await parts.abReport()))
  app.get('/metrics', async (c) => {
    const { contentType, text } = await parts.prometheus()
    return c.body(text, 200, { 'content-type': contentType })
  })

  for (const path of POST_PATHS) app.all(path, (c) => refuseMethod(c, 'POST'))
  for (const path of GET_PATHS) app.all(path, (c) => refuseMethod(c, 'GET, HEAD'))
  app.notFound((c) => {
    const paths = [...POST_PATHS.map((path) => `POST ${path}`), ...GET_PATHS.map((path) => `GET ${path}`)]
    return refuse(c, new RouterError('not_found', `There is nothing at this path. Served: ${paths.join(', ')}.`))
  })
  app.onError((error, c) => {
    if (error instanceof RouterError) return refuse(c, error)
    const requestId = createRequestId(Date.now())
    parts.onDefect(requestId, error)
    return refuse(c, new RouterError('internal_error', `The router failed on this request (${requestId}).`))
  })
  return app
}

const POST_PATHS = ['/v1/chat/completions', '/v1/responses'] as const
const GET_PATHS = ['/v1/models', '/health', '/v1/metrics', '/metrics', '/v1/ab'] as const

function refuseMethod(c: Context<Env>, allow: string): Response {
  c.env.outgoing.setHeader('allow', allow)
  return refuse(c, new RouterError('method_not_allowed', `This path takes ${allow}.`))
}

/** The one way errors of these paths leave: the envelope and headers that the inference paths use. */
function refuse(c: Context<Env>, error: RouterError): Response {
  sendError(c.env.outgoing, error, unrouted(), clientCodec('chat'))
  return RESPONSE_ALREADY_SENT
}

/** Of a request that needs no decision: an id, and `none` for the rest. */
function unrouted(): Explanation {
  const requestId = createRequestId(Date.now())
  return { requestId, classification: null, decision: null, target: null, failed: [] }
}
