/** Parts of a message → content blocks. */
import type { ContentPart, ImagePart, OpaquePart } from '../exchange.ts'
import { textOr } from '../fields.ts'
import type { JsonObject } from '../json.ts'
import { isJsonObject } from '../json.ts'
import { unsupportedPart } from '../unsupported-part.ts'
import { parseDataUrl } from './data-url.ts'

export function encodeParts(parts: readonly ContentPart[]): JsonObject[] {
  return parts.flatMap(encodePart)
}

/** A block without visible text is answered with 400. */
export function textBlocks(text: string): JsonObject[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

function encodePart(part: ContentPart): JsonObject[] {
  switch (part.type) {
    case 'text':
      return textBlocks(part.text)
    case 'image':
      return [{ type: 'image', source: imageSource(part) }]
    case 'file':
      return [encodeFile(part)]
    case 'audio':
      break
  }
  throw unsupportedPart('audio', 'the Messages API takes none.')
}

function imageSource({ url }: ImagePart): JsonObject {
  if (isRemote(url)) return { type: 'url', url }
  const data = parseDataUrl(url)
  if (data?.mediaType.startsWith('image/') !== true) {
    throw unsupportedPart('an image', 'it must be a data: URL of an image or an http(s) URL.')
  }
  return { type: 'base64', media_type: data.mediaType, data: data.base64 }
}

function isRemote(url: string): boolean {
  return /^https?:\/\//i.test(url)
}

/** Chat's form, and the `file_url` of Responses beside it. */
function encodeFile({ value }: OpaquePart): JsonObject {
  const file = isJsonObject(value['file']) ? value['file'] : {}
  const title = textOr(file['filename'], '') || undefined
  const url = textOr(file['file_url'], '')
  if (isRemote(url)) return { type: 'document', source: { type: 'url', url }, title }
  const data = parseDataUrl(textOr(file['file_data'], ''))
  if (data?.mediaType === 'application/pdf') {
    const source = { type: 'base64', media_type: data.mediaType, data: data.base64 }
    return { type: 'document', source, title }
  }
  if (data?.mediaType.startsWith('text/') !== true) {
    throw unsupportedPart('a file', 'the Messages API takes files as data: URLs of PDF or text only.')
  }
  const text = Buffer.from(data.base64, 'base64').toString('utf8')
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, title }
}
