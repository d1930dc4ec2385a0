/**
 * A closed-loop load generator on raw sockets: each connection sends its next request when the answer to the last
 * one is whole. Requests are built beforehand and answers are scanned, not parsed, so that on a machine with two
 * cores most of them is left to what is measured.
 */
import { connect, type Socket } from 'node:net'
import { quantile } from './statistics.ts'
import { FIRST_TOKEN, LAST_EVENT, requestBodies } from './traffic.ts'

export interface LoadJob {
  readonly origin: string
  readonly connections: number
  readonly bodyBytes: number
  readonly stream: boolean
  readonly warmupMs: number
  /** The measured time, or null to send `requests` of them. */
  readonly durationMs: number | null
  readonly requests: number
}

export interface LoadResult {
  /** Answers within the measured time. */
  readonly requests: number
  /** All answers, those of the warm-up included. */
  readonly answered: number
  readonly perSecond: number
  /** Answers that were no whole 200, and connections that broke. */
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Null for buffered answers. */
  readonly firstTokenP50Ms: number | null
  readonly firstTokenP99Ms: number | null
}

const HEAD_END = Buffer.from('\r\n\r\n')
const STREAM_END = Buffer.from(`${LAST_EVENT}\r\n0\r\n\r\n`)

interface Meter {
  readonly next: () => Buffer | null
  readonly done: (sentAtMs: number, firstTokenAtMs: number) => void
  readonly failed: () => void
}

/** Resolves when the time is up, or all requests are answered. */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const requests = requestBodies(job.bodyBytes, job.stream).map((body) => requestBytes(job.origin, body))
  const startMs = performance.now() + job.warmupMs
  const endMs = job.durationMs === null ? Number.POSITIVE_INFINITY : startMs + job.durationMs
  const latencies: number[] = []
  const firstTokens: number[] = []
  let sent = 0
  let answered = 0
  let errors = 0
  let lastMs = startMs
  const meter: Meter = {
    next: () => {
      const isOver = job.durationMs === null ? sent >= job.requests : performance.now() >= endMs
      return isOver ? null : (requests[sent++ % requests.length] ?? null)
    },
    done: (sentAtMs, firstTokenAtMs) => {
      const nowMs = performance.now()
      answered++
      if (nowMs < startMs || nowMs > endMs) return
      lastMs = nowMs
      latencies.push(nowMs - sentAtMs)
      if (job.stream) firstTokens.push(firstTokenAtMs - sentAtMs)
    },
    failed: () => {
      errors++
    },
  }
  const { hostname, port } = new URL(job.origin)
  await Promise.all(
    Array.from({ length: job.connections }, () =>
      runConnection(connect(Number(port), hostname), job.stream, meter),
    ),
  )
  const elapsedMs = job.durationMs ?? lastMs - startMs
  latencies.sort((a, b) => a - b)
  firstTokens.sort((a, b) => a - b)
  return {
    requests: latencies.length,
    answered,
    perSecond: (latencies.length * 1000) / elapsedMs,
    errors,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    firstTokenP50Ms: job.stream ? quantile(firstTokens, 0.5) : null,
    firstTokenP99Ms: job.stream ? quantile(firstTokens, 0.99) : null,
  }
}

function requestBytes(origin: string, body: string): Buffer {
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `Host: ${new URL(origin).host}`,
    'Content-Type: application/json',
    'Accept: application/json',
    'Authorization: Bearer none',
    'User-Agent: bench',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function runConnection(socket: Socket, stream: boolean, meter: Meter): Promise<void> {
  return new Promise((resolve) => {
    let received: Buffer | null = null
    let headBytes = -1
    let wholeBytes = -1
    let sentAtMs = 0
    let firstTokenAtMs = 0

    const send = (): void => {
      const request = meter.next()
      if (request === null) {
        socket.destroy()
        return resolve()
      }
      received = null
      headBytes = -1
      firstTokenAtMs = 0
      sentAtMs = performance.now()
      socket.write(request)
    }
    const finish = (): void => {
      meter.done(sentAtMs, firstTokenAtMs)
      send()
    }
    const giveUp = (): void => {
      meter.failed()
      socket.destroy()
      resolve()
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', giveUp)
    socket.on('end', giveUp)
    socket.on('data', (chunk: Buffer) => {
      const bytes = received === null ? chunk : Buffer.concat([received, chunk])
      received = bytes
      if (headBytes === -1) {
        const end = bytes.indexOf(HEAD_END)
        if (end === -1) return
        headBytes = end + HEAD_END.length
        const head = bytes.toString('latin1', 0, end)
        if (!head.startsWith('HTTP/1.1 200')) return giveUp()
        wholeBytes = headBytes + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
      }
      if (!stream) {
        if (bytes.length === wholeBytes) finish()
        else if (!(bytes.length < wholeBytes)) giveUp()
        return
      }
      if (firstTokenAtMs === 0 && bytes.includes(FIRST_TOKEN)) firstTokenAtMs = performance.now()
      if (bytes.length < STREAM_END.length) return
      if (bytes.subarray(-STREAM_END.length).equals(STREAM_END)) finish()
      // What was looked at is let go, but for what may be the beginning of a marker.
      else if (firstTokenAtMs !== 0) received = bytes.subarray(-STREAM_END.length)
    })
  })
}
