/** Reading a `data:` URL (RFC 2397) without ever quoting it in an error. */
export interface DataUrl {
  readonly mediaType: string
  readonly base64: string
}

/** Undefined for any other URL, and for one that cannot be read. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma === -1) return undefined
  const [type = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  const mediaType = type.trim().toLowerCase() || 'text/plain'
  const data = url.slice(comma + 1)
  if (parameters.at(-1)?.trim().toLowerCase() === 'base64') return { mediaType, base64: data }
  try {
    return { mediaType, base64: Buffer.from(decodeURIComponent(data)).toString('base64') }
  } catch {
    return undefined
  }
}
