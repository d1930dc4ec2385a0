/** One request of a client, passed on to the upstream, and the answer as the schedule wants it. */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { changesLength, Cut, formatOf, framed, spoil, type Body, type CutKind } from './body.ts'
import type { FullFault } from './fault.ts'
import { headerOf, type ProxiedRequest } from './requests.ts'
import type { Schedule } from './schedule.ts'
import { Gone, Wire } from './wire.ts'

/** How it ended: the answer is whole, it was cut, or the client did not wait for the end. */
export type ExchangeEnd = 'whole' | CutKind | 'left'

export interface ExchangeReport {
  readonly status: number | null
  readonly bytes: number
  readonly end: ExchangeEnd
}

export async function serveExchange(
  socket: Socket,
  request: ProxiedRequest,
  schedule: Schedule,
  upstream: URL,
): Promise<ExchangeReport> {
  const wire = new Wire(socket, schedule.faults, schedule.seed)
  const exchange = new Exchange(wire, request, schedule)
  const timers = schedule.faults.flatMap((fault) => {
    const how = cutOf(fault)
    if (how === null || placeOf(fault).afterMs === null) return []
    return [setTimeout(() => exchange.strike(how), placeOf(fault).afterMs ?? 0)]
  })
  const departure = new AbortController()
  const leave = (): void => departure.abort()
  socket.once('close', leave)
  try {
    await exchange.run(upstream, departure.signal)
  } catch (error) {
    if (!(error instanceof Gone)) throw error
    if (exchange.end === 'whole') exchange.end = 'left'
  } finally {
    timers.forEach(clearTimeout)
    socket.off('close', leave)
    wire.release()
    departure.abort()
  }
  return { status: exchange.status, bytes: wire.sent, end: exchange.end }
}

interface FullPlace {
  readonly afterBytes: number | null
  readonly afterEvents: number | null
  readonly afterMs: number | null
}

function cutOf(fault: FullFault): CutKind | null {
  if (fault.kind === 'reset') return 'reset'
  if (fault.kind === 'blackhole') return 'silence'
  return fault.kind === 'truncate' ? 'fin' : null
}

function placeOf(fault: FullFault): FullPlace {
  return fault as FullFault & FullPlace
}

