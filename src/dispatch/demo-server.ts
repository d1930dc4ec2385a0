/**
 * The embedded demonstration backend (`type: demo`): a small real HTTP server on loopback that speaks Chat
 * Completions, so that the first start serves and tests and benchmarks have something real to call. It is
 * deterministic, says in its text what it is, and can be told to be slow or to fail. What it answers is in
 * `demo-answer.ts`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isJsonObject, parseJson, type JsonObject } from '../wire/json.ts'
import { demoAnswer, type DemoAnswer } from './demo-answer.ts'
import type { DemoSettings } from './settings.ts'

export interface DemoServer {
  /** Base URL, `/v1` included. */
  readonly endpoint: string
  close(): Promise<void>
}

/** Listens on 127.0.0.1 at a free port. */
export function startDemoServer(settings: DemoSettings): Promise<DemoServer> {
  const server = createServer((request, response) => {
    serve(request, response, settings).catch(() => response.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      // A program that embeds the router must be able to end without asking the demonstration first.
      server.unref()
      const { port } = server.address() as AddressInfo
      resolve({
        endpoint: `http://127.0.0.1:${port}/v1`,
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
  })
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  settings: DemoSettings,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (request.url === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list',
      data: [{ id: 'demo', object: 'model', created: 0, owned_by: 'local-llm-router' }],
    })
  }
  const body = parseJson(Buffer.concat(chunks).toString('utf8'))
  if (request.url !== '/v1/chat/completions' || !isJsonObject(body)) {
    return sendJson(response, 404, {
      error: { message: 'not found', type: 'invalid_request_error', param: null, code: null },
    })
  }
  switch (settings.fail) {
    case 'hang':
      return
    case 'status-500':
    case 'status-429': {
      const status = settings.fail === 'status-500' ? 500 : 429
      return sendJson(response, status, {
        error: { message: 'told to fail', type: 'server_error', param: null, code: 'demo' },
      })
    }
    case 'malformed':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [')
      return
    case 'never':
    case 'cut':
      return body['stream'] === true ? stream(response, body, settings) : buffered(response, body, settings)
  }
}

function sendJson(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function envelope(body: JsonObject, object: string): JsonObject {
  const model = typeof body['model'] === 'string' ? body['model'] : 'demo'
  return { id: 'chatcmpl-demo', object, created: 0, model }
}

function usageOf(body: JsonObject, tokens: readonly string[]): JsonObject {
  const prompt = Math.ceil(JSON.stringify(body['messages'] ?? '').length / 4)
  return { prompt_tokens: prompt, completion_tokens: tokens.length, total_tokens: prompt + tokens.length }
}

async function buffered(response: ServerResponse, body: JsonObject, settings: DemoSettings): Promise<void> {
  const answer = demoAnswer(body, settings)
  await pause(settings.firstTokenMs + settings.tokenIntervalMs * (answer.tokens.length - 1))
  const reply = Buffer.from(
    JSON.stringify({
      ...envelope(body, 'chat.completion'),
      choices: indexesOf(body).map((index) => ({
        index,
        message: messageOf(answer),
        logprobs: null,
        finish_reason: answer.finish,
      })),
      usage: usageOf(body, answer.tokens),
    }),
  )
  if (settings.fail === 'cut') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': reply.length })
    response.write(reply.subarray(0, reply.length >> 1), () => response.destroy())
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(reply)
}

/** It says the same in every choice, but it says it as often as it was asked. */
function indexesOf({ n }: JsonObject): readonly number[] {
  return Array.from(
    { length: typeof n === 'number' ? Math.min(Math.max(1, n), 128) : 1 },
    (_, index) => index,
  )
}

function messageOf({ tokens, call }: DemoAnswer): JsonObject {
  const text = tokens.join('')
  if (call === null) return { role: 'assistant', content: text, refusal: null }
  const calls = [{ id: call.id, type: 'function', function: { name: call.name, arguments: text } }]
  return { role: 'assistant', content: null, refusal: null, tool_calls: calls }
}

async function stream(response: ServerResponse, body: JsonObject, settings: DemoSettings): Promise<void> {
  const { tokens, call, finish } = demoAnswer(body, settings)
  const base = envelope(body, 'chat.completion.chunk')
  const send = (delta: JsonObject, finish: string | null): void => {
    const choices = indexesOf(body).map((index) => ({ index, delta, logprobs: null, finish_reason: finish }))
    response.write(`data: ${JSON.stringify({ ...base, choices })}\n\n`)
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  send({ role: 'assistant', content: call === null ? '' : null, refusal: null }, null)
  await pause(settings.firstTokenMs)
  if (call !== null) {
    const start = { name: call.name, arguments: '' }
    send({ tool_calls: [{ index: 0, id: call.id, type: 'function', function: start }] }, null)
  }
  for (const [i, token] of tokens.entries()) {
    if (response.destroyed) return
    if (i > 0) await pause(settings.tokenIntervalMs)
    if (settings.fail === 'cut' && i >= tokens.length / 2) return void response.destroy()
    send(
      call === null ? { content: token } : { tool_calls: [{ index: 0, function: { arguments: token } }] },
      null,
    )
  }
  send({}, finish)
  const options = body['stream_options']
  if (isJsonObject(options) && options['include_usage'] === true) {
    response.write(`data: ${JSON.stringify({ ...base, choices: [], usage: usageOf(body, tokens) })}\n\n`)
  }
  response.end('data: [DONE]\n\n')
}

function pause(ms: number): Promise<void> {
  // Unref'd, like the server: a slow demonstration must not keep a program from ending.
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms).unref())
}
