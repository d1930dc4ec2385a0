/** A backend with a known answer, the proxy in front of it, and a bare socket in front of that. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { startBackend, type Backend, type Script } from '../backend.ts'
import { startFaultProxy, type Fault, type FaultProxy } from '../fault-proxy.ts'
import { rawPost } from '../raw.ts'

export const EVENTS = ['one', 'two', 'three', 'föur'].map((word) => `data: {"word":"${word}","n":1}\n\n`)

/** Streams {@link EVENTS} when the path says so, else answers one JSON object by length. */
const known: Script = async ({ path }, response) => {
  if (path === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of EVENTS) {
      await new Promise<void>((resolve) => void response.write(event, () => resolve()))
    }
    response.end()
    return
  }
  const text = JSON.stringify({ path, answer: 'whole' })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
}

export interface ProxyStage {
  readonly backend: Backend
  readonly proxy: FaultProxy
  /** One request on a connection of its own, and everything that came until the end, or until `holds`. */
  readonly ask: (path: string, until?: (text: string) => boolean) => Promise<Seen>
}

export interface Seen {
  readonly text: string
  /** What the body is once its chunks are put together. */
  readonly body: string
  /** Sizes of the segments as they were read. */
  readonly segments: readonly number[]
  /** `reset`: RST; `fin`: closed by the other side; `open`: still open. */
  readonly end: 'reset' | 'fin' | 'open'
  readonly tookMs: number
}

export async function startProxyStage(test: TestContext, ...faults: readonly Fault[]): Promise<ProxyStage> {
  const backend = await startBackend(known)
  const proxy = await startFaultProxy({ upstream: backend.origin, seed: 11, faults })
  test.after(async () => {
    await proxy.close()
    await backend.close()
  })
  return { backend, proxy, ask: (path, until) => askRaw(proxy.origin, path, until) }
}

async function askRaw(origin: string, path: string, holds?: (text: string) => boolean): Promise<Seen> {
  const startedAtMs = performance.now()
  const { hostname, port } = new URL(origin)
  const socket: Socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let end: Seen['end'] = 'open'
  const text = (): string => Buffer.concat(chunks).toString('utf8')
  const enough = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      chunks.push(bytes)
      if (holds?.(text()) === true) resolve()
    })
  })
  socket.on('end', () => (end = 'fin'))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') end = 'reset'
  })
  socket.write(rawPost(path, '{}', holds === undefined ? ['Connection: close'] : []))
  await Promise.race([once(socket, 'close').catch(() => undefined), enough])
  socket.destroy()
  const body = text().slice(text().indexOf('\r\n\r\n') + 4)
  const isChunked = text().toLowerCase().includes('transfer-encoding: chunked')
  return {
    text: text(),
    body: isChunked ? unchunked(Buffer.concat(chunks)) : body,
    segments: chunks.map((chunk) => chunk.length),
    end,
    tookMs: performance.now() - startedAtMs,
  }
}

/** As much as there is: an answer that was cut has no last chunk. */
function unchunked(bytes: Buffer): string {
  const pieces: Buffer[] = []
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) break
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(pieces).toString('utf8')
}
