/** `images` of Ollama's native API: raw base64, which other protocols want as `data:` URLs with a media type. */
import type { ImagePart } from '../exchange.ts'
import { invalid, optionalArray } from '../fields.ts'
import type { JsonObject } from '../json.ts'

/** As many characters as the longest signature needs, a multiple of four. */
const HEAD = 64
const BASE64 = /^[\w+/=\s-]+$/

export function decodeImages(holder: JsonObject, param: string): readonly ImagePart[] {
  return (optionalArray(holder, 'images', param) ?? []).map((value, index) => {
    const place = `${param}[${index}]`
    if (typeof value !== 'string' || value === '') throw invalid(place, 'an image in base64')
    return { type: 'image', url: dataUrl(value, place) }
  })
}

/** Some clients keep the `data:` form that a browser gave them. */
function dataUrl(value: string, param: string): string {
  if (value.startsWith('data:')) return value
  const head = value.slice(0, HEAD)
  if (!BASE64.test(head)) throw invalid(param, 'an image in base64')
  return `data:${mediaType(Buffer.from(head, 'base64'))};base64,${value}`
}

/** By the signatures of https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern */
function mediaType(head: Buffer): string {
  const text = head.toString('latin1')
  if (text.startsWith('\xFF\xD8\xFF')) return 'image/jpeg'
  if (text.startsWith('GIF8')) return 'image/gif'
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'image/webp'
  return 'image/png'
}
