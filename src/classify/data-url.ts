/** Takes encoded data apart: what is text is decoded and scanned, and only what really is binary is left unread. */
export interface Decoded {
  /** What is to be scanned. */
  readonly texts: readonly string[]
  /** Some of it is no text. */
  readonly isBinary: boolean
  /** Nothing but base64 of something binary: there is no text in it that a scan could find. */
  readonly isPayload: boolean
}

const DATA_URL = /^\s*data:/i
const LONGEST_HEADER = 256
/** Shorter than any picture: an account number is base64 too. */
const SHORTEST_PAYLOAD = 64
const BASE64 = /^[\w+/=\s-]*$/
const EMBEDDED = /data:[^,"'`<>()]{0,160}?;\s{0,4}base64,([\w+/=-]+)/gi
const SAMPLE = 64
const LEAST_PRINTABLE = 0.85
const FIRST_PRINTABLE = 0x20
const DELETE = 0x7f
/** Documents that begin like text and are not. */
const BINARY_MAGIC = /^(?:%PDF|PK..(?=[^ -~])|ID3|RIFF|GIF8|OggS|\{\\rtf)/s
// oxlint-disable-next-line no-control-regex
const NO_TEXT = /[\u0000-\u0008\u000e-\u001a\ufffd]/

export function isDataUrl(text: string): boolean {
  return text.length > 4 && DATA_URL.test(text.slice(0, LONGEST_HEADER))
}

export function readDataUrl(url: string): Decoded {
  const comma = url.slice(0, LONGEST_HEADER).indexOf(',')
  if (comma === -1) return { texts: [url], isBinary: false, isPayload: false }
  const header = url.slice(0, comma)
  const payload = url.slice(comma + 1)
  if (!/;\s*base64\s*$/i.test(header)) {
    const decoded = percentDecoded(payload)
    return {
      texts: decoded === payload ? [url] : [url, `${header} ${decoded}`],
      isBinary: NO_TEXT.test(decoded),
      isPayload: false,
    }
  }
  const { texts, ...kind } = readBase64(payload, header)
  return { ...kind, texts: kind.isPayload ? [header] : [header, ...texts] }
}

/** Base64 without a `data:` in front, or text that only stands in its place. */
export function readBase64(payload: string, header = ''): Decoded {
  if (!BASE64.test(payload)) return { texts: [payload], isBinary: true, isPayload: false }
  const decoded = decodedText(payload, header)
  if (decoded === null) {
    const isPayload = payload.length >= SHORTEST_PAYLOAD
    return { texts: isPayload ? [] : [payload], isBinary: true, isPayload }
  }
  const short = payload.length < SHORTEST_PAYLOAD
  return { texts: short ? [payload, decoded] : [decoded], isBinary: NO_TEXT.test(decoded), isPayload: false }
}

/** `![](data:image/png;base64,…)` within a text; the text itself is the first to be scanned. Null when there is none. */
export function readEmbedded(text: string): Decoded | null {
  if (!text.includes('ase64') && !text.includes('ASE64')) return null
  const texts = [text]
  let isBinary = false
  let found = false
  for (const [, payload = ''] of text.matchAll(EMBEDDED)) {
    found = true
    const decoded = decodedText(payload, '')
    if (decoded === null) isBinary = true
    else texts.push(decoded)
  }
  return found ? { texts, isBinary, isPayload: false } : null
}

function decodedText(payload: string, header: string): string | null {
  const sample = Buffer.from(payload.slice(0, SAMPLE * 2), 'base64').subarray(0, SAMPLE)
  const charset = charsetOf(header, sample)
  if (!isPrintable(decode(sample, charset))) return null
  return decode(Buffer.from(payload, 'base64'), charset)
}

type Charset = 'utf8' | 'utf16le' | 'utf16be' | 'latin1'

function charsetOf(header: string, sample: Buffer): Charset {
  const named = /;\s*charset\s*=\s*["']?([\w-]+)/i.exec(header)?.[1]?.toLowerCase() ?? ''
  const [first, second] = sample
  if (/^utf-?16-?be$/.test(named) || (first === 0xfe && second === 0xff) || hasNul(sample, 0))
    return 'utf16be'
  if (/^utf-?16/.test(named) || (first === 0xff && second === 0xfe) || hasNul(sample, 1)) return 'utf16le'
  return /^(?:iso-8859|latin|windows-125)/.test(named) ? 'latin1' : 'utf8'
}

/** Every other byte is zero, as in the 16-bit form of a text in Latin letters. */
function hasNul(sample: Buffer, offset: number): boolean {
  if (sample.length < 8) return false
  for (let i = 0; i < 8; i += 1) if ((sample[i] === 0) !== (i % 2 === offset)) return false
  return true
}

function decode(bytes: Buffer, charset: Charset): string {
  if (charset !== 'utf16be') return bytes.toString(charset)
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le')
}

function isPrintable(text: string): boolean {
  if (BINARY_MAGIC.test(text)) return false
  // The last character of a sample may be cut.
  const sample = text.replace(/\ufffd$/, '')
  let all = 0
  let printable = 0
  for (const character of sample) {
    const point = character.codePointAt(0) ?? 0
    all += 1
    const isBlank = point >= 9 && point <= 13
    if (isBlank || (point >= FIRST_PRINTABLE && point !== DELETE && character !== '\ufffd')) printable += 1
  }
  return all > 0 && printable >= LEAST_PRINTABLE * all
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
