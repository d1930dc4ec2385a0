/** The requests of real clients, as recorded in `../shared/captures`, which is no part of this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../shared/captures', import.meta.url))
const TIMEOUT_MS = 20_000

export interface Capture {
  /** First folder: the program that sent it. */
  readonly client: string
  readonly file: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** null: it had none. */
  readonly body: object | null
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly tookMs: number
}

/** Why captures cannot be replayed; false when they can. */
export const capturesAreMissing: string | false = existsSync(FOLDER)
  ? false
  : 'no recorded requests: ../shared/captures is not beside this clone'

export function readCaptures(): readonly Capture[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => {
      const raw = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Omit<Capture, 'client' | 'file'>
      const body =
        typeof raw.body === 'object' && raw.body !== null ? (withoutTrimmings(raw.body) as object) : null
      return { ...raw, client: file.split(sep, 1)[0] ?? file, file, body }
    })
}

/** Long lists were cut, with a note for the rest that no client ever sent. */
function withoutTrimmings(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return items
      .filter((item) => !(typeof item === 'string' && item.startsWith('…<trimmed')))
      .map((item) => withoutTrimmings(item))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutTrimmings(inner)]))
}

/** Headers that speak of the connection the request was recorded on. */
const OF_THE_CONNECTION = new Set(['host', 'content-length', 'transfer-encoding', 'accept-encoding'])

/** Sends it as its client did. Rejects when there is no whole answer within 20 s. */
export function replay(capture: Capture, origin: string): Promise<Answer> {
  const body = capture.body === null ? undefined : JSON.stringify(capture.body)
  const headers = Object.fromEntries(
    Object.entries(capture.headers).filter(
      ([name, value]) => !OF_THE_CONNECTION.has(name) && !/[^\t\x20-\x7e]/.test(value),
    ),
  )
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const call = request(`${origin}${capture.url}`, {
      method: capture.method,
      headers,
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    call.once('error', reject)
    call.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('The router agreed to an upgrade.'))
    })
    call.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('error', reject)
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, tookMs: performance.now() - startedAtMs })
      })
    })
    call.end(body)
  })
}
