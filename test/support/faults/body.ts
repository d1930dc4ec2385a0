/** What faults do to the body of an answer: each takes a body and gives another. */
import { setTimeout as pause } from 'node:timers/promises'
import type { FullFault } from './fault.ts'
import { seeded } from './seeded.ts'

export type Format = 'events' | 'lines' | 'whole'
export type Body = AsyncIterable<Buffer>
/** How an answer is broken off. `whole`: its HTTP framing is completed. */
export type CutKind = 'reset' | 'fin' | 'whole' | 'silence'

/** Thrown through a body at the place where it is broken off. */
export class Cut extends Error {
  readonly how: CutKind
  constructor(how: CutKind) {
    super(how)
    this.how = how
  }
}

export function formatOf(contentType: string): Format {
  if (contentType.includes('event-stream')) return 'events'
  return contentType.includes('ndjson') ? 'lines' : 'whole'
}

/** One piece an event, however the upstream's segments fall: what a fault does must not depend on them. */
export async function* framed(body: Body, format: Format): Body {
  let rest = Buffer.alloc(0)
  for await (const chunk of body) {
    if (format === 'whole') {
      yield chunk
      continue
    }
    rest = Buffer.concat([rest, chunk])
    for (let end = frameEnd(rest, format); end !== -1; end = frameEnd(rest, format)) {
      yield rest.subarray(0, end)
      rest = rest.subarray(end)
    }
  }
  if (rest.length > 0) yield rest
}

/** The end of the first event, behind its blank line, or of the first line. */
function frameEnd(bytes: Buffer, format: Format): number {
  for (let lf = bytes.indexOf(10); lf !== -1; lf = bytes.indexOf(10, lf + 1)) {
    if (format === 'lines') return lf + 1
    const next = bytes[lf + 1] === 13 ? lf + 2 : lf + 1
    if (bytes[next] === 10) return next + 1
  }
  return -1
}

interface Place {
  readonly afterBytes?: number | null
  readonly afterEvents?: number | null
}

/** The same body with `null` at the place, once; a body that ends before has none. */
async function* marked(body: Body, place: Place, format: Format): AsyncGenerator<Buffer | null> {
  const { afterBytes = null, afterEvents = null } = place
  let bytes = 0
  let events = 0
  let isDue = afterBytes === 0 || afterEvents === 0
  if (isDue) yield null
  for await (const piece of body) {
    const left = (afterBytes ?? Infinity) - bytes
    bytes += piece.length
    if (!isDue && left <= piece.length) {
      isDue = true
      yield piece.subarray(0, left)
      yield null
      if (left < piece.length) yield piece.subarray(left)
      continue
    }
    yield piece
    if (format !== 'whole' && ++events === afterEvents) yield null
  }
}

async function* cutAt(body: Body, place: Place, { format, how }: { format: Format; how: CutKind }): Body {
  for await (const piece of marked(body, place, format)) {
    if (piece === null) throw new Cut(how)
    yield piece
  }
}

async function* withInserted(body: Body, place: Place, more: { format: Format; insert: () => Body }): Body {
  for await (const piece of marked(body, place, more.format)) {
    if (piece === null) yield* more.insert()
    else yield piece
  }
}

/** Changes each piece; what it is given besides is the number of the piece, from 0. */
async function* mapped(body: Body, change: (piece: Buffer, index: number) => Buffer): Body {
  let index = 0
  for await (const piece of body) yield change(piece, index++)
}

const LARGEST_PIECE = 65_536

async function* repeated(unit: string, bytes: number): Body {
  const block = Buffer.from(unit.repeat(Math.ceil(LARGEST_PIECE / unit.length)))
  for (let left = bytes; left > 0; left -= block.length)
    yield left < block.length ? block.subarray(0, left) : block
}

async function* oversizedLine(bytes: number, format: Format): Body {
  if (format === 'events') yield Buffer.from('data: ')
  yield* repeated('x', bytes)
  yield Buffer.from(format === 'events' ? '\n\n' : '\n')
}

async function* pings(everyMs: number, format: Format): Body {
  for (;;) {
    yield Buffer.from(format === 'events' ? ': ping\n\n' : '\n')
    await pause(everyMs)
  }
}

const NOTHING: Readonly<Record<Format, string>> = { events: ': flood\n\n', lines: '\n', whole: ' ' }

function endLines(text: string, ends: string, draw: () => number): string {
  const all = ['\n', '\r\n', '\r']
  let last = ''
  return text.replaceAll('\n', (_, at: number) => {
    if (ends !== 'mixed') return ends === 'cr' ? '\r' : '\r\n'
    const drawn = all[Math.floor(draw() * all.length)] ?? '\n'
    // CR and LF of two ends would be the one end of one line.
    const isJoined = last === '\r' && drawn === '\n' && text[at - 1] === '\n'
    last = isJoined ? '\r' : drawn
    return last
  })
}

/** True when the body is not as long afterwards as the upstream said. */
export function changesLength({ kind, ...fields }: FullFault): boolean {
  if (kind === 'truncate') return (fields as { readonly whole: number }).whole !== 0
  return LENGTHENING.has(kind)
}
const LENGTHENING = new Set<FullFault['kind']>([
  'garbage',
  'half-frame',
  'oversized',
  'line-ends',
  'bom',
  'multi-line',
  'pings',
  'flood',
])

export function spoil(
  body: Body,
  fault: FullFault,
  { format, seed }: { format: Format; seed: number },
): Body {
  const insert = (place: Place, insert: () => Body): Body => withInserted(body, place, { format, insert })
  switch (fault.kind) {
    case 'reset':
      return cutAt(body, fault, { format, how: 'reset' })
    case 'blackhole':
      return cutAt(body, fault, { format, how: 'silence' })
    case 'truncate':
      return cutAt(body, fault, { format, how: fault.whole === 0 ? 'fin' : 'whole' })
    case 'garbage': {
      const frame = format === 'events' ? `data: ${fault.text}\n\n` : `${fault.text}\n`
      return insert(fault, () => single(frame))
    }
    case 'half-frame':
      return mapped(body, (piece, index) =>
        index === fault.afterEvents
          ? Buffer.concat([
              piece.subarray(0, piece.length >> 1),
              Buffer.from(format === 'events' ? '\n\n' : '\n'),
            ])
          : piece,
      )
    case 'oversized':
      return insert(fault, () => oversizedLine(fault.bytes, format))
    case 'flood':
      return insert(fault, () => repeated(NOTHING[format], fault.bytes))
    case 'pings':
      return insert(fault, () => pings(fault.everyMs, format))
    case 'line-ends': {
      const draw = seeded(seed)
      return mapped(body, (piece) => Buffer.from(endLines(piece.toString('utf8'), fault.ends, draw)))
    }
    case 'bom':
      return mapped(body, (piece, index) =>
        index === 0 ? Buffer.concat([Buffer.from('\uFEFF'), piece]) : piece,
      )
    case 'multi-line':
      return mapped(body, (piece) =>
        Buffer.from(piece.toString('utf8').replace(/^data: \{/m, 'data: {\ndata: ')),
      )
    case 'latency':
    case 'bandwidth':
    case 'slow-headers':
    case 'slice':
    case 'status':
    case 'headers':
    case 'unsolicited':
      break
  }
  return body
}

async function* single(text: string): Body {
  yield Buffer.from(text)
}