/** Said by the upstream of its connection, not of the answer. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding'])
const NO_BODY = new Set([204, 304])
const UNSOLICITED = JSON.stringify({ error: { message: 'nobody asked for this', type: 'unsolicited' } })

class Exchange {
  readonly #wire: Wire
  readonly #request: ProxiedRequest
  readonly #schedule: Schedule
  status: number | null = null
  end: ExchangeEnd = 'whole'

  constructor(wire: Wire, request: ProxiedRequest, schedule: Schedule) {
    this.#wire = wire
    this.#request = request
    this.#schedule = schedule
  }

  strike(how: CutKind): void {
    this.end = how
    this.#wire.strike(how)
  }

  async run(upstream: URL, signal: AbortSignal): Promise<void> {
    const { faults, delayMs, status } = this.#schedule
    await this.#wire.wait(delayMs)
    const instead = faults.find((fault) => cutOf(fault) !== null && isInstead(placeOf(fault)))
    if (instead !== undefined) await this.#cut(cutOf(instead) ?? 'reset')
    if (status !== null) await this.#canned(status.code, status.retryAfter)
    else await this.#passOn(await this.#ask(upstream, signal))
    const unsolicited = faults.find((fault) => fault.kind === 'unsolicited')
    if (unsolicited !== undefined) {
      await this.#wire.wait(unsolicited.afterMs)
      await this.#wire.send(cannedAnswer(200, UNSOLICITED))
    }
    if (!this.#request.keepAlive) this.#wire.strike('fin')
  }

  async #cut(how: CutKind): Promise<never> {
    this.end = how
    return await this.#wire.cut(how)
  }

  async #canned(status: number, retryAfter: string): Promise<void> {
    this.status = status
    const body = JSON.stringify({ error: { message: 'a fault was asked for', type: 'fault', code: null } })
    const { faults, seed } = this.#schedule
    const more = retryAfter === '' ? [] : [`retry-after: ${retryAfter}`]
    if (!faults.some(changesLength)) return this.#wire.send(cannedAnswer(status, body, more))
    const head = [
      `HTTP/1.1 ${status} Fault`,
      'content-type: application/json',
      'transfer-encoding: chunked',
      ...more,
    ]
    await this.#sendHead(head)
    let spoilt: Body = only(Buffer.from(body))
    for (const fault of faults) spoilt = spoil(spoilt, fault, { format: 'whole', seed })
    await this.#sendBody(spoilt, true)
  }

  /** The upstream that fails is a reset connection: whoever is in front sees what it would see without a proxy. */
  async #ask(upstream: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const { method, path, headers, body } = this.#request
    const passed = headers.filter((_, at) => !isReplaced(headers[at - (at % 2)] ?? ''))
    const open = upstream.protocol === 'https:' ? httpsRequest : httpRequest
    const answer = await new Promise<IncomingMessage | null>((resolve) => {
      const asked = open(new URL(path, upstream), {
        method,
        headers: [...passed, 'host', upstream.host, 'content-length', String(body.length)],
        agent: false,
        signal,
      })
      asked.once('response', resolve)
      asked.on('error', () => resolve(null))
      asked.end(body)
    })
    return answer ?? (await this.#cut('reset'))
  }

  async #passOn(answer: IncomingMessage): Promise<void> {
    const { faults, seed } = this.#schedule
    const { statusCode = 502, statusMessage = '', rawHeaders } = answer
    this.status = statusCode
    const isCounted = headerOf(rawHeaders, 'content-length') !== '' && !faults.some(changesLength)
    const hasBody = !NO_BODY.has(statusCode) && this.#request.method !== 'HEAD'
    const head = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] ?? '').toLowerCase()
      if (OF_THE_CONNECTION.has(name) || (name === 'content-length' && !isCounted)) continue
      head.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
    }
    if (hasBody && !isCounted) head.push('transfer-encoding: chunked')
    await this.#sendHead(head)
    if (!hasBody) return
    const format = formatOf(headerOf(rawHeaders, 'content-type'))
    let body = framed(unbroken(answer), format)
    for (const fault of faults) body = spoil(body, fault, { format, seed })
    await this.#sendBody(body, !isCounted)
  }

  async #sendHead(lines: readonly string[]): Promise<void> {
    const { faults } = this.#schedule
    const head = [...lines]
    for (const fault of faults) {
      if (fault.kind !== 'headers') continue
      for (let i = 0; i < fault.count; i++) {
        head.push(i % 2 === 0 ? `x-more-${i}: ${i}` : `set-cookie: more${i}=${i}; Path=/`)
      }
    }
    const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
    const slow = faults.find((fault) => fault.kind === 'slow-headers')
    if (slow === undefined) return this.#wire.send(bytes)
    for (let at = 0; at < bytes.length; at++) {
      await this.#wire.send(bytes.subarray(at, at + 1))
      await this.#wire.wait(slow.byteMs)
    }
  }

  async #sendBody(body: Body, isChunked: boolean): Promise<void> {
    try {
      for await (const piece of body) {
        if (piece.length === 0) continue
        await this.#wire.send(isChunked ? chunkOf(piece) : piece)
      }
    } catch (error) {
      if (!(error instanceof Cut)) throw error
      if (error.how !== 'whole') return this.#cut(error.how)
      this.end = 'whole'
    }
    if (isChunked) await this.#wire.send(Buffer.from('0\r\n\r\n'))
  }
}

function isInstead({ afterBytes, afterEvents, afterMs }: FullPlace): boolean {
  return afterBytes === null && afterEvents === null && afterMs === null
}

function isReplaced(header: string): boolean {
  const name = header.toLowerCase()
  return OF_THE_CONNECTION.has(name) || name === 'host' || name === 'content-length'
}

function chunkOf(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
}

function cannedAnswer(status: number, body: string, more: readonly string[] = []): Buffer {
  const head = [
    `HTTP/1.1 ${status} Fault`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    ...more,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

async function* only(piece: Buffer): Body {
  yield piece
}

/** An upstream that breaks off by itself is a reset towards the client. */
async function* unbroken(answer: IncomingMessage): Body {
  try {
    for await (const piece of answer) yield piece as Buffer
  } catch {
    throw new Cut('reset')
  }
}
