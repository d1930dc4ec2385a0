/** Content of a Messages turn: a string or blocks, as parts of the exchange. */
import type { ContentPart } from '../exchange.ts'
import { asObject, invalid, optionalString, requiredString, textOr } from '../fields.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isJsonArray, isJsonObject } from '../json.ts'
import type { Losses } from './losses.ts'

const NO_FILES = 'the file is in the store of its provider, which this backend cannot read'

export interface PlacedBlock {
  readonly block: JsonObject
  readonly param: string
}

/** The blocks with their places; text alone is one block of text. */
export function blocksOf(value: JsonValue | undefined, param: string): readonly PlacedBlock[] {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return [{ block: { type: 'text', text: value }, param }]
  if (!isJsonArray(value)) throw invalid(param, 'a string or an array of content blocks')
  return value.map((block, index) => {
    const place = `${param}[${index}]`
    return { block: asObject(block, place), param: place }
  })
}

export function decodeParts(value: JsonValue | undefined, param: string, losses: Losses): ContentPart[] {
  return blocksOf(value, param).flatMap((placed) => decodePart(placed, losses))
}

/** None for a block that has no form here, which is declared. */
export function decodePart({ block, param }: PlacedBlock, losses: Losses): ContentPart[] {
  switch (requiredString(block, 'type', `${param}.type`)) {
    case 'text':
      return textPart(requiredString(block, 'text', `${param}.text`))
    case 'image':
      return decodeImage(asObject(block['source'], `${param}.source`), `${param}.source`, losses)
    case 'document':
      return decodeDocument(block, param, losses)
    default: {
      const text = textOf(block)
      if (text === '') losses.drop(param)
      return textPart(text)
    }
  }
}

function textPart(text: string): ContentPart[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** Search results, compacted history, references to tools: whatever they are, their words are for the model. */
function textOf(block: JsonObject): string {
  const { text, content, title, tool_name: toolName } = block
  const inner = isJsonArray(content)
    ? content.map((part) => (isJsonObject(part) ? textOf(part) : ''))
    : [content]
  const words = [text, ...inner].map((word) => textOr(word, '')).filter((word) => word !== '')
  if (words.length === 0) return textOr(toolName, '')
  const heading = textOr(title, '')
  return (heading === '' ? words : [heading, ...words]).join('\n')
}

function decodeImage(source: JsonObject, param: string, losses: Losses): ContentPart[] {
  switch (requiredString(source, 'type', `${param}.type`)) {
    case 'base64':
      return [{ type: 'image', url: dataUrl(source, param) }]
    case 'url':
      return [{ type: 'image', url: requiredString(source, 'url', `${param}.url`) }]
    case 'file':
      losses.needNative(param, NO_FILES)
      return []
    default:
      throw invalid(`${param}.type`, 'base64, url or file')
  }
}

function dataUrl(source: JsonObject, param: string): string {
  const mediaType = requiredString(source, 'media_type', `${param}.media_type`)
  return `data:${mediaType};base64,${requiredString(source, 'data', `${param}.data`)}`
}

/** A file in chat's form, `file_url` included, which chat itself does not know. */
function decodeDocument(block: JsonObject, param: string, losses: Losses): ContentPart[] {
  const place = `${param}.source`
  const source = asObject(block['source'], place)
  const title = optionalString(block, 'title', `${param}.title`)
  switch (requiredString(source, 'type', `${place}.type`)) {
    case 'text':
      return textPart(requiredString(source, 'data', `${place}.data`))
    case 'content':
      return decodeParts(source['content'], `${place}.content`, losses)
    case 'base64':
      return [filePart({ filename: title ?? 'document.pdf', file_data: dataUrl(source, place) })]
    case 'url':
      return [filePart({ filename: title, file_url: requiredString(source, 'url', `${place}.url`) })]
    case 'file':
      losses.needNative(place, NO_FILES)
      return []
    default:
      throw invalid(`${place}.type`, 'base64, url, text, content or file')
  }
}

function filePart(file: JsonObject): ContentPart {
  return { type: 'file', value: { type: 'file', file } }
}
