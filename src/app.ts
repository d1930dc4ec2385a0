/** Paths to what serves them. The hot ones write to the socket themselves; Hono keeps the routing. */
import type { RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { malformedRequest } from './accept/malformed.ts'
import { createRequestId } from './accept/request-id.ts'
import { RouterError } from './errors.ts'
import type { Health } from './health.ts'
import { listedModel, type ModelList } from './models.ts'
import { createOllamaApi, type OllamaApiParts } from './ollama-api.ts'
import { dialectOf, GET_PATHS, INFERENCE_PATHS, servedPaths } from './paths.ts'
import { refuse, unrouted } from './refuse.ts'
import { explain } from './reply/headers.ts'
import { createResponsesApi, type ResponsesApiParts } from './responses-api.ts'
import type { Router } from './router.ts'
import { clientCodec } from './wire/codecs.ts'

export interface AppParts extends ResponsesApiParts, OllamaApiParts {
  readonly router: Router
  readonly health: () => Health
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
  const viaHono = getRequestListener(createApp(parts).fetch, {
    errorHandler: () =>
      new Response(malformed, { status: 400, headers: { 'content-type': 'application/json' } }),
  })
  return (incoming, outgoing) => {
    const endpoint = incoming.method === 'POST' ? INFERENCE_PATHS.get(pathOf(incoming.url)) : undefined
    if (endpoint === undefined) {
      void viaHono(incoming, outgoing)
      return
    }
    parts.router.handle(incoming, outgoing, endpoint).catch((error: unknown) => {
      parts.onDefect(createRequestId(Date.now()), error)
      outgoing.destroy()
    })
  }
}

/** Claude Code asks for `/v1/messages?beta=true`. */
function pathOf(url = ''): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

function createApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>()

  for (const [path, endpoint] of INFERENCE_PATHS) {
    app.post(path, async (c) => {
      await parts.router.handle(c.env.incoming, c.env.outgoing, endpoint)
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
  app.get('/health', (c) => c.json(parts.health()))
  app.get('/v1/metrics', async (c) => c.json(await parts.summary(c.req.query('hours'))))
  app.get('/v1/ab', async (c) => c.json(await parts.abReport()))
  app.get('/metrics', async (c) => {
    const { contentType, text } = await parts.prometheus()
    return c.body(text, 200, { 'content-type': contentType })
  })
  app.route('/v1/responses', createResponsesApi(parts))
  app.route('/api', createOllamaApi(parts))

  for (const path of INFERENCE_PATHS.keys()) app.all(path, () => refuseMethod('POST', path))
  for (const path of [...GET_PATHS, '/v1/models/*']) app.all(path, () => refuseMethod('GET, HEAD', path))
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
