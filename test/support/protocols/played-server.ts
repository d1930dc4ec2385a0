/** The frame of the four played servers: routes, refusals, buffered or streamed, and the ways to fail. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { sendJson, type Script } from '../backend.ts'
import { Breach, type Fields } from './demand.ts'
import type { Answer, Heard } from './neutral.ts'

/** One write of a stream. */
export interface Piece {
  readonly text: string
  /** The client would see something of the answer in it. */
  readonly isContent: boolean
}

export interface PlayedServer {
  /** Where it takes requests for answers. */
  readonly path: string
  /** Other paths and what they answer. */
  readonly facts: Readonly<Record<string, Fields>>
  readonly streamType: string
  /** Reads a request as strictly as the real server; throws a {@link Breach} where that would answer 400. */
  hear(body: Fields, headers: IncomingHttpHeaders): Heard
  whole(answer: Answer, body: Fields): Fields
  pieces(answer: Answer, body: Fields): readonly Piece[]
  /** What an answer that fails in the middle of its stream ends with; `sent` pieces went before it. */
  failed(sent: number, body: Fields): string
  errorBody(status: number, message: string): Fields
}

/** The one model that every played server has. */
export const MODEL = 'm'

/** `breaches` collects why requests were answered 400: the router keeps the words of backends to itself. */
export function play(server: PlayedServer, answer: Answer, breaches: string[] = []): Script {
  return async ({ method, path, body, headers }, response) => {
    const refuse = (status: number, message: string): void =>
      sendJson(response, status, server.errorBody(status, message))
    const fact = server.facts[path]
    if (fact !== undefined) return sendJson(response, 200, fact)
    if (method !== 'POST' || path !== server.path) return refuse(404, `no ${method} ${path} here`)
    let heard: Heard
    try {
      heard = server.hear(body, headers)
    } catch (error) {
      if (!(error instanceof Breach)) throw error
      breaches.push(error.message)
      return refuse(400, error.message)
    }
    if (body['model'] !== MODEL) return refuse(404, 'there is no such model')
    if (answer.failure === 'before' || (answer.failure === 'error' && !heard.stream)) {
      return refuse(500, 'something broke')
    }
    if (heard.stream) return stream(server, answer, { body, response })
    const text = JSON.stringify(server.whole(answer, body))
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    if (answer.failure === undefined) response.end(text)
    else response.write(text.slice(0, text.length / 2), () => response.destroy())
  }
}

async function stream(
  server: PlayedServer,
  answer: Answer,
  call: { readonly body: Fields; readonly response: ServerResponse },
): Promise<void> {
  const { body, response } = call
  response.writeHead(200, { 'content-type': server.streamType })
  const pieces = server.pieces(answer, body)
  const first = pieces.findIndex((piece) => piece.isContent)
  const sent =
    answer.failure === undefined ? pieces : pieces.slice(0, answer.failure === 'early' ? first : first + 1)
  for (const { text } of sent) {
    await new Promise<void>((resolve) => {
      response.write(text, () => resolve())
    })
  }
  if (answer.failure === 'cut') return void response.destroy()
  response.end(answer.failure === undefined ? '' : server.failed(sent.length, body))
}

/** A text cut in three, as arguments come from a model. */
export function inPieces(text: string): readonly string[] {
  const third = Math.ceil(text.length / 3)
  return [text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third)].filter(
    (piece) => piece !== '',
  )
}
