/** Paths to what serves them. The hot ones write to the socket themselves; Hono keeps the routing. */
import type { RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { malformedRequest } from './accept/malformed.ts'
import { createRequestId } from './accept/request-id.ts'
import { RouterError } from './errors.ts'
import type { Health } from './health.ts'
import { explain, type Explanation } from './reply/headers.ts'
import { errorAnswer } from './reply/reply.ts'
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

/**
 * Hono does the routing, with one way past it: a request to a model, its path in plain spelling, goes straight to
 * the router. The Request and Response that Hono's server makes for each were a tenth of what a request costs
 * (benchmarks/README.md). Any other spelling, such as one with a query, finds the same router through Hono.
 */
export function createListener(parts: AppParts): RequestListener {
  const malformed = clientCodec('chat').encodeError(malformedRequest())
  const viaHono = getRequestListener(createApp(parts).fetch, {
    errorHandler: () =>
      new Response(malformed, { status: 400, headers: { 'content-type': 'application/json' } }),
  })
  return (incoming, outgoing) => {
    const protocol = incoming.method === 'POST' ? INFERENCE_PATHS.get(incoming.url ?? '') : undefined
    if (protocol === undefined) {
      void viaHono(incoming, outgoing)
      return
    }
    parts.router.handle(incoming, outgoing, protocol).catch((error: unknown) => {
      parts.onDefect(createRequestId(Date.now()), error)
      outgoing.destroy()
    })
  }
}

function createApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>()

  for (const [path, protocol] of INFERENCE_PATHS) {
    app.post(path, async (c) => {
      await parts.router.handle(c.env.incoming, c.env.outgoing, protocol)
      return RESPONSE_ALREADY_SENT
    })
  }
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

  for (const path of POST_PATHS) app.all(path, () => refuseMethod('POST'))
  for (const path of GET_PATHS) app.all(path, () => refuseMethod('GET, HEAD'))
  app.notFound(() => {
    const paths = [...POST_PATHS.map((path) => `POST ${path}`), ...GET_PATHS.map((path) => `GET ${path}`)]
    return refuse(new RouterError('not_found', `There is nothing at this path. Served: ${paths.join(', ')}.`))
  })
  app.onError((error) => {
    if (error instanceof RouterError) return refuse(error)
    const requestId = createRequestId(Date.now())
    parts.onDefect(requestId, error)
    return refuse(new RouterError('internal_error', `The router failed on this request (${requestId}).`))
  })
  return app
}

/** What serves requests to models, by path. */
const INFERENCE_PATHS: ReadonlyMap<string, Parameters<Router['handle']>[2]> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/responses', 'responses'],
])
const POST_PATHS = [...INFERENCE_PATHS.keys()]
const GET_PATHS = ['/v1/models', '/health', '/v1/metrics', '/metrics', '/v1/ab'] as const

function refuseMethod(allow: string): Response {
  const refusal = refuse(new RouterError('method_not_allowed', `This path takes ${allow}.`))
  refusal.headers.set('allow', allow)
  return refusal
}

/** The one way errors of these paths leave: the envelope and headers that the inference paths use. */
function refuse(error: RouterError): Response {
  const { status, headers, body } = errorAnswer(error, unrouted(), clientCodec('chat'))
  return new Response(body, { status, headers })
}

/** Of a request that needs no decision: an id, and `none` for the rest. */
function unrouted(): Explanation {
  const requestId = createRequestId(Date.now())
  return { requestId, classification: null, decision: null, target: null, failed: [] }
}
