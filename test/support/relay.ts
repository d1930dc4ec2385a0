/** Stands between a client and the router and keeps what comes back, so that a test can wait for it while a driver reads. */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface Relay {
  readonly origin: string
  /** Every byte of every answer so far. */
  readonly text: () => string
  /** Resolves when that holds of the text. */
  until(holds: (text: string) => boolean): Promise<void>
}

export async function startRelay(test: TestContext, url: string): Promise<Relay> {
  let text = ''
  const server = createServer((incoming, outgoing) => {
    const { method } = incoming
    // The router answers to its own name only.
    const headers = { ...incoming.headers, host: new URL(url).host }
    const onward = request(`${url}${incoming.url ?? ''}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders()
      answer.on('data', (bytes: Buffer) => {
        text += bytes.toString('utf8')
        server.emit('told')
        outgoing.write(bytes)
      })
      answer.on('end', () => outgoing.end())
      answer.on('error', () => outgoing.destroy())
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  test.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    text: () => text,
    async until(holds) {
      const late = AbortSignal.timeout(5_000)
      while (!holds(text)) {
        await once(server, 'told', { signal: late }).catch(() => {
          throw new Error(`this is all that came: ${text}`)
        })
      }
    },
  }
}
