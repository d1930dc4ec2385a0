/** Framing of newline-delimited JSON over bytes (Ollama's streams): chunks cut anywhere in, whole lines out. */
import { frameTooLong, MAX_FRAME_BYTES, PendingBytes } from './pending-bytes.ts'

export interface NdjsonLine {
  /** The line as it came, its LF included. */
  readonly raw: Buffer
  /** Without line end and surrounding white space; '' for a blank line. */
  readonly text: string
}

const LF = 10
const CLOSING = Buffer.from('\n')

export class NdjsonFramer {
  readonly #pending = new PendingBytes()

  push(chunk: Buffer): NdjsonLine[] {
    let from = this.#pending.length
    const bytes = this.#pending.join(chunk)
    const lines: NdjsonLine[] = []
    let start = 0
    for (let lf = bytes.indexOf(LF, from); lf !== -1; lf = bytes.indexOf(LF, from)) {
      from = lf + 1
      if (from - start > MAX_FRAME_BYTES) throw frameTooLong()
      lines.push(readLine(bytes.subarray(start, from)))
      start = from
    }
    this.#pending.keep(bytes, start)
    return lines
  }

  /** A last line without LF; `raw` gets one. */
  end(): NdjsonLine[] {
    const rest = this.#pending.take()
    return rest.length === 0 ? [] : [readLine(Buffer.concat([rest, CLOSING]))]
  }
}

function readLine(raw: Buffer): NdjsonLine {
  return { raw, text: raw.toString('utf8').trim() }
}
