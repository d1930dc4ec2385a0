/**
 * A proxy on a real socket that does to the answers of any HTTP server what bad days do to them. Which request is
 * struck by what follows from `seed` alone. The faults themselves are in `faults/fault.ts`.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { serveExchange, type ExchangeReport } from './faults/exchange.ts'
import { writtenFault, type Fault } from './faults/fault.ts'
import { RequestFramer, type ProxiedRequest } from './faults/requests.ts'
import { scheduleOf } from './faults/schedule.ts'

export type { Fault } from './faults/fault.ts'

export interface FaultProxyOptions {
  /** `http://host:port` or `https://…`; paths are kept. */
  readonly upstream: string
  readonly seed?: number
  readonly faults?: readonly Fault[]
  readonly port?: number
  /** Requests that no fault strikes and that do not count; probes (GET), unless said otherwise. */
  readonly spares?: (request: Pick<ProxiedRequest, 'method' | 'path'>) => boolean
  readonly onExchange?: (done: ExchangeDone) => void
}

export interface ExchangeDone extends ExchangeReport {
  /** From 1, as are requests; 0 is the number of a spared request. */
  readonly connection: number
  readonly request: number
  readonly method: string
  readonly path: string
  /** The faults that were meant for it, as a command line has them. */
  readonly faults: readonly string[]
}

export interface Counters {
  readonly connections: number
  /** Connections that the client has not closed and that were not cut. */
  readonly open: number
  /** Requests that faults could strike. */
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  readonly counters: () => Counters
  /** What was done to requests that faults could strike, in the order in which it ended. */
  readonly exchanges: readonly ExchangeDone[]
  /** For every request from now on. */
  set(...faults: readonly Fault[]): void
  close(): Promise<void>
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { seed = 1, spares = ({ method }) => method === 'GET' } = options
  const upstream = new URL(options.upstream)
  let faults = options.faults ?? []
  const exchanges: ExchangeDone[] = []
  const sockets = new Set<Socket>()
  const count = { connections: 0, requests: 0, bytesIn: 0, bytesOut: 0 }

  const serve = async (socket: Socket, request: ProxiedRequest, connection: number): Promise<void> => {
    const isSpared = spares(request)
    const number = isSpared ? 0 : ++count.requests
    const schedule = scheduleOf(seed, number, isSpared ? [] : faults)
    const report = await serveExchange(socket, request, schedule, upstream)
    const { method, path } = request
    const done = {
      connection,
      request: number,
      method,
      path,
      faults: schedule.faults.map(writtenFault),
      ...report,
    }
    if (!isSpared) exchanges.push(done)
    options.onExchange?.(done)
  }

  const server = createServer({ noDelay: true }, (socket) => {
    const connection = ++count.connections
    const framer = new RequestFramer()
    let turn = Promise.resolve()
    sockets.add(socket)
    socket.on('data', (bytes: Buffer) => {
      count.bytesIn += bytes.length
      for (const request of framer.push(bytes)) turn = turn.then(() => serve(socket, request, connection))
      // A defect of the proxy must be seen as one, not as the fault that was asked for.
      turn.catch((error: unknown) => socket.destroy(error instanceof Error ? error : undefined))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === undefined) throw error
    })
    socket.on('close', () => {
      count.bytesOut += socket.bytesWritten
      sockets.delete(socket)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counters: () => {
      const written = [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, count.bytesOut)
      return { ...count, bytesOut: written, open: sockets.size }
    },
    exchanges,
    set: (...next) => {
      faults = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
