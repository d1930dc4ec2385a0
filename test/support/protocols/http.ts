/** What the four drivers have in common: one POST, read to its end however it ends, and server-sent events. */
import { demand, fieldsOf, jsonOf, type Fields } from './demand.ts'
import type { Answered } from './neutral.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly raw: string
  /** The connection was closed in the middle of the body. */
  readonly isCut: boolean
}

export async function post(url: string, body: Fields, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const chunks: Uint8Array[] = []
  let isCut = false
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array)
  } catch {
    isCut = true
  }
  const raw = Buffer.concat(chunks).toString('utf8')
  return { status: response.status, headers: response.headers, raw, isCut }
}

export function demandType(reply: Reply, type: string): void {
  const [said = ''] = (reply.headers.get('content-type') ?? '').split(';')
  demand(said === type, `content-type: ${type}, not ${said}: ${reply.raw.slice(0, 500)}`)
}

export function objectOf(reply: Reply): Fields {
  demandType(reply, 'application/json')
  demand(!reply.isCut, 'the body was cut')
  return fieldsOf(jsonOf(reply.raw, 'the body'), 'the body')
}

/** An answer of which nothing is known yet. */
export function emptyAnswer(reply: Reply): Answered {
  return {
    status: reply.status,
    headers: reply.headers,
    text: '',
    reasoning: '',
    seal: null,
    calls: [],
    finish: null,
    usage: null,
    error: null,
    events: 0,
    terminated: false,
    raw: reply.raw,
  }
}

export interface ServerSentEvent {
  readonly event: string | null
  readonly data: string
}

/** Whole events only, one `event` and one `data` line at most, `\n` alone (reference rule 1); comments are skipped. */
export function eventsOf(reply: Reply): readonly ServerSentEvent[] {
  demandType(reply, 'text/event-stream')
  demand(!reply.raw.includes('\r'), 'events: a carriage return')
  const frames = reply.raw.split('\n\n')
  const rest = frames.pop()
  demand(rest === '' || reply.isCut, `events: the last one is not ended: ${rest}`)
  return frames.flatMap((frame) => {
    const lines = frame.split('\n').filter((line) => !line.startsWith(':'))
    if (lines.length === 0) return []
    const data = lines.filter((line) => line.startsWith('data: '))
    const names = lines.filter((line) => line.startsWith('event: '))
    demand(
      data.length === 1 && names.length <= 1 && data.length + names.length === lines.length,
      `events: not one event: ${frame}`,
    )
    return [{ event: names[0]?.slice(7) ?? null, data: (data[0] ?? '').slice(6) }]
  })
}
