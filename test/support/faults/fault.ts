/** Every fault that the proxy knows: its fields with their defaults, and how it is written on a command line. */

/** Where in an answer it happens: none is instead of the answer; bytes and events are those of the body. */
const PLACE = {
  afterBytes: null as number | null,
  afterEvents: null as number | null,
  afterMs: null as number | null,
}

export const FAULTS = {
  latency: { what: 'the answer begins late, by ms to ms + jitterMs', fields: { ms: 500, jitterMs: 0 } },
  bandwidth: { what: 'the answer comes no faster than this', fields: { bytesPerSecond: 1_000 } },
  'slow-headers': { what: 'status line and headers come byte by byte', fields: { byteMs: 50 } },
  slice: {
    what: 'the answer comes in pieces of 1 to `most` bytes; most=1 is every byte alone',
    fields: { most: 16 },
  },
  reset: { what: 'the connection is reset (RST)', fields: PLACE },
  blackhole: { what: 'nothing more comes, and the connection stays open', fields: PLACE },
  truncate: {
    what: 'the connection is closed (FIN); whole=1: the HTTP body ends as it should, only too early',
    fields: { ...PLACE, whole: 0 },
  },
  status: {
    what: 'one of these statuses instead of the answer, with Retry-After if given; with percent=: a storm',
    fields: { statuses: [503] as readonly number[], retryAfter: '' },
  },
  garbage: {
    what: 'a frame that is no JSON between two events',
    fields: { afterEvents: 1, text: '{"choices": [' },
  },
  'half-frame': { what: 'the next event breaks off in its middle', fields: { afterEvents: 1 } },
  oversized: { what: 'one line of that many bytes', fields: { afterEvents: 1, bytes: 16_777_216 } },
  'line-ends': { what: 'lines end in crlf, cr, or a mixture (ends=mixed)', fields: { ends: 'crlf' } },
  bom: { what: 'a byte order mark before the first byte of the body', fields: {} },
  'multi-line': { what: 'the data of each event stands on two lines', fields: {} },
  pings: { what: 'comments for ever in place of the rest', fields: { afterEvents: 1, everyMs: 100 } },
  flood: { what: 'that many bytes that mean nothing', fields: { afterEvents: 0, bytes: 1_073_741_824 } },
  headers: { what: 'that many more response headers, cookies among them', fields: { count: 10_000 } },
  unsolicited: {
    what: 'a second answer that nobody asked for, behind the first on the kept-alive connection',
    fields: { afterMs: 0 },
  },
} as const

export type FaultKind = keyof typeof FAULTS

type Widened<Value> = Value extends number
  ? number
  : Value extends string
    ? string
    : Value extends readonly unknown[]
      ? readonly number[]
      : Value
type Fields<Kind extends FaultKind> = {
  readonly [Name in keyof (typeof FAULTS)[Kind]['fields']]: Widened<(typeof FAULTS)[Kind]['fields'][Name]>
}
interface Common {
  /** How many of a hundred requests it strikes; 100 unless said otherwise. */
  readonly percent?: number
}

export type Fault = {
  [Kind in FaultKind]: { readonly kind: Kind } & Partial<Fields<Kind>> & Common
}[FaultKind]

/** A fault with every field filled in. */
export type FullFault = { [Kind in FaultKind]: { readonly kind: Kind } & Fields<Kind> }[FaultKind]

export function fillIn(fault: Fault): FullFault {
  const { percent: _, ...own } = fault
  return { ...FAULTS[fault.kind].fields, ...own } as FullFault
}

/** As it is written after `--fault`: `reset:afterEvents=2`. */
export function writtenFault(fault: Fault | FullFault): string {
  const { kind, ...fields } = fault
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('+') : String(value)}`)
  return shown.length === 0 ? kind : `${kind}:${shown.join(',')}`
}

/** Reads what {@link writtenFault} writes; throws an Error that names what is wrong. */
export function parseFault(written: string): Fault {
  const colon = written.indexOf(':')
  const kind = colon === -1 ? written : written.slice(0, colon)
  if (!Object.hasOwn(FAULTS, kind)) {
    throw new Error(`no fault is called "${kind}"; there are ${Object.keys(FAULTS).join(', ')}`)
  }
  const known: Readonly<Record<string, unknown>> = { percent: 100, ...FAULTS[kind as FaultKind].fields }
  const fields: Record<string, unknown> = {}
  for (const pair of colon === -1 ? [] : written.slice(colon + 1).split(',')) {
    const equals = pair.indexOf('=')
    const name = equals === -1 ? pair : pair.slice(0, equals)
    if (!Object.hasOwn(known, name)) {
      throw new Error(`"${kind}" has no "${name}"; it has ${Object.keys(known).join(', ')}`)
    }
    fields[name] = parseValue(pair.slice(equals + 1), known[name], `${kind}:${name}`)
  }
  return { kind, ...fields } as Fault
}

function parseValue(text: string, like: unknown, what: string): unknown {
  if (typeof like === 'string') return text
  const numbers = (Array.isArray(like) ? text.split('+') : [text]).map((one) =>
    one === '' ? NaN : Number(one),
  )
  if (numbers.some((one) => Number.isNaN(one) || one < 0)) throw new Error(`${what}: not a number`)
  return Array.isArray(like) ? numbers : numbers[0]
}
