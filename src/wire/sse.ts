/**
 * Framing of server-sent events over bytes: chunks cut anywhere go in, whole events come out, each with the
 * bytes it came as. Follows https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6:
 * LF, CRLF and CR all end a line, a blank line ends an event, one leading byte order mark is ignored.
 */
import { frameTooLong, MAX_FRAME_BYTES, PendingBytes } from './pending-bytes.ts'

export interface SseFrame {
  /** The event as it came, the blank line included. */
  readonly raw: Buffer
  /** '' when there was no `event:` line. */
  readonly event: string
  /** The `data:` lines joined with LF; null when there was none (a comment, a keep-alive). */
  readonly data: string | null
}

/** A comment: every reader of server-sent events skips it. */
export const SSE_KEEP_ALIVE = ': keep-alive\n\n'

const LF = 10
const CR = 13
/** A terminator is two line ends of at most two bytes: three of them may already have been seen. */
const TERMINATOR_OVERLAP = 3
const CLOSING = Buffer.from('\n\n')
/** Chunks up to here are first tried as one event; a longer one holds many, and trying costs a decode. */
const LIKELY_ONE_FRAME = 2048

/** Index behind the blank line that ends the event at or after `from`, -1 when it is not there yet. */
function endOfFrame(bytes: Buffer, from: number, hasCr: boolean): number {
  if (!hasCr) {
    for (let lf = bytes.indexOf(LF, from); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
      if (bytes[lf + 1] === LF) return lf + 2
    }
    return -1
  }
  for (let at = nextLineEnd(bytes, from); at !== -1; at = nextLineEnd(bytes, at)) {
    at = behindLineEnd(bytes, at)
    if (bytes[at] !== LF && bytes[at] !== CR) continue
    // A CR in last place may be half of a CRLF: the frame would differ with the cut if it ended here.
    if (bytes[at] === CR && at + 1 === bytes.length) return -1
    return behindLineEnd(bytes, at)
  }
  return -1
}

function nextLineEnd(bytes: Buffer, from: number): number {
  const lf = bytes.indexOf(LF, from)
  const cr = (lf === -1 ? bytes : bytes.subarray(0, lf)).indexOf(CR, from)
  return cr === -1 ? lf : cr
}

function behindLineEnd(bytes: Buffer, at: number): number {
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1
}

const withoutLeadingSpace = (value: string): string => (value.startsWith(' ') ? value.slice(1) : value)

function readLines(text: string): { event: string; data: string | null } {
  let event = ''
  let data: string | null = null
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : withoutLeadingSpace(line.slice(colon + 1))
    if (field === 'event') event = value
    else if (field === 'data') data = data === null ? value : `${data}\n${value}`
  }
  return { event, data }
}

function readFrame(raw: Buffer, text: string): SseFrame {
  // Nearly every frame of a chat stream is one `data: …` line: no split, one slice.
  if (text.startsWith('data: ') && text.indexOf('\n') === text.length - 2 && !text.includes('\r')) {
    return { raw, event: '', data: text.slice(6, -2) }
  }
  return { raw, ...readLines(text) }
}

export class SseFramer {
  readonly #pending = new PendingBytes()
  #hasCr = false
  #first = true

  push(chunk: Buffer): SseFrame[] {
    const only = this.#singleFrame(chunk)
    if (only !== undefined) return [only]
    if (!this.#hasCr && chunk.includes(CR)) this.#hasCr = true
    let from = Math.max(0, this.#pending.length - TERMINATOR_OVERLAP)
    const bytes = this.#pending.join(chunk)
    const frames: SseFrame[] = []
    let start = 0
    for (
      let end = endOfFrame(bytes, from, this.#hasCr);
      end !== -1;
      end = endOfFrame(bytes, from, this.#hasCr)
    ) {
      if (end - start > MAX_FRAME_BYTES) throw frameTooLong()
      frames.push(this.#read(bytes.subarray(start, end)))
      start = end
      from = end
    }
    this.#pending.keep(bytes, start)
    return frames
  }

  /** An event that the stream's end cut short of its blank line; `raw` gets one, so that it stays an event. */
  end(): SseFrame[] {
    const rest = this.#pending.take()
    return rest.length === 0 ? [] : [this.#read(Buffer.concat([rest, CLOSING]))]
  }

  /**
   * A token a chunk is what a local model's stream looks like, and each search or view of a Buffer costs as much
   * as decoding all of it: one decode and searches in the text are three times as fast as the general way.
   */
  #singleFrame(chunk: Buffer): SseFrame | undefined {
    const { length } = chunk
    if (length < 2 || length > LIKELY_ONE_FRAME || this.#hasCr || this.#pending.length > 0) return undefined
    if (chunk[length - 1] !== LF || chunk[length - 2] !== LF) return undefined
    const text = chunk.toString('utf8')
    if (text.indexOf('\n\n') !== text.length - 2 || text.includes('\r')) return undefined
    return this.#read(chunk, text)
  }

  #read(raw: Buffer, text = raw.toString('utf8')): SseFrame {
    const isMarked = this.#first && text.startsWith('\uFEFF')
    this.#first = false
    return readFrame(raw, isMarked ? text.slice(1) : text)
  }
}
