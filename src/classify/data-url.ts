/** Takes a `data:` URL apart: text is decoded and scanned, anything else is left unread. */
export interface DataUrl {
  /** What is to be scanned: the decoded text, or only the header of a binary one. */
  readonly text: string
  readonly unscannable: boolean
}

const LONGEST_HEADER = 256
const TEXT_TYPE =
  /^data:(?:text\/|application\/(?:json|xml|x-yaml|yaml|csv|sql|javascript)|[;,]|image\/svg\+xml)/i

/** Null when it is no `data:` URL after all. */
export function readDataUrl(url: string): DataUrl | null {
  const comma = url.slice(0, LONGEST_HEADER).indexOf(',')
  if (comma === -1) return null
  const header = url.slice(0, comma)
  const payload = url.slice(comma + 1)
  const base64 = /;base64$/i.test(header)
  if (TEXT_TYPE.test(header)) {
    const decoded = base64 ? Buffer.from(payload, 'base64').toString('utf8') : percentDecoded(payload)
    return { text: `${header} ${decoded}`, unscannable: false }
  }
  // Base64 has no blank and no at sign; a payload that has one is text in disguise.
  if (base64 && !payload.includes(' ') && !payload.includes('@')) return { text: header, unscannable: true }
  return { text: url, unscannable: true }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
