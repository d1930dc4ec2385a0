/** Paths to what serves them. The hot ones write to the socket themselves; Hono keeps the routing. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import type { Visit } from './accept/door.ts'
import { malformedRequest } from './accept/malformed.ts'
import { createRequestId } from './accept/request-id.ts'
import { createDoorkeeper, pathOf, type DoorkeeperParts } from './doorkeeper.ts'
import { RouterError } from './errors.ts'
import { livenessOf, type Health } from './health.ts'
import { listedModel, type ModelList } from './models.ts'
import { createOllamaApi, type OllamaApiParts } from './ollama-api.ts'
import { allowedMethods, dialectOf, INFERENCE_PATHS, servedPaths } from './paths.ts'
import { refuse, unrouted } from './refuse.ts'
import { explain } from './reply/headers.ts'
import type { ResponseStore } from './record/response-store.ts'
import { turnsOf } from './record/response-store-client.ts'
import { createResponsesApi } from './responses-api.ts'
import type { Router } from './router.ts'
import { clientCodec } from './wire/codecs.ts'

export interface AppParts extends OllamaApiParts, DoorkeeperParts {
  readonly router: Router
  readonly turns: ResponseStore
  readonly health: () => Health
  /** False once the router is to end: whoever balances load should send no more. */
  readonly isReady: () => boolean
  readonly models: () => ModelList
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
 * (benchmarks/README.md). Any other spelling finds the same router through Hono.
 */
export function createListener(parts: AppParts): RequestListener {
  const malformed = clientCodec('chat').encodeError(malformedRequest(), '')
  const enter = createDoorkeeper(parts)
  const visits: Visits = new WeakMap()
  const viaHono = getRequestListener(createApp(parts, visits).fetch, {
    errorHandler: () =>
      new Response(malformed, { status: 400, headers: { 'content-type': 'application/json' } }),
  })
  return (incoming, outgoing) => {
    const visit = enter(incoming, outgoing)
    if (visit === null) return
    const endpoint = incoming.method === 'POST' ? INFERENCE_PATHS.get(pathOf(incoming.url)) : undefined
    if (endpoint === undefined) {
      visits.set(incoming, visit)
      void viaHono(incoming, outgoing)
      return
    }
    parts.router.handle(incoming, outgoing, endpoint, visit.client).catch((error: unknown) => {
      outgoing.destroy()
      parts.onDefect(createRequestId(Date.now()), error)
    })
  }
}

/** What the door found of the requests that go through Hono. */
type Visits = WeakMap<IncomingMessage, Visit>

function createApp(parts: AppParts, visits: Visits): Hono<Env> {
  const app = new Hono<Env>()
  const clientOf = (incoming: IncomingMessage): string | null => visits.get(incoming)?.client ?? null

  for (const [path, endpoint] of INFERENCE_PATHS) {
    app.post(path, async (c) => {
      const { incoming, outgoing } = c.env
      await parts.router.handle(incoming, outgoing, endpoint, clientOf(incoming))
      return RESPONSE_ALREADY_SENT
    })
  }
  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(explain(unrouted()))) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value)
    }
  })
  // Programs written for Ollama look here whether it runs.
  app.get('/', (c) => c.text('local-llm-router is running'))
  app.get('/v1/models', (c) => c.json(parts.models()))
  app.get('/v1/models/*', (c) => c.json(listedModel(parts.models(), idOf(c.req.url))))
  app.get('/health', (c) => {
    const isTrusted = visits.get(c.env.incoming)?.isTrusted === true
    return c.json(isTrusted ? parts.health() : livenessOf())
  })
  app.get('/v1/metrics', async (c) => c.json(await parts.summary(c.req.query('hours'))))
  app.get('/ready', (c) => {
    const ready = parts.isReady()
    return c.json({ ready }, ready ? 200 : 503)
  })
  app.get('/v1/ab', async (c) => c.json(await parts.abReport()))
  app.get('/metrics', async (c) => {
    const { contentType, text } = await parts.prometheus()
    return c.body(text, 200, { 'content-type': contentType })
  })
  // Before the stored responses, for which `input_tokens` would be an id.
  for (const path of INFERENCE_PATHS.keys()) app.all(path, () => refuseMethod('POST', path))
  app.route(
    '/v1/responses',
    createResponsesApi((incoming) => turnsOf(parts.turns, clientOf(incoming))),
  )
  app.route('/api', createOllamaApi(parts))

  for (const [path, allow] of allowedMethods()) app.all(path, () => refuseMethod(allow, path))
  app.notFound((c) => {
    const message = `There is nothing at this path. Served: ${servedPaths()}.`
    return refuse(new RouterError('not_found', message), dialectOf(c.req.path))
  })
  app.onError((error, c) => {
    if (error instanceof RouterError) return refuse(error, dialectOf(c.req.path))
    const requestId = createRequestId(Date.now())
    parts.onDefect(requestId, error)
    const message = `The router failed on this request (${requestId}).`
    return refuse(new RouterError('internal_error', message), dialectOf(c.req.path))
  })
  return app
}

/** Ids hold slashes and colons, written as they are or percent-encoded: all behind the path is the id. */
function idOf(url: string): string {
  const path = pathOf(url)
  const id = path.slice(path.indexOf(MODELS) + MODELS.length)
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}

const MODELS = '/v1/models/'

function refuseMethod(allow: string, path: string): Response {
  const refusal = refuse(new RouterError('method_not_allowed', `This path takes ${allow}.`), dialectOf(path))
  refusal.headers.set('allow', allow)
  return refusal
}
