/** Real HTTP servers on port 0 that play a backend: what they answer is scripted, what they received is kept. */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '../../src/wire/json.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: JsonObject
}

export type Script = (request: Received, response: ServerResponse) => void | Promise<void>

export interface Backend {
  /** `http://127.0.0.1:port`, no path. */
  readonly origin: string
  /** Requests for answers; probes (GET) are not among them. */
  readonly received: readonly Received[]
  /** Every request as text, probes included: request line, headers, body. What taint tests search. */
  readonly seen: readonly string[]
  /** Connections that were closed before the answer was complete. */
  readonly aborted: () => number
  /** Resolves with the next request for an answer that has not been waited for yet. */
  nextRequest(): Promise<Received>
  /** Resolves when that many answers in all were broken off by the other side. */
  untilAborted(count: number): Promise<void>
  script(next: Script): void
  close(): Promise<void>
}

export async function startBackend(initial: Script): Promise<Backend> {
  let script = initial
  let aborted = 0
  const received: Received[] = []
  const seen: string[] = []
  const events = new EventEmitter().setMaxListeners(0)
  let taken = 0
  const until = async (event: string, holds: () => boolean): Promise<void> => {
    while (!holds()) await once(events, event)
  }
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('close', () => {
      if (response.writableFinished) return
      aborted++
      events.emit('aborted')
    })
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const { method = '', url = '', headers } = incoming
      const body = text === '' ? {} : (JSON.parse(text) as JsonObject)
      const request = { method, path: url, headers, text, body }
      seen.push(`${method} ${url}\n${JSON.stringify(headers)}\n${text}`)
      if (method !== 'GET') {
        received.push(request)
        events.emit('request')
      }
      void script(request, response)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    seen,
    aborted: () => aborted,
    async nextRequest() {
      const index = taken++
      await until('request', () => received.length > index)
      return received[index] as Received
    },
    async untilAborted(count) {
      await until('aborted', () => aborted >= count)
    },
    script: (next) => {
      script = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The messages of a request for an answer, as they were sent. */
export function messagesOf(request: Received | undefined): readonly Readonly<Record<string, unknown>>[] {
  const messages = request?.body['messages']
  return Array.isArray(messages) ? (messages as readonly Readonly<Record<string, unknown>>[]) : []
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A chat backend that answers `text`, buffered or streamed word by word. */
export function chatScript(text: string, options: { readonly delayMs?: number } = {}): Script {
  return async ({ body, method }, response) => {
    if (method === 'GET') return sendJson(response, 200, { object: 'list', data: [] })
    if (options.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delayMs))
    const model = body['model']
    if (body['stream'] !== true) {
      return sendJson(response, 200, {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
      })
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const chunk = (delta: object, finish: string | null): void => {
      const choices = [{ index: 0, delta, finish_reason: finish }]
      response.write(
        `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices })}\n\n`,
      )
    }
    chunk({ role: 'assistant', content: '' }, null)
    for (const word of text.split(/(?<= )/)) chunk({ content: word }, null)
    chunk({}, 'stop')
    const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }
    response.write(
      `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices: [], usage })}\n\n`,
    )
    response.end('data: [DONE]\n\n')
  }
}

/** An Ollama that has `models` (a name, or a cloud alias) and answers `text` on its native API. */
export function ollamaScript(
  text: string,
  models: readonly (string | { readonly name: string; readonly remote_host: string })[],
): Script {
  return ({ body, method, path }, response) => {
    if (method === 'GET' && path === '/api/tags') {
      return sendJson(response, 200, {
        models: models.map((model) =>
          typeof model === 'string' ? { name: model, model, size: 1 } : { ...model, model: model.name },
        ),
      })
    }
    if (path !== '/api/chat') return sendJson(response, 404, { error: 'not found' })
    const base = { model: body['model'], created_at: '2026-11-22T00:00:00Z' }
    const last = { done: true, done_reason: 'stop', total_duration: 5, prompt_eval_count: 3, eval_count: 5 }
    if (body['stream'] === false) {
      return sendJson(response, 200, { ...base, message: { role: 'assistant', content: text }, ...last })
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const word of text.split(/(?<= )/)) {
      response.write(
        `${JSON.stringify({ ...base, message: { role: 'assistant', content: word }, done: false })}\n`,
      )
    }
    response.end(`${JSON.stringify({ ...base, message: { role: 'assistant', content: '' }, ...last })}\n`)
  }
}

/** A port on which nothing listens: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const backend = await startBackend(() => undefined)
  const port = Number(new URL(backend.origin).port)
  await backend.close()
  return port
}
