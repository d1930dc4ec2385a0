/** Every way in which a backend is known to fail, as scripts for `startBackend`. */
import type { ServerResponse } from 'node:http'
import type { JsonObject } from '../../src/wire/json.ts'
import { sendJson, type Received, type Script } from './backend.ts'

export function chunk(delta: JsonObject, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ id: 'chatcmpl-9', object: 'chat.completion.chunk', created: 1, model: 'broken', choices })}\n\n`
}

export const ROLE = chunk({ role: 'assistant', content: '' })

/** A line of Ollama's native stream. */
export function line(content: string, more: JsonObject = { done: false }): string {
  return `${JSON.stringify({ model: 'broken', created_at: '2026-11-22T00:00:00Z', message: { role: 'assistant', content }, ...more })}\n`
}

function openStream(response: ServerResponse, path: string): void {
  response.writeHead(200, {
    'content-type': path === '/api/chat' ? 'application/x-ndjson' : 'text/event-stream',
  })
}

/** Answers probes like a healthy server, everything else by `fail`. */
function failing(fail: (response: ServerResponse, request: Received) => void): Script {
  return (request, response) => {
    if (request.method !== 'GET') return fail(response, request)
    sendJson(response, 200, request.path === '/api/tags' ? { models: [] } : { object: 'list', data: [] })
  }
}

/** Sends what is given, then closes the connection without ending the answer. */
export function cutAfter(...pieces: readonly string[]): Script {
  return failing((response, { path }) => {
    openStream(response, path)
    response.write(pieces.join(''), () => response.destroy())
  })
}

/** Sends what is given and ends the answer properly. */
export function streamOf(...pieces: readonly string[]): Script {
  return failing((response, { path }) => {
    openStream(response, path)
    response.end(pieces.join(''))
  })
}

/** Sends what is given, then nothing more: the connection stays open. */
export function stallAfter(...pieces: readonly string[]): Script {
  return failing((response, { path }) => {
    openStream(response, path)
    response.write(pieces.join(''))
  })
}

export function status(code: number, body: JsonObject, headers: Record<string, string> = {}): Script {
  return failing((response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
}

export const status500 = status(500, { error: { message: 'boom', type: 'server_error', code: null } })
export const hang = failing(() => undefined)
/** Takes the connection and closes it before a byte of an answer. */
export const hangUp = failing((response) => response.destroy())
export const malformed = failing((response, { body, path }) => {
  if (body['stream'] === true) {
    openStream(response, path)
    response.end(path === '/api/chat' ? '{"message": {\n' : 'data: {"choices": [\n\n')
  } else {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [')
  }
})
export const htmlPage = failing((response) => {
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end('<html><body>Welcome to the proxy</body></html>')
})
/** HTTP 200, and the error is in the body (buffered) or the first event (streamed). */
export const errorWith200 = failing((response, { body, path }) => {
  const error = { error: { message: 'no capacity', type: 'server_error', code: 'overloaded' } }
  if (body['stream'] !== true) return sendJson(response, 200, error)
  openStream(response, path)
  response.end(path === '/api/chat' ? '{"error":"no capacity"}\n' : `data: ${JSON.stringify(error)}\n\n`)
})
/** A buffered answer that is cut in its middle. */
export const cutBuffered = failing((response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
  response.write('{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"half', () =>
    response.destroy(),
  )
})

/** Sends the one part, and the other once it is told that the first has reached whoever reads it. */
export function inTwoParts(
  first: string,
  second: string,
): { readonly script: Script; readonly goOn: () => void } {
  const waiting: (() => void)[] = []
  return {
    script: failing((response, { path }) => {
      openStream(response, path)
      response.write(first)
      waiting.push(() => response.end(second))
    }),
    goOn: () => waiting.shift()?.(),
  }
}
