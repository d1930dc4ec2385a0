/** Stands between a client and the router, hands everything on unchanged, and remembers what passed. */
import { createServer, request as call, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isJsonObject, parseJson, type JsonObject } from '../../src/wire/json.ts'

export interface RecordedCall {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Empty when the request had no JSON body. */
  readonly body: JsonObject
  readonly status: number
  readonly replyHeaders: IncomingHttpHeaders
  readonly reply: string
}

export interface Recorder {
  readonly url: string
  /** Finished calls, in the order in which they were sent. */
  calls(): readonly RecordedCall[]
  close(): Promise<void>
}

export async function startRecorder(target: string): Promise<Recorder> {
  const calls: (RecordedCall | null)[] = []
  const server = createServer((incoming, outgoing) => {
    const place = calls.push(null) - 1
    const sent: Buffer[] = []
    incoming.on('data', (bytes: Buffer) => sent.push(bytes))
    const { method = '', url: path = '', headers } = incoming
    // The router answers to its own name only.
    const named = { ...headers, host: new URL(target).host }
    const onward = call(target + path, { method, headers: named }, (answer) => {
      const got: Buffer[] = []
      answer.on('data', (bytes: Buffer) => got.push(bytes))
      answer.on('end', () => {
        const body = parseJson(Buffer.concat(sent).toString())
        calls[place] = {
          method,
          path,
          headers,
          body: isJsonObject(body) ? body : {},
          status: answer.statusCode ?? 0,
          replyHeaders: answer.headers,
          reply: Buffer.concat(got).toString(),
        }
      })
      answer.on('error', () => outgoing.destroy())
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  return {
    url: await listen(server),
    calls: () => calls.filter((one) => one !== null),
    close: () => close(server),
  }
}

export interface ClosedDoor {
  readonly url: string
  /** Hosts that a client wanted to reach beside the router. */
  hosts(): readonly string[]
  close(): Promise<void>
}

/** A forward proxy that refuses everything: what a client wants from the internet ends here. */
export async function startClosedDoor(): Promise<ClosedDoor> {
  const hosts = new Set<string>()
  const server = createServer((incoming, outgoing) => {
    hosts.add(URL.parse(incoming.url ?? '')?.host ?? 'unknown')
    outgoing.writeHead(403).end()
  })
  server.on('connect', (incoming, socket) => {
    hosts.add(incoming.url ?? 'unknown')
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
  })
  return { url: await listen(server), hosts: () => [...hosts], close: () => close(server) }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}
