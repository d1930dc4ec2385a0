/** Backends for the soak, and the fault proxies before them: streams of half a second, every sort of bad day. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startFaultProxy, type Fault } from '../../test/support/fault-proxy.ts'
import { EVENTS } from '../traffic.ts'
import { answerParent } from './child.ts'

const PAUSE_MS = 20
/** Of an answer that has no end, for clients that do not read. */
const FLOOD = Buffer.from(String(EVENTS[1]).repeat(200))

/** Of a hundred requests about three in ten are struck. */
const FAULTS: readonly Fault[] = [
  { kind: 'latency', ms: 100, jitterMs: 400, percent: 5 },
  { kind: 'slice', most: 16, percent: 5 },
  { kind: 'reset', afterEvents: 4, percent: 4 },
  { kind: 'reset', percent: 2 },
  { kind: 'truncate', afterEvents: 6, percent: 3 },
  { kind: 'blackhole', afterEvents: 5, percent: 2 },
  { kind: 'status', statuses: [500, 503, 429], percent: 5 },
  { kind: 'garbage', percent: 2 },
  { kind: 'half-frame', percent: 2 },
  { kind: 'line-ends', ends: 'crlf', percent: 2 },
]

const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
  request.on('end', () => {
    if (request.method === 'GET') response.end('{"object":"list","data":[]}')
    else if (body.includes('"flood"')) flood(response)
    else stream(response)
  })
})

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let next = 0
  const timer = setInterval(() => {
    const event = EVENTS[next++]
    if (event !== undefined) response.write(event)
    else {
      clearInterval(timer)
      response.end()
    }
  }, PAUSE_MS)
  response.on('close', () => clearInterval(timer))
}

function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const pour = (): void => {
    while (!response.destroyed && response.write(FLOOD));
  }
  response.on('drain', pour)
  pour()
}

server.listen(0, '127.0.0.1', () => void begin())

async function begin(): Promise<void> {
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const first = await startFaultProxy({ upstream, seed: 1 })
  const second = await startFaultProxy({ upstream, seed: 2 })
  process.on('message', (message) => {
    if (message === 'open') process.send?.({ open: first.counters().open + second.counters().open })
    if (message === 'rough') {
      first.set(...FAULTS)
      second.set(...FAULTS)
      process.send?.({ rough: true })
    }
  })
  answerParent(`${first.origin} ${second.origin}`, () => server.closeAllConnections())
}
