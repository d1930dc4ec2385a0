/** The child's end of the line to the benchmark that started it: where it listens, what it has used, when to stop. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Usage {
  /** Processor time since the start of the process, user and system. */
  readonly cpuMs: number
  readonly rssBytes: number
  /** After a collection when the process runs with --expose-gc. */
  readonly heapUsedBytes: number
}

/** Listens on a free loopback port and answers the parent until it says stop. */
export function serveParent(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    answerParent(`http://127.0.0.1:${port}`, () => {
      server.close()
      server.closeAllConnections()
    })
  })
}

export function answerParent(origin: string, close: () => unknown): void {
  process.on('message', (message) => {
    if (message === 'usage') process.send?.(usage())
    if (message === 'stop') void Promise.resolve(close()).finally(() => process.exit())
  })
  // A benchmark that dies takes its children along.
  process.on('disconnect', () => process.exit())
  process.send?.({ origin })
}

function usage(): Usage {
  globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: rss, heapUsedBytes: heapUsed }
}
