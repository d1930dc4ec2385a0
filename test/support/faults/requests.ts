/** Cuts the bytes of a client's connection into requests: HTTP/1.1, bodies by length or in chunks. */

export interface ProxiedRequest {
  readonly method: string
  readonly path: string
  /** As they came: names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly keepAlive: boolean
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const END_OF_LINE = Buffer.from('\r\n')

export class RequestFramer {
  #bytes = Buffer.alloc(0)

  push(chunk: Buffer): readonly ProxiedRequest[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const requests: ProxiedRequest[] = []
    for (let next = this.#take(); next !== null; next = this.#take()) requests.push(next)
    return requests
  }

  #take(): ProxiedRequest | null {
    const end = this.#bytes.indexOf(END_OF_HEAD)
    if (end === -1) return null
    const [line = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n')
    const [method = '', path = ''] = line.split(' ')
    const headers = lines.flatMap((header) => {
      const colon = header.indexOf(':')
      return [header.slice(0, colon), header.slice(colon + 1).trim()]
    })
    const from = end + END_OF_HEAD.length
    const isChunked = /chunked/i.test(headerOf(headers, 'transfer-encoding'))
    const body = isChunked ? this.#chunks(from) : this.#counted(from, headers)
    if (body === null) return null
    this.#bytes = this.#bytes.subarray(body.end)
    const keepAlive = !/close/i.test(headerOf(headers, 'connection'))
    return { method, path, headers, body: body.bytes, keepAlive }
  }

  #counted(from: number, headers: readonly string[]): { bytes: Buffer; end: number } | null {
    const end = from + Number(headerOf(headers, 'content-length') || 0)
    return this.#bytes.length < end ? null : { bytes: this.#bytes.subarray(from, end), end }
  }

  #chunks(from: number): { bytes: Buffer; end: number } | null {
    const pieces: Buffer[] = []
    for (let at = from; ;) {
      const lineEnd = this.#bytes.indexOf(END_OF_LINE, at)
      if (lineEnd === -1) return null
      const size = Number.parseInt(this.#bytes.toString('latin1', at, lineEnd), 16)
      const start = lineEnd + END_OF_LINE.length
      at = start + size + END_OF_LINE.length
      if (this.#bytes.length < at) return null
      if (size === 0) return { bytes: Buffer.concat(pieces), end: at }
      pieces.push(this.#bytes.subarray(start, start + size))
    }
  }
}

/** The value of a header, '' when it is not there. `headers` are names and values in turn. */
export function headerOf(headers: readonly string[], name: string): string {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) return headers[at + 1] ?? ''
  }
  return ''
}
