/** One request by hand, on a connection of its own, and its whole answer. */
import { openRaw } from './raw.ts'

export interface RawAnswer {
  readonly status: number
  /** Names in small letters; of several of one name the last. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly text: string
}

/** Head lines without the empty one; a body goes as it is. `Connection: close` ends it. */
export async function rawExchange(
  url: string,
  lines: readonly string[],
  body: string | Buffer = '',
): Promise<RawAnswer> {
  const client = await openRaw(url)
  client.socket.write(
    Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]),
  )
  const text = await client.untilClosed()
  return parseAnswer(text)
}

export function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n'), text }
}

/** A GET with these header lines; `Host` is among them, or is not. */
export function rawGet(url: string, path: string, headers: readonly string[]): Promise<RawAnswer> {
  return rawExchange(url, [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close'])
}
