/** HTTP by hand over a socket: for what `fetch` will not send, and for clients that leave or dawdle. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawClient {
  readonly socket: Socket
  /** Everything received so far. */
  readonly text: () => string
  /** Resolves when what was received contains this; rejects when the connection ends without it. */
  until(part: string): Promise<void>
  /** Resolves with everything once the other side has closed. */
  untilClosed(): Promise<string>
  readonly leave: () => void
}

export async function openRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  return {
    socket,
    text: () => text,
    async until(part) {
      while (!text.includes(part)) {
        if (socket.destroyed) throw new Error(`closed before ${part}: ${text}`)
        await Promise.race([once(socket, 'data'), closed])
      }
    },
    async untilClosed() {
      await closed
      return text
    },
    leave: () => socket.destroy(),
  }
}

/** Head and body of a POST, `content-length` included. */
export function rawPost(path: string, body: string | Buffer, headers: readonly string[] = []): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${bytes.length}`,
    ...headers,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes])
}
